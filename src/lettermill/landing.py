"""Taking the landing folders in: what the two ingest jobs share."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pyspark.sql import DataFrame

from lettermill.errors import InputError
from lettermill.ingest.files import arriving_files, lines_of_files
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.tables import Table

FILES_PER_BATCH = 2_000


class RowsOfLines(Protocol):
    def __call__(self, lines: DataFrame, *, ingested_at: datetime) -> DataFrame: ...


def take_in(run: Run, *, kind: str, rows_of_lines: RowsOfLines, to: Table) -> None:
    """Append the rows of every new file of the sources of `kind` to the table `to`, source by source.

    Raises InputError where the landing folder does not exist, or a file is not what its source declares.
    """
    landing = run.settings.landing
    if not landing.is_dir():
        raise InputError(
            "the landing folder does not exist", place=str(landing), mend="make it, or set `landing` in conf"
        )
    run.lake.create(to)
    for name, source in run.settings.sources.items():
        if source.kind != kind or not source.path or not source.enabled:
            continue
        folder = landing / source.path
        if not folder.is_dir():
            run.note(f"{name}: nothing has landed ({folder} does not exist)")
            continue
        refuse_empty_files(folder)
        files = arriving_files(run.spark, str(folder.absolute()), files_per_batch=FILES_PER_BATCH)
        lines = lines_of_files(files, name=name, source=source, landing=str(landing.absolute()))
        with run.doing(f"taking in {name}"):
            run.lake.stream(
                rows_of_lines(lines, ingested_at=run.started_at), _append(to), as_name=f"ingest_{kind}/{name}"
            )
    run.count(**{f"{kind}_in_all": run.lake.read(to).count()})


def refuse_empty_files(folder: Path) -> None:
    """Raise InputError for a file without a byte: Spark would take it as read without ever opening it."""
    empty = sorted(file for file in folder.rglob("*") if file.is_file() and file.stat().st_size == 0)
    if empty:
        raise InputError("the file is empty", place=str(empty[0]), mend="put the whole file in its place, or remove it")


def _append(to: Table) -> Callable[[DataFrame, Lake], None]:
    return lambda rows, lake: lake.append(rows, to=to)
