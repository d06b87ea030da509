"""Reading landing files whole, on the workers: every line with its place, or an error that names the file."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlparse

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from lettermill.errors import InputError
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
ROWS_PER_BATCH = 20_000


def arriving_files(spark: SparkSession, folder: str, *, files_per_batch: int) -> DataFrame:
    """Stream the files below `folder`, whole: `path`, `content`. A file is taken once, by its name."""
    return (
        spark.readStream.format("binaryFile")
        .schema("path string, modificationTime timestamp, length bigint, content binary")
        .option("maxFilesPerTrigger", files_per_batch)
        .option("recursiveFileLookup", "true")
        .load(folder)
        .select("path", "content")
    )


def lines_of_files(files: DataFrame, *, name: str, source: Source, landing: str) -> DataFrame:
    """One row per line of each file: `source`, `origin` (the path below `landing`), `position` (from 1), `raw`,
    `day_ends_at` (the end of the day in the file's name).

    A CSV row becomes a JSON object by its header. Blank lines are no rows. Raises InputError, from the worker that
    reads it, for a file that is empty, truncated, not UTF-8 or lacks a declared column.
    """

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _lines(row["path"], row["content"], name=name, source=source, landing=landing)

    return files.select("path", "content").mapInArrow(read, LINES)


def _lines(path: str, content: bytes, *, name: str, source: Source, landing: str) -> Iterator[pa.RecordBatch]:
    origin = _below(path, landing)
    text = _text(content, origin)
    rows = _csv_rows(text, origin, source) if source.format == "csv" else _json_rows(text)
    ends = _day_end(origin)
    chunk: list[tuple[int, str]] = []
    for numbered in rows:
        chunk.append(numbered)
        if len(chunk) == ROWS_PER_BATCH:
            yield _batch(chunk, name, origin, ends)
            chunk = []
    if chunk:
        yield _batch(chunk, name, origin, ends)


def _batch(rows: list[tuple[int, str]], name: str, origin: str, ends: datetime) -> pa.RecordBatch:
    positions, raws = zip(*rows, strict=True)
    columns = [[name] * len(rows), [origin] * len(rows), positions, raws, [ends] * len(rows)]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, LINES_ARROW, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=LINES_ARROW)


def _below(path: str, landing: str) -> str:
    """The path below the landing folder, without scheme."""
    whole, root = (PurePosixPath(unquote(urlparse(place).path)) for place in (path, landing))
    return str(whole.relative_to(root)) if whole.is_relative_to(root) else str(whole)


def _text(content: bytes, origin: str) -> str:
    if origin.endswith(".gz"):
        content = _unzipped(content, origin)
    if not content.strip():
        raise InputError("the file is empty", place=origin, mend="put the whole file in its place, or remove it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"not UTF-8 in line {line}", place=origin, mend="have the source write UTF-8") from None


def _unzipped(content: bytes, origin: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        cause = "the gzip stream ends early" if isinstance(error, EOFError) else f"no whole gzip file ({error})"
        raise InputError(
            cause, place=origin, mend="copy the file anew, whole, or move it out of the landing folder"
        ) from None


def _json_rows(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines: U+2028 and others stand unescaped inside JSON strings.
    for position, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield position, line.rstrip("\r")


def _csv_rows(text: str, origin: str, source: Source) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    header = next(reader)
    lacking = [column for column in source.columns if column not in header]
    if lacking:
        raise InputError(
            f"the header lacks {', '.join(lacking)}; it has {', '.join(header)[:200]}",
            place=origin,
            mend="have the source write these columns, or change `columns` of the source in conf",
        )
    try:
        for row in reader:
            if not row:  # blank, such as a row that was erased
                continue
            if len(row) != len(header):
                raise InputError(
                    f"line {reader.line_num} has {len(row)} cells, the header {len(header)}",
                    place=origin,
                    mend="quote cells that hold commas or line breaks",
                )
            yield reader.line_num, json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)
    except csv.Error as error:
        raise InputError(
            f"line {reader.line_num} is no CSV: {error}", place=origin, mend="have the source quote cells"
        ) from None


def _day_end(origin: str) -> datetime:
    """The end of the day that the file's name says: by then all it holds had been received."""
    name = PurePosixPath(origin).name
    try:
        day = date.fromisoformat(name[:10])
    except ValueError:
        raise InputError(
            "the file's name does not start with a day", place=origin, mend="name it YYYY-MM-DD..."
        ) from None
    return datetime.combine(day + timedelta(days=1), time(), UTC)
