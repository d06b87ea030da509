"""Landing files: which are new, what is wrong with one, and the rows of the others, read on the workers."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import InputError
from lettermill.ingest.file_formats import ROWS_PER_BATCH, day_end, rows_of_file
from lettermill.ingest.sources import Source

LINES = "source string, origin string, position bigint, raw string, day_ends_at timestamp"
LINES_ARROW = pa.schema(
    [
        ("source", pa.string()),
        ("origin", pa.string()),
        ("position", pa.int64()),
        ("raw", pa.string()),
        ("day_ends_at", pa.timestamp("us", tz="UTC")),
    ]
)
REFUSED = "source string, origin string, attempt int, reason string, head binary"
REFUSED_ARROW = pa.schema(
    [
        ("source", pa.string()),
        ("origin", pa.string()),
        ("attempt", pa.int32()),
        ("reason", pa.string()),
        ("head", pa.binary()),
    ]
)
HEAD = 1_024
"""First bytes that are kept of a refused file."""

CHANGED = "it changed or vanished after it was found"


@dataclass(frozen=True)
class File:
    """One version of a landing file: `origin` is its path below the landing folder, `attempt` counts from 1."""

    source: str
    origin: str
    attempt: int
    bytes: int
    modified_ns: int

    def same_content(self, other: "File") -> bool:
        return (self.bytes, self.modified_ns) == (other.bytes, other.modified_ns)


def found_files(files: DataFrame, *, found_at: datetime) -> DataFrame:
    """Rows for ingest.files, from the fields of `File`."""
    return files.select("*", F.lit(found_at).alias("found_at"))


def files_below(folder: Path, *, source: str, landing: Path) -> Iterator[File]:
    """The files below a source's folder, by name; hidden ones (`.x`, `_x`) are still being written."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in sorted(names):
            if name.startswith((".", "_")):
                continue
            path = Path(place) / name
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # moved away while we looked
            yield File(source, path.relative_to(landing).as_posix(), 1, status.st_size, status.st_mtime_ns)


def next_attempts(
    present: Iterable[File], *, newest: Mapping[tuple[str, str], File], refused: Mapping[File, str]
) -> tuple[list[File], list[File]]:
    """Which files are to be taken, and which were altered after they had been taken, which nobody reads again.

    A file is taken once, by its name. One that was refused gets another attempt when its size or time has changed.
    `newest` has the last attempt on each name, `refused` the reasons of those that were refused.
    """
    new, altered = [], []
    for file in present:
        before = newest.get((file.source, file.origin))
        if before is None:
            new.append(file)
        elif before in refused:
            if refused[before] == CHANGED or not file.same_content(before):
                new.append(replace(file, attempt=before.attempt + 1))
        elif file.bytes != before.bytes:
            altered.append(file)
    return new, altered


def refused_files(files: DataFrame, *, sources: Mapping[str, Source], landing: str) -> DataFrame:
    """The files that are not what their source declares: `source`, `origin`, `attempt`, `reason`, `head` (first bytes).

    `files` has the fields of `File`. Every file is read to its end.
    """

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for row in _rows(batches):
            file, head = File(**row), b""
            try:
                content = _content(file, landing)
                head = content[:HEAD]
                day_end(file.origin)
                for _ in rows_of_file(content, file.origin, sources[file.source]):
                    pass
            except InputError as error:
                columns = [[file.source], [file.origin], [file.attempt], [error.problem], [head]]
                yield pa.RecordBatch.from_arrays(_arrays(columns, REFUSED_ARROW), schema=REFUSED_ARROW)

    return files.mapInArrow(judge, REFUSED)


def lines_of_files(files: DataFrame, *, sources: Mapping[str, Source], landing: str) -> DataFrame:
    """One row per row of each file: `source`, `origin`, `position` (line or row, from 1), `raw` (a JSON object),
    `day_ends_at` (the end of the day in the file's name).

    `files` has the fields of `File`, without those that `refused_files` names: a fault here raises InputError.
    """

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for row in _rows(batches):
            file = File(**row)
            yield from _lines(file, _content(file, landing), sources[file.source])

    return files.mapInArrow(read, LINES)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        yield from batch.to_pylist()


def _content(file: File, landing: str) -> bytes:
    """The file's bytes, if it still is the version that was found: another may hold rows that were taken before."""
    path = Path(landing) / file.origin
    try:
        content = path.read_bytes()
        status = path.stat()
    except FileNotFoundError:
        status = None
    except OSError as error:
        mend = "let the job's user read the file"
        raise InputError(f"cannot be read: {error.strerror}", place=file.origin, mend=mend) from None
    if status is None or (status.st_size, status.st_mtime_ns, len(content)) != (
        file.bytes,
        file.modified_ns,
        file.bytes,
    ):
        raise InputError(CHANGED, place=file.origin, mend="write files under another name, then rename them")
    return content


def _lines(file: File, content: bytes, source: Source) -> Iterator[pa.RecordBatch]:
    ends = day_end(file.origin)
    chunk: list[tuple[int, str]] = []
    for numbered in rows_of_file(content, file.origin, source):
        chunk.append(numbered)
        if len(chunk) == ROWS_PER_BATCH:
            yield _batch(chunk, file, ends)
            chunk = []
    if chunk:
        yield _batch(chunk, file, ends)


def _batch(rows: list[tuple[int, str]], file: File, ends: datetime) -> pa.RecordBatch:
    positions, raws = zip(*rows, strict=True)
    columns = [[file.source] * len(rows), [file.origin] * len(rows), positions, raws, [ends] * len(rows)]
    return pa.RecordBatch.from_arrays(_arrays(columns, LINES_ARROW), schema=LINES_ARROW)


def _arrays(columns: Iterable[Any], schema: pa.Schema) -> list[pa.Array]:
    return [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
