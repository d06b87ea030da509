"""Payload files as bytes: rows in JSON Lines, CSV or Parquet, the same bytes for the same rows, and back again.

A row maps columns to texts; a file has rows of one kind, and its columns in one order.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal, cast
from zlib import error as ZlibError

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from isal import igzip
from isal.igzip_lib import IsalError

Format = Literal["jsonl", "csv", "parquet"]
Row = Mapping[str, str]

COMPRESSION = 2
"""Of ISA-L's levels: within some percent of the standard library's sixth in size, several times as fast."""
LONGEST_CELL = 2**30
FORMULA = ("=", "+", "-", "@", "\t", "\r")
QUOTED = "UTF-8, comma, every cell quoted, \\r\\n"
INERT = "a cell that begins with = + - @, tab or CR has an apostrophe before it"
GZIP = b"\x1f\x8b"
UNREADABLE: tuple[type[Exception], ...] = (
    *(ValueError, OSError, EOFError, ZlibError, csv.Error),
    cast(type[Exception], IsalError),  # its stubs take the class for an instance
)
"""What reading a file may raise that is not whole, or not what its name says."""


def suffix(format_: Format, *, is_packed: bool) -> str:
    """How a file's name ends. Parquet packs its own pages, so it is never gzipped."""
    return f".{format_}.gz" if is_packed and format_ != "parquet" else f".{format_}"


def format_of(name: str) -> Format | None:
    """The format that a file's name tells; null where it is no payload file."""
    formats: tuple[Format, ...] = ("jsonl", "csv", "parquet")
    return next((one for one in formats if name.endswith((f".{one}", f".{one}.gz"))), None)


def json_line(row: Row) -> bytes:
    """A row of JSON Lines. Raises TypeError for text that UTF-8 cannot have."""
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def encoded(
    rows: Iterable[Row], format_: Format, *, columns: Sequence[str], is_packed: bool = False, is_inert: bool = True
) -> bytes:
    """A whole file; gzip has neither name nor time. With `is_inert`, no cell of CSV is a formula to a spreadsheet."""
    if format_ == "parquet":
        return _parquet(rows, columns)
    content = b"".join(map(json_line, rows)) if format_ == "jsonl" else _csv(rows, columns, is_inert=is_inert)
    return packed(content) if is_packed else content


def packed(content: bytes) -> bytes:
    return igzip.compress(content, compresslevel=COMPRESSION, mtime=0)


def _csv(rows: Iterable[Row], columns: Sequence[str], *, is_inert: bool) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    write = _inert if is_inert else str
    writer.writerows([write(row[column]) for column in columns] for row in rows)
    return text.getvalue().encode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _parquet(rows: Iterable[Row], columns: Sequence[str]) -> bytes:
    """One row group; no statistics, which would hold addresses a second time, and outside the pages."""
    every = list(rows)
    schema = pa.schema([pa.field(column, pa.string(), nullable=False) for column in columns])
    table = pa.table([pa.array([row[column] for row in every], pa.string()) for column in columns], schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        row_group_size=max(1, len(every)),
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )
    return bytes(sink.getvalue().to_pybytes())


def decoded(content: bytes, format_: Format) -> Iterator[Row]:
    """The rows of a file. Raises one of UNREADABLE, at once or on the way, where it is none of the format."""
    if format_ == "parquet":
        return iter(pq.read_table(pa.BufferReader(content)).to_pylist())
    unpacked = igzip.decompress(content) if content.startswith(GZIP) else content
    if format_ == "jsonl":
        return map(_object, unpacked.splitlines())
    csv.field_size_limit(LONGEST_CELL)  # the library's own limit is smaller than a large mail
    return iter(csv.DictReader(io.StringIO(unpacked.decode(), newline="")))


def _object(line: bytes) -> Row:
    row = orjson.loads(line)
    if not isinstance(row, dict):
        raise ValueError("a line is no object")
    return row


def row_at(content: bytes, format_: Format, *, line: int) -> Row:
    """One row of a file, counted from 1; empty where the file has not so many."""
    return next(islice(decoded(content, format_), line - 1, None), {})


def as_read(row: Row, format_: Format, *, columns: Sequence[str], is_inert: bool = True) -> Row:
    """The row as it is read back from a file."""
    return next(decoded(encoded([row], format_, columns=columns, is_inert=is_inert), format_))
