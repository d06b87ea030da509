"""Take events from the landing folders into ingest.events, as they are.

Each file is read once, by its name. A file that is empty, truncated, not UTF-8 or mis-declared stops the job with its
name, and nothing of its batch is stored.
"""

from lettermill.ingest.events import events_of_lines
from lettermill.job import Run, job
from lettermill.landing import take_in
from lettermill.tables.ingest import EVENTS


@job()
def main(run: Run) -> None:
    take_in(run, kind="events", rows_of_lines=events_of_lines, to=EVENTS)


if __name__ == "__main__":
    main()
