"""Every byte below some folders, also where it is packed: what an erasure and its benchmark search.

A file is given as it is, and besides as what it holds: gzip unpacked, Parquet decoded.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zlib import error as ZlibError

import pyarrow as pa
import pyarrow.parquet as pq
from isal import igzip

from lettermill.identifiers import addresses_in, identifier
from lettermill.keyed_hashes import Hasher

BYTES_AT_A_TIME = 64 << 20
PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
LONG = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_/-]{7,79}")
"""Anything that could be a browser's, device's or record's id."""


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
    """Search every file below the roots."""
    scan = Scan()
    for file in files_below(roots):
        scan.files += 1
        is_hit = False
        for piece in contents(file):
            scan.bytes += len(piece)
            is_hit = is_hit or found_in(piece)
        if is_hit:
            scan.hits.append(str(file))
    return scan


class Finder:
    """Whether a piece holds one of the identifiers whose keyed hashes are given, or one of some plain texts.

    Addresses and long ids are looked up; an id of a few digits is only one where a key says so, which a table knows.
    """

    def __init__(self, hashes: frozenset[str], *, key: bytes, texts: Iterable[bytes] = ()) -> None:
        self.hashes, self.hasher, self.texts = hashes, Hasher(key), tuple(texts)

    def __call__(self, piece: bytes) -> bool:
        if any(text in piece for text in self.texts):
            return True
        if not self.hashes:
            return False
        words = {word.decode("ascii") for word in LONG.findall(piece)}
        named = (
            identifier(kind, word) for word in words for kind in ("anonymous_id", "device", "record", "customer_id")
        )
        if any(self.hasher(one) in self.hashes for one in named):
            return True
        addresses = addresses_in(piece.decode(errors="replace")) if b"@" in piece else set()
        return any(self.hasher(one) in self.hashes for one in addresses)


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
