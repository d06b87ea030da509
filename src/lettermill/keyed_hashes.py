"""Keyed hashes of addresses and other identifiers: what stays when the identifier itself must not.

Whoever lacks the key can neither read an address out of a hash nor find out whether one they know is there.
"""

import hmac
import unicodedata
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import StringType, StructField, StructType


def hash_address(address: str, *, key: bytes) -> str:
    """HMAC-SHA256 of the address, trimmed, in NFC and lower case, as hex."""
    normal = unicodedata.normalize("NFC", address.strip()).lower()
    return _keyed(normal, key)


def hash_identifier(identifier: str, *, key: bytes) -> str:
    """HMAC-SHA256 of an identifier as `identifiers` writes it, `kind:value`, as hex."""
    return _keyed(identifier, key)


def _keyed(text: str, key: bytes) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


class Hasher:
    """`hash_identifier` under one key, which remembers what it has hashed: rows name the same few again and again."""

    REMEMBERED = 200_000

    def __init__(self, key: bytes) -> None:
        self.key, self.known = key, dict[str, str]()

    def __call__(self, identifier: str) -> str:
        found = self.known.get(identifier)
        if found is None:
            if len(self.known) >= self.REMEMBERED:
                self.known.clear()
            found = self.known[identifier] = hash_identifier(identifier, key=self.key)
        return found


def with_hash(rows: DataFrame, *, of: str, into: str, key: bytes) -> DataFrame:
    """Add `into`, the keyed hash of the text column `of`; null where that is null. The other columns stay as they are.

    The key travels in the function's closure, never in a plan, conf or log.
    """
    names = [*rows.columns, into]

    def hashed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            texts = batch.column(of).to_pylist()
            hashes = pa.array([None if one is None else hash_address(one, key=key) for one in texts], pa.string())
            yield pa.RecordBatch.from_arrays([*batch.columns, hashes], names=names)

    return rows.mapInArrow(hashed, StructType([*rows.schema.fields, StructField(into, StringType())]))
