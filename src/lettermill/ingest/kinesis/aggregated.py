"""Records that the Kinesis Producer Library has put together into one, taken apart.

The format: four magic bytes, a protocol buffer, and the MD5 of the buffer,
https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md.
"""

import hashlib
from collections.abc import Iterator

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES = 16
RECORDS = 3
"""Field of the outer message that holds one record; and of that record, the field that holds its data."""
DATA = 3
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5


def taken_apart(data: bytes) -> list[bytes]:
    """The records inside; a record that is none of the library's, or is damaged, comes back whole."""
    if not data.startswith(MAGIC) or len(data) <= len(MAGIC) + DIGEST_BYTES:
        return [data]
    message, digest = data[len(MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        return [data]
    try:
        records = [dict(_fields(record)).get(DATA, b"") for field, record in _fields(message) if field == RECORDS]
    except (IndexError, ValueError):
        return [data]
    return records or [data]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Fields of a protocol buffer that hold bytes; the others are passed over."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind, length = tag & 7, 0
        if kind == VARINT:
            _, at = _varint(message, at)
            continue
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind in (FIXED_32, FIXED_64):
            length = 4 if kind == FIXED_32 else 8
        else:
            raise ValueError(f"no such kind of field: {kind}")
        if at + length > len(message):
            raise ValueError("a field ends beyond the message")
        if kind == BYTES:
            yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")
