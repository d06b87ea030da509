"""Collect what providers of mail report: events, the states of messages, and who must not be mailed any more.

Follows quality.events. Bounces, complaints and choices suppress within the batch in which they are read, beside the
last build of profiles; how long that took since their receipt is printed. Messages that were handed over, or of which
that was not known, are confirmed or rejected by what is reported of them, and the ledger follows. What is reported of a
message before it is known to be handed over waits, and is counted as parked. Run again, it changes nothing.
"""

from functools import partial

from lettermill.feedback import confirm, look_again, take_in
from lettermill.job import Run, job
from lettermill.tables import quality
from lettermill.tables.delivery import EVENTS, OUTBOX
from lettermill.tables.profiles import CONSENTS, IDENTITIES, SUPPRESSIONS


@job()
def main(run: Run) -> None:
    for table in (quality.EVENTS, EVENTS, OUTBOX, IDENTITIES, CONSENTS, SUPPRESSIONS):
        run.lake.create(table)
    with run.doing("collecting what providers report"):
        run.lake.follow(quality.EVENTS, partial(take_in, run=run), as_name="collect_feedback")
        look_again(run)
    with run.doing("moving messages"):
        confirm(run)
    run.count(events_of_mails=run.lake.read(EVENTS).count())


if __name__ == "__main__":
    main()
