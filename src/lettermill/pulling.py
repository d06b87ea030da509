"""Taking pulled sources in: rows and the position they lead to in one commit, source by source."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from itertools import pairwise

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import TableError
from lettermill.ingest.cursors import Cursor, cursor_rows, stored_cursor
from lettermill.ingest.events import events_of_lines
from lettermill.ingest.kinesis.frames import lines_of_records, platform_options
from lettermill.ingest.portions import Portion, PulledRow, Reader
from lettermill.ingest.pulled import lines_of_rows, not_as_standing, not_standing
from lettermill.ingest.records import records_of_lines
from lettermill.ingest.sources import Source
from lettermill.job import Run
from lettermill.lake import Batch
from lettermill.tables import Table
from lettermill.tables.ingest import CURSORS, EVENTS, RECORDS

Opened = Callable[[str, Source], AbstractContextManager[Reader]]

RAW = {"events": (EVENTS, events_of_lines), "records": (RECORDS, records_of_lines)}
"""The raw table of each kind of source, and what makes its rows."""

NUMBERS_TRIED = 3
"""How many commit numbers are tried where Delta knows one already: a run that died left at most one unseen."""


def take_pulled(run: Run, name: str, source: Source, *, opened: Opened) -> None:
    """Append what `source` has, commit by commit, each with the position it leads to.

    Killed anywhere and run again, it goes on from the last commit. Raises TableError where another run takes the same
    source in at the same time, InputError where the source does not answer as declared.
    """
    raw, _ = RAW[source.kind]
    for table in (raw, CURSORS):
        run.lake.create(table)
    summed_up, cursor, is_sure = _found(run, name, raw)
    with opened(name, source) as reader, run.doing(f"taking in {name}"):
        intake = _Intake(run, source, reader, cursor, is_sure=is_sure)
        try:
            with closing(reader.portions(cursor.position)) as portions:
                for portion in portions:
                    intake.take(portion)
        finally:
            intake.tell(name)
        if replace(intake.cursor, run="") != summed_up:
            run.lake.merge(cursor_rows(run.spark, intake.cursor, moved_at=run.started_at), into=CURSORS)


def take_streamed(run: Run, name: str, source: Source) -> None:
    """Append what a Kinesis stream has by Spark's own source, which keeps its position in a checkpoint of the lake's.

    Only Databricks has that source: elsewhere Spark says that there is no format `kinesis`.
    """
    assert source.kinesis is not None
    raw, rows_of_lines = RAW[source.kind]
    run.lake.create(raw)
    arriving = run.spark.readStream.format("kinesis").options(**platform_options(source.kinesis)).load()
    lines = lines_of_records(arriving, source=name)
    with run.doing(f"taking in {name}"):
        run.lake.stream(
            rows_of_lines(lines, ingested_at=run.started_at),
            lambda rows, lake: lake.append(rows, to=raw),
            as_name=f"ingest_pulled/{name}",
        )


def outlook(run: Run, name: str, source: Source, *, opened: Opened) -> None:
    """Note what `take_pulled` would take, and change nothing."""
    raw, _ = RAW[source.kind]
    known = run.lake.exists(raw) and run.lake.exists(CURSORS)
    cursor = _found(run, name, raw)[1] if known else Cursor(name)
    with opened(name, source) as reader:
        run.note(f"{name}: {reader.outlook(cursor.position)}")
        for line in reader.notes:
            run.note(f"{name}: {line}")


def _found(run: Run, name: str, raw: Table) -> tuple[Cursor, Cursor, bool]:
    """The cursor as it was summed up and as the last commit left it, and whether the log tells all: where commits have
    been cleaned away since it was summed up, one of them may have moved it."""
    row = run.lake.read(CURSORS).where(F.col("source") == name).first()
    cursor = stored_cursor(name, row["position"], row["commits"], row["version"]) if row else Cursor(name)
    notes = sorted(run.lake.notes(raw, after=cursor.version))
    versions = [cursor.version, *(version for version, _ in notes)]
    return cursor, cursor.after(notes), all(later == earlier + 1 for earlier, later in pairwise(versions))


class _Intake:
    """One source's commits in one run."""

    def __init__(self, run: Run, source: Source, reader: Reader, cursor: Cursor, *, is_sure: bool) -> None:
        self.run, self.source, self.reader, self.cursor = run, source, reader, cursor
        self.raw, self.rows_of_lines = RAW[source.kind]
        self.repeats = "by key" if reader.repeats == "never" and not is_sure else reader.repeats
        self.stored = self.repeated = 0

    def take(self, portion: Portion) -> None:
        """Store a portion's rows and its position, then tell the source so."""
        rows = _distinct(portion.rows)
        fresh = self._fresh(rows).persist()
        stored = len(rows) if self.repeats == "never" else fresh.count()
        self.repeated += len(portion.rows) - stored
        if stored:
            self._commit(fresh, portion)
            self.stored += stored
        else:
            self.cursor = replace(self.cursor, position=portion.position)
        fresh.unpersist()
        portion.stored()

    def tell(self, name: str) -> None:
        """Count what was stored and pass on what the reader noticed."""
        self.run.count(**{f"{name}_stored": self.stored, f"{name}_known_already": self.repeated})
        told = ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in self.reader.counts.items() if number)
        for line in (*([told] if told else []), *self.reader.notes):
            self.run.note(f"{name}: {line}")

    def _fresh(self, rows: list[PulledRow]) -> DataFrame:
        source, commit = self.cursor.source, self.cursor.commits + 1
        lines = lines_of_rows(self.run.spark, rows, source=source, commit=commit)
        if not rows or self.repeats == "never":
            return lines
        standing = self.run.lake.read(self.raw)
        if self.repeats == "by content":
            return not_as_standing(lines, standing, source=source)
        least = min(commit if row.position is None else row.position for row in rows)
        return not_standing(lines, standing, source=source, from_position=least)

    def _commit(self, fresh: DataFrame, portion: Portion) -> None:
        """Append the rows under the next commit number of the source, and see that it is this run's commit: Delta drops
        a number that it knows without a word."""
        rows = self.rows_of_lines(fresh, ingested_at=self.run.started_at)
        before = self.cursor
        for number in range(before.commits + 1, before.commits + 1 + NUMBERS_TRIED):
            moved = replace(before, position=portion.position, commits=number, run=self.run.run_id)
            batch = Batch(f"ingest_pulled/{before.source}", number, note=moved.note())
            replace(self.run.lake, batch=batch).append(rows, to=self.raw)
            self.cursor = before.after(self.run.lake.notes(self.raw, after=before.version))
            if (self.cursor.commits, self.cursor.run) == (number, self.run.run_id):
                return
            if self.cursor.commits > before.commits:
                break
        raise TableError(
            f"another run takes source {before.source} in at the same time; this run stops",
            place=self.raw.name,
            mend="let one run at a time take the source in, and run again",
        )


def _distinct(rows: tuple[PulledRow, ...]) -> list[PulledRow]:
    """One row per origin and position: what a source hands over twice in a portion is one row, the later one."""
    return list({(row.origin, row.position): row for row in rows}.values())
