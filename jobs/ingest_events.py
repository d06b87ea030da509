"""Take events from landing folders and Kafka into ingest.events, as they are.

Each file is read once, by its name, and whole; each record of a topic once, by its offset. What cannot be read (a file
that is empty, truncated, corrupt or mis-declared, a record without a value or not UTF-8) goes to quality.quarantine and
is told.
"""

from lettermill.ingest.events import events_of_lines
from lettermill.job import Run, job
from lettermill.landing import take_in_files
from lettermill.tables.ingest import EVENTS
from lettermill.topics import take_in_topics


@job()
def main(run: Run) -> None:
    run.lake.create(EVENTS)
    take_in_files(run, kind="events", rows_of_lines=events_of_lines, to=EVENTS)
    take_in_topics(run, kind="events", rows_of_lines=events_of_lines, to=EVENTS)
    run.count(events_in_all=run.lake.read(EVENTS).count())


if __name__ == "__main__":
    main()
