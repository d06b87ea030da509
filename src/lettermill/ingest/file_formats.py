"""A landing file's bytes as numbered rows of JSON text, or an error that says why the file is not what it should be."""

import base64
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import parquet

from lettermill.errors import InputError
from lettermill.ingest.sources import Source

Rows = Iterator[tuple[int, str]]
"""(position from 1, the row as a JSON object)"""

ROWS_PER_BATCH = 20_000
WHOLE = "copy the file anew, whole"
csv.field_size_limit(16 * 1024 * 1024)


def rows_of_file(content: bytes, origin: str, source: Source) -> Rows:
    """The rows of a file in the format its source declares; the position is the line, or the row's number.

    Raises InputError for a file that is empty, truncated, corrupt, not UTF-8, of another format, or lacks a declared
    column; rows may have come before it.
    """
    if not content.strip():
        raise InputError("the file is empty", place=origin, mend="put the whole file in its place, or remove it")
    return READERS[source.format](content, origin, source)


def day_end(origin: str) -> datetime:
    """The end of the day that the file's name says: by then all it holds had been received. Raises InputError."""
    name = PurePosixPath(origin).name
    try:
        day = date.fromisoformat(name[:10])
    except ValueError:
        raise InputError(
            "the file's name does not start with a day", place=origin, mend="name it YYYY-MM-DD..."
        ) from None
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _text(content: bytes, origin: str) -> str:
    if origin.endswith(".gz"):
        content = _unzipped(content, origin)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"not UTF-8 in line {line}", place=origin, mend="have the source write UTF-8") from None
    if not text.strip():
        raise InputError("the file is empty", place=origin, mend="put the whole file in its place, or remove it")
    return text


def _unzipped(content: bytes, origin: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        cause = "the gzip stream ends early" if isinstance(error, EOFError) else f"no whole gzip file ({error})"
        raise InputError(cause, place=origin, mend=WHOLE) from None


def _json_lines(content: bytes, origin: str, source: Source) -> Rows:  # noqa: ARG001 (all readers take the same)
    text = _text(content, origin)
    # Not splitlines: U+2028 and others stand unescaped inside JSON strings.
    lines = text.split("\n")
    if not any(line.lstrip().startswith("{") for line in lines):
        raise InputError("no line is a JSON object", place=origin, mend="change `format` of the source, or the file")
    if lines[-1].strip() and not _is_json(lines[-1]):
        raise InputError(f"the file ends within line {len(lines)}", place=origin, mend=WHOLE)
    for position, line in enumerate(lines, start=1):
        if line.strip():
            yield position, line.rstrip("\r")


def _json(content: bytes, origin: str, source: Source) -> Rows:  # noqa: ARG001
    """Objects of one document: an array of them, or a single one. Their text stays as it is."""
    text = _text(content, origin)
    at = _past_space(text, 0)
    is_array = text.startswith("[", at)
    at = _past_space(text, at + is_array)
    number = 0
    while not (is_array and number == 0 and text.startswith("]", at)):
        number += 1
        found, end = _element(text, at, number, origin)
        if not isinstance(found, dict):
            raise InputError(f"element {number} is no JSON object", place=origin, mend="write an array of objects")
        yield number, text[at:end]
        at = _past_space(text, end)
        if not (is_array and text.startswith(",", at)):
            break
        at = _past_space(text, at + 1)
    rest = text[at:].rstrip()
    if rest != ("]" if is_array else ""):
        cause = f"the JSON does not end as it should after element {number}"
        raise InputError(cause, place=origin, mend=f"{WHOLE}; for one object a line, set `format: jsonl`")


def _element(text: str, at: int, number: int, origin: str) -> tuple[Any, int]:
    try:
        return DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        cause = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(f"element {number} is no JSON: {cause}", place=origin, mend=WHOLE) from None


def _csv(content: bytes, origin: str, source: Source) -> Rows:
    reader = csv.reader(io.StringIO(_text(content, origin)), strict=True)
    try:
        header = next(reader)
        _require_columns(header, origin, source)
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


def _parquet(content: bytes, origin: str, source: Source) -> Rows:
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        _require_columns(file.schema_arrow.names, origin, source)
        number = 0
        for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield number, json.dumps(row, ensure_ascii=False, default=_as_text)
    except (pa.ArrowException, OSError, ValueError, ArithmeticError) as error:
        cause = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InputError(f"no whole Parquet file: {cause}", place=origin, mend=WHOLE) from None


def _require_columns(header: list[str], origin: str, source: Source) -> None:
    lacking = [column for column in source.columns if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1})
    if lacking:
        raise InputError(
            f"the header lacks {', '.join(lacking)}; it has {', '.join(header)[:200]}",
            place=origin,
            mend="have the source write these columns, or change `columns` of the source in conf",
        )
    if twice:
        raise InputError(f"the header has {', '.join(twice)[:200]} twice", place=origin, mend="name each column once")


def _as_text(value: object) -> str:
    """A value that JSON has no word for: instants and days as ISO 8601, bytes as base64, decimals digit by digit."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)


def _past_space(text: str, at: int) -> int:
    ink = INK.search(text, at)
    return ink.start() if ink else len(text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


INK = re.compile(r"[^ \t\r\n]")
DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
READERS: Mapping[str, Callable[[bytes, str, Source], Rows]] = {
    "jsonl": _json_lines,
    "json": _json,
    "csv": _csv,
    "parquet": _parquet,
}
