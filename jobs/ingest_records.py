"""Take records (people, products, third party) from the landing folders into ingest.records, as they are.

Each file is read once, by its name. A file that is empty, truncated, not UTF-8 or mis-declared stops the job with its
name, and nothing of its batch is stored.
"""

from lettermill.ingest.records import records_of_lines
from lettermill.ingest.files import arriving_files, lines_of_files
from lettermill.job import Run, job
from lettermill.tables.ingest import RECORDS

FILES_PER_BATCH = 2_000


@job()
def main(run: Run) -> None:
    run.lake.create(RECORDS)
    for name, source in run.settings.sources.items():
        folder = run.settings.landing / source.path
        if source.kind != "records" or not folder.is_dir():
            continue
        files = arriving_files(run.spark, str(folder.absolute()), files_per_batch=FILES_PER_BATCH)
        lines = lines_of_files(files, name=name, source=source, landing=str(run.settings.landing.absolute()))
        with run.doing(f"taking in {name} from {folder}"):
            run.lake.stream(
                records_of_lines(lines, ingested_at=run.started_at),
                lambda rows, lake: lake.append(rows, to=RECORDS),
                as_name=f"ingest_records/{name}",
            )
    run.count(records_in_the_table=run.lake.read(RECORDS).count())


if __name__ == "__main__":
    main()
