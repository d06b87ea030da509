"""Taking the landing folders in: what the ingest jobs do with sources whose rows come in files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import InputError
from lettermill.ingest.files import File, files_below, found_files, lines_of_files, next_attempts, refused_files
from lettermill.ingest.sources import Source
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.tables import Table
from lettermill.tables.ingest import FILES
from lettermill.tables.quality import QUARANTINE
from lettermill.taking import RowsOfLines, set_aside

FILES_PER_BATCH = 2_000
VERSION = "source string, origin string, attempt int, bytes bigint, modified_ns bigint"


def take_in_files(run: Run, *, kind: str, rows_of_lines: RowsOfLines, to: Table) -> None:
    """Append the rows of every new file of the sources of `kind` to the table `to`; each file whole or not at all.

    A file that is not what its source declares is set aside in quality.quarantine and told by name; a mended one under
    its name is taken then. Raises InputError where the landing folder does not exist.
    """
    landing = run.settings.landing.absolute()
    declared = run.settings.sources.items()
    sources = {name: one for name, one in declared if one.kind == kind and one.path and one.enabled}
    if not sources:
        return
    if not landing.is_dir():
        raise InputError(
            "the landing folder does not exist", place=str(landing), mend="make it, or set `landing` in conf"
        )
    for table in (FILES, QUARANTINE):
        run.lake.create(table)
    taking = Folders(run, sources, landing, to, rows_of_lines)
    for name, source in sources.items():
        if not (landing / source.path).is_dir():
            run.note(f"{name}: nothing has landed ({landing / source.path} does not exist)")
    while True:
        # What an earlier run had found comes first: only then is it known which attempts were refused.
        with run.doing(f"taking in {kind} from files"):
            run.lake.follow(FILES, taking.take, as_name=f"ingest_{kind}_files")
        new = taking.look()
        if not new:
            break
        found = run.spark.createDataFrame([_fields(file) for file in new], VERSION)
        run.lake.add(found_files(found, found_at=run.started_at), to=FILES)
    taking.tell()


@dataclass
class Folders:
    """The landing folders of some sources, and the table that takes their rows."""

    run: Run
    sources: dict[str, Source]
    landing: Path
    to: Table
    rows_of_lines: RowsOfLines
    tried: set[tuple[str, str]] = field(default_factory=set)

    def look(self) -> list[File]:
        """The files to take now: new ones, and those mended since they were refused."""
        new, _ = next_attempts(self._present(), newest=self._newest(), refused=self._refused())
        # A file that somebody still writes to would be found changed for ever: one attempt a run.
        new = [file for file in new if (file.source, file.origin) not in self.tried][:FILES_PER_BATCH]
        self.tried |= {(file.source, file.origin) for file in new}
        return new

    def take(self, found: DataFrame, lake: Lake) -> None:
        """Append the rows of the good files among those found, and set the others aside."""
        mine = found.where(F.col("source").isin(*self.sources)).select(*File.__dataclass_fields__)
        files = [File(**row.asDict()) for row in mine.collect()]
        if not files:
            return
        refused = self._judge(files, lake)
        good = [file for file in files if file not in refused]
        if good:
            lines = lines_of_files(self._frame(good, lake), sources=self.sources, landing=str(self.landing))
            lake.append(self.rows_of_lines(lines, ingested_at=self.run.started_at), to=self.to)
        standing = self._standing(refused, lake) if refused else set()
        kept = [
            (file.source, file.origin, 0, file.attempt, [reason], head)
            for file, (reason, head) in refused.items()
            if (file.source, file.origin) not in standing
        ]
        if kept:
            schema = "source string, origin string, position bigint, part int, reasons array<string>, value binary"
            set_aside(self.run, lake.spark.createDataFrame(kept, schema), lake, of=self.to)

    def tell(self) -> None:
        """Note which files stand refused, and which were altered after they had been taken."""
        present, newest, refused = list(self._present()), self._newest(), self._refused()
        _, altered = next_attempts(present, newest=newest, refused=refused)
        named = {file: refused[last] for file in present if (last := newest[file.source, file.origin]) in refused}
        self.run.count(files_refused=len(named))
        for file, reason in named.items():
            self.run.note(f"{file.origin}: set aside: {reason}")
        for file in altered:
            self.run.note(f"{file.origin}: its size changed after it was taken; land what is new under another name")

    def _present(self) -> Iterator[File]:
        for name, source in self.sources.items():
            yield from files_below(self.landing / source.path, source=name, landing=self.landing)

    def _newest(self) -> dict[tuple[str, str], File]:
        known = self.run.lake.read(FILES).where(F.col("source").isin(*self.sources)).drop("found_at")
        attempts = sorted((File(**row.asDict()) for row in known.collect()), key=lambda file: file.attempt)
        return {(file.source, file.origin): file for file in attempts}

    def _refused(self) -> dict[File, str]:
        """The attempts that were refused, with the reason."""
        of_files = (F.col("refused_by") == self.to.name) & (F.col("position") == 0) & (F.col("part") > 0)
        rows = self.run.lake.read(QUARANTINE).where(of_files).select("source", "origin", "part", "reasons").collect()
        reasons = {(row["source"], row["origin"], row["part"]): row["reasons"][0] for row in rows}
        newest = self._newest().values()
        return {f: reasons[key] for f in newest if (key := (f.source, f.origin, f.attempt)) in reasons}

    def _judge(self, files: list[File], lake: Lake) -> dict[File, tuple[str, bytes]]:
        judged = refused_files(self._frame(files, lake), sources=self.sources, landing=str(self.landing)).collect()
        found = {(row["source"], row["origin"], row["attempt"]): (row["reason"], bytes(row["head"])) for row in judged}
        return {f: found[key] for f in files if (key := (f.source, f.origin, f.attempt)) in found}

    def _standing(self, refused: dict[File, tuple[str, bytes]], lake: Lake) -> set[tuple[str, str]]:
        """Names of files whose rows were stored by this very batch before it was broken off: they were good then."""
        origins = F.col("origin").isin([file.origin for file in refused])
        rows = lake.read(self.to).where(origins).select("source", "origin").distinct().collect()
        return {(row["source"], row["origin"]) for row in rows}

    def _frame(self, files: list[File], lake: Lake) -> DataFrame:
        frame = lake.spark.createDataFrame([_fields(file) for file in files], VERSION)
        return frame.repartition(min(len(files), 4 * lake.spark.sparkContext.defaultParallelism))


def _fields(file: File) -> tuple[str, str, int, int, int]:
    return file.source, file.origin, file.attempt, file.bytes, file.modified_ns
