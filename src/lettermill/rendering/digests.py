"""Hashes of whole columns of texts."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pyarrow as pa

HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


def sha256_of(texts: pa.StringArray) -> pa.StringArray:
    """The sha256 of each text's UTF-8 bytes in hexadecimal, 64 characters; of a null that of nothing."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].tolist()
    view = memoryview(data) if data is not None else memoryview(b"")
    digests = b"".join([sha256(view[start:end]).digest() for start, end in pairwise(ends)])
    raw = np.frombuffer(digests, np.uint8)
    digits = np.empty(2 * len(raw), np.uint8)
    digits[0::2], digits[1::2] = HEX[raw >> 4], HEX[raw & 15]
    places = np.arange(0, 64 * (len(texts) + 1), 64, dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(places), pa.py_buffer(digits))


def interleaved(columns: Sequence[pa.Array], type_: pa.DataType) -> pa.Array:
    """The first of each column, then the second of each, and so on; columns are of equal length."""
    if not columns:
        return pa.array([], type_)
    size = len(columns[0])
    order = np.arange(len(columns) * size).reshape(len(columns), size).T.ravel()
    return pa.concat_arrays(columns).take(pa.array(order))
