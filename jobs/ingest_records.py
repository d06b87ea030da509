"""Take records (people, products, demographics) from landing folders and Kafka into ingest.records, as they are.

Each file is read once, by its name, and whole; each record of a topic once, by its offset. What cannot be read (a file
that is empty, truncated, corrupt or mis-declared, a record without a value or not UTF-8) goes to quality.quarantine and
is told.
"""

from lettermill.ingest.records import records_of_lines
from lettermill.job import Run, job
from lettermill.landing import take_in_files
from lettermill.tables.ingest import RECORDS
from lettermill.topics import take_in_topics


@job()
def main(run: Run) -> None:
    run.lake.create(RECORDS)
    take_in_files(run, kind="records", rows_of_lines=records_of_lines, to=RECORDS)
    take_in_topics(run, kind="records", rows_of_lines=records_of_lines, to=RECORDS)
    run.count(records_in_all=run.lake.read(RECORDS).count())


if __name__ == "__main__":
    main()
