"""Take records (people, products, demographics) from the landing folders into ingest.records, as they are.

Each file is read once, by its name. A file that is empty, truncated, not UTF-8 or mis-declared stops the job with its
name, and nothing of its batch is stored.
"""

from lettermill.ingest.records import records_of_lines
from lettermill.job import Run, job
from lettermill.landing import take_in
from lettermill.tables.ingest import RECORDS


@job()
def main(run: Run) -> None:
    take_in(run, kind="records", rows_of_lines=records_of_lines, to=RECORDS)


if __name__ == "__main__":
    main()
