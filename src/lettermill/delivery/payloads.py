"""One payload file while it is written: its rows in JSON Lines or CSV, its hash and its size."""

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from isal import igzip

from lettermill.delivery.provider import Message

COLUMNS = tuple(field.name for field in fields(Message))
COMPRESSION = 2
"""Of ISA-L's levels: within some percent of the standard library's sixth in size, several times as fast."""
LONGEST_CELL = 2**30
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CSV_NOTE = (
    "UTF-8, comma, every cell quoted, \\r\\n; a cell that begins with = + - @, tab or CR has an apostrophe before it"
)


def json_line(message: Message) -> bytes:
    """One row of JSON Lines."""
    return orjson.dumps(vars(message), option=orjson.OPT_APPEND_NEWLINE)


def csv_row(message: Message) -> bytes:
    """One row of CSV, in which no cell is a formula to a spreadsheet."""
    return _csv([_inert(str(value)) for value in vars(message).values()])


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _csv(cells: list[str]) -> bytes:
    row = io.StringIO(newline="")
    csv.writer(row, quoting=csv.QUOTE_ALL).writerow(cells)
    return row.getvalue().encode()


ENCODINGS: Mapping[str, Callable[[Message], bytes]] = {"jsonl": json_line, "csv": csv_row}
HEADERS = {"jsonl": b"", "csv": _csv(list(COLUMNS))}


class PayloadFile:
    """Written as `<name>.part`; gzip without name or time, so that the same rows are the same bytes."""

    def __init__(self, final: Path, format_: str) -> None:
        self.final, self.format = final, format_
        self.part = final.with_name(final.name + ".part")
        self.raw = self.part.open("wb")
        self.packed = igzip.IGzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=self.raw, mtime=0)
        self.packed.write(HEADERS[format_])

    def add(self, message: Message) -> None:
        self.packed.write(ENCODINGS[self.format](message))

    def close(self) -> dict[str, Any]:
        """Finish the file on the disk; return its entry for the manifest."""
        self.packed.close()
        self.raw.flush()
        os.fsync(self.raw.fileno())
        self.raw.close()
        content = self.part.read_bytes()
        return {
            "name": self.final.name,
            "format": self.format,
            "bytes": len(content),
            "sha256": sha256(content).hexdigest(),
        }

    def discard(self) -> None:
        """Leave nothing behind of a file that was not finished."""
        self.raw.close()
        self.part.unlink(missing_ok=True)


def message_ids(path: Path, format_: str) -> Iterator[str]:
    """The message id of each row of a payload file."""
    return (row["message_id"] for row in payload_rows(path, format_))


def payload_rows(path: Path, format_: str) -> Iterator[Mapping[str, str]]:
    """Each row of a payload file."""
    with igzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        yield from _rows(opened, format_)


def row_at(path: Path, format_: str, *, line: int) -> Mapping[str, str]:
    """One row of a payload file, counted from 1; empty where the file has not so many."""
    with igzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        return next(islice(_rows(opened, format_), line - 1, None), {})


def as_row(message: Message, format_: str) -> Mapping[str, str]:
    """The message as its row of a payload file is read back."""
    written = HEADERS[format_] + ENCODINGS[format_](message)
    return next(_rows(io.StringIO(written.decode(), newline=""), format_))


def _rows(opened: IO[str], format_: str) -> Iterator[Mapping[str, str]]:
    csv.field_size_limit(LONGEST_CELL)  # the library's own limit is smaller than a large mail
    return iter(csv.DictReader(opened)) if format_ == "csv" else map(orjson.loads, opened)
