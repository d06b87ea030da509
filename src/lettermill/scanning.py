"""Every byte below some folders, also where it is packed: what an erasure and its benchmark search.

A file is given as it is, and besides as what it holds: gzip unpacked, Parquet decoded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zlib import error as ZlibError

import pyarrow as pa
import pyarrow.parquet as pq
from isal import igzip

from lettermill.identifiers import Reads, addresses_in, identifier
from lettermill.keyed_hashes import Hasher
from lettermill.telephone_numbers import international

BYTES_AT_A_TIME = 64 << 20
FEWEST_DIGITS = 10
PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
LONG = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_/-]{7,79}")
"""Anything that could be a browser's, device's or record's id."""
DIGITS = re.compile(rb"(?:(?<=%2B)|(?<![\w.]))\+?(\d{10,15})(?!\.?\w)")
WRITTEN = re.compile(rb"(?:^|(?<=[\"'\\\s,;|<>\0]))\+?[(\d][\d ()./-]{8,28}\d(?=$|[\"'\\\r\n\t,;|<>\0])")
"""Telephone numbers of 10 digits and more: as digits, and as people write them where the number is the whole value.

Fewer digits are no phone that could be told from any other number.
"""
FRACTION = re.compile(rb"\+?\d*\.\d+")
SHA256 = 64
"""Signs of a SHA-256 in hexadecimal."""


@dataclass
class Scan:
    """What a scan saw: files, bytes (unpacked ones too), and the files in which something was found."""

    files: int = 0
    bytes: int = 0
    hits: list[str] = field(default_factory=list)


def files_below(roots: Iterable[Path]) -> Iterator[Path]:
    """Every file at or below the roots, once, in order; roots that are not there hold nothing."""
    absolute = {root.absolute() for root in roots}
    below = {path for root in absolute for path in root.rglob("*") if path.is_file()}
    yield from sorted(below | {root for root in absolute if root.is_file()})


def contents(file: Path) -> Iterator[bytes]:
    """The bytes of a file as it is, then of what it packs, in pieces of which neighbours overlap."""
    with file.open("rb") as opened:
        head = opened.read(4)
    yield from _pieces(file)
    if head == PARQUET:
        yield from _decoded(file)
    elif head.startswith(GZIP):
        try:
            with igzip.open(file, "rb") as unpacked:
                yield from _overlapping(iter(lambda: unpacked.read(BYTES_AT_A_TIME), b""))
        except (EOFError, OSError, ZlibError):
            return  # cut off: what could be unpacked was seen, and the packed bytes too


def search(roots: Iterable[Path], found_in: "Finder") -> Scan:
    """Search every file below the roots, once, root after root: what moves on meanwhile has to go to a later one."""
    scan, seen = Scan(), set[Path]()
    for root in roots:
        for file in files_below([root]):
            if file in seen:
                continue
            try:
                is_hit = _search(file, found_in, scan)
            except FileNotFoundError:
                continue
            seen.add(file)
            scan.files += 1
            if is_hit:
                scan.hits.append(str(file))
    return scan


def _search(file: Path, found_in: "Finder", scan: Scan) -> bool:
    is_hit = False
    for piece in contents(file):
        scan.bytes += len(piece)
        is_hit = is_hit or found_in(piece)
    return is_hit or found_in.in_rows(file)


class Finder:
    """Whether a piece holds one of the identifiers whose keyed hashes are given, or one of some plain texts.

    Addresses, long ids and telephone numbers are looked up wherever they stand. An id of a few digits, or of a record,
    is only one where a key and a source say so: rows that have both are read by `reads`, as their sources declare.
    """

    def __init__(self, hashes: frozenset[str], *, key: bytes, reads: Reads, texts: Iterable[bytes] = ()) -> None:
        self.hashes, self.hasher, self.reads, self.texts = hashes, Hasher(key), reads, tuple(texts)

    def __call__(self, piece: bytes) -> bool:
        if any(text in piece for text in self.texts):
            return True
        if not self.hashes:
            return False
        words = {word.decode("ascii") for word in LONG.findall(piece)}
        named = [
            identifier(kind, word) for word in words for kind in ("anonymous_id", "device", "record", "customer_id")
        ]
        named += [identifier("email_sha256", word) for word in words if len(word) == SHA256]
        if self._is_known(named) or self._is_known(self._phones(piece)):
            return True
        return b"@" in piece and self._is_known(addresses_in(piece.decode(errors="replace")))

    def in_rows(self, file: Path) -> bool:
        """Whether a raw row, or a version of a record, in a Parquet file names one of them by what its source says."""
        return bool(self.hashes) and any(self._is_known(self._of_row(row)) for row in _rows(file))

    def _of_row(self, row: Mapping[str, object]) -> Iterator[str]:
        source, record, raw = str(row["source"]), row.get("record_id"), row.get("raw")
        if record is not None:
            yield identifier("record", f"{source}/{record}")
        if isinstance(raw, str | bytes):
            yield from self.reads(raw, source=source)

    def _phones(self, piece: bytes) -> Iterator[str]:
        values = (one.decode("ascii") for one in {*WRITTEN.findall(piece)} if not FRACTION.fullmatch(one))
        written = ("".join(filter(str.isdigit, one)) for one in values)
        for digits in {*(one.decode("ascii") for one in DIGITS.findall(piece)), *written}:
            if len(digits) >= FEWEST_DIGITS:
                yield from (f"phone:{one}" for one in international(digits, self.reads.region))

    def _is_known(self, named: Iterable[str]) -> bool:
        return any(self.hasher(one) in self.hashes for one in named)


def _rows(file: Path) -> Iterator[dict[str, object]]:
    """Rows of a Parquet file that say of which source they are, with what tells whom they name; of others none."""
    with file.open("rb") as opened:
        if opened.read(4) != PARQUET:
            return
    with pq.ParquetFile(file) as opened:
        told = [name for name in ("raw", "record_id") if name in opened.schema_arrow.names]
        if told and "source" in opened.schema_arrow.names:
            for batch in opened.iter_batches(columns=["source", *told]):
                yield from batch.to_pylist()


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from _overlapping(iter(lambda: opened.read(BYTES_AT_A_TIME), b""))


def _overlapping(pieces: Iterator[bytes]) -> Iterator[bytes]:
    tail = b""
    for piece in pieces:
        yield tail + piece
        tail = piece[-1024:]


def _decoded(file: Path) -> Iterator[bytes]:
    """The texts and bytes of a Parquet file's columns, one after the other."""
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches():
            for column in batch.columns:
                yield from _texts(column)


def _texts(array: pa.Array) -> Iterator[bytes]:
    type_ = array.type
    if pa.types.is_dictionary(type_):
        yield from _texts(array.dictionary)
    elif pa.types.is_struct(type_):
        for place in range(type_.num_fields):
            yield from _texts(array.field(place))
    elif pa.types.is_map(type_):
        yield from _texts(array.keys)
        yield from _texts(array.items)
    elif pa.types.is_list(type_) or pa.types.is_large_list(type_):
        yield from _texts(array.flatten())
    elif (pa.types.is_string(type_) or pa.types.is_binary(type_)) and len(array):
        # Joined by a sign that is in no identifier, so that two values never make a third.
        yield b"\n".join(value for value in array.cast(pa.binary()).to_pylist() if value is not None)
