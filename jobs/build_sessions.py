"""Build browsing sessions from accepted events, into quality.sessions.

Works on visitors with new events only: the sessions that those touch are made again, so that a late event lengthens a
session or joins two. Running it again without new events changes nothing.
"""

from pyspark.sql import DataFrame

from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.sessions import browsing_events, sessions_of, touched_spans, within_spans
from lettermill.tables.quality import EVENTS, SESSIONS


def renew_sessions(events: DataFrame, lake: Lake) -> None:
    standing = lake.read(SESSIONS)
    spans = touched_spans(browsing_events(events), standing=standing).persist()
    browsing = within_spans(browsing_events(lake.read(EVENTS)), spans, at="occurred_at")
    before = within_spans(standing, spans, at="started_at")
    lake.renew(sessions_of(browsing), into=SESSIONS, instead_of=before)
    spans.unpersist()


@job()
def main(run: Run) -> None:
    run.lake.create(SESSIONS)
    with run.doing("building sessions"):
        run.lake.follow(EVENTS, renew_sessions, as_name="build_sessions")
    run.count(sessions=run.lake.read(SESSIONS).count())


if __name__ == "__main__":
    main()
