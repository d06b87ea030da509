"""Take events from the landing folders into ingest.events, as they are.

Each file is read once, by its name. A file that is empty, truncated, not UTF-8 or mis-declared stops the job with its
name, and nothing of its batch is stored.
"""

from lettermill.ingest.events import events_of_lines
from lettermill.ingest.files import arriving_files, lines_of_files
from lettermill.job import Run, job
from lettermill.tables.ingest import EVENTS

FILES_PER_BATCH = 2_000


@job()
def main(run: Run) -> None:
    run.lake.create(EVENTS)
    for name, source in run.settings.sources.items():
        folder = run.settings.landing / source.path
        if source.kind != "events" or not folder.is_dir():
            continue
        files = arriving_files(run.spark, str(folder.absolute()), files_per_batch=FILES_PER_BATCH)
        lines = lines_of_files(files, name=name, source=source, landing=str(run.settings.landing.absolute()))
        with run.doing(f"taking in {name} from {folder}"):
            run.lake.stream(
                events_of_lines(lines, ingested_at=run.started_at),
                lambda rows, lake: lake.append(rows, to=EVENTS),
                as_name=f"ingest_events/{name}",
            )
    run.count(events_in_the_table=run.lake.read(EVENTS).count())


if __name__ == "__main__":
    main()
