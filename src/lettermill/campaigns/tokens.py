"""Unsubscribe tokens: signed, bound to one message, and without the address."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256

import pyarrow as pa
from pyspark.sql import DataFrame


def unsubscribe_token(message_id: str, *, key: bytes, key_id: str) -> str:
    """`<key id>.<message id>.<HMAC-SHA256 of both>`, safe in a URL; the key id lets keys be changed."""
    signed = f"{key_id}.{message_id}"
    signature = hmac.new(key, signed.encode(), sha256).digest()
    return f"{signed}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def with_unsubscribe_token(messages: DataFrame, *, key: bytes, key_id: str) -> DataFrame:
    """Add `unsubscribe_token`. The key travels in the function's closure, never in a plan, conf or log."""

    def add(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ids = batch.column("message_id").to_pylist()
            tokens = pa.array([unsubscribe_token(each, key=key, key_id=key_id) for each in ids], pa.string())
            yield pa.RecordBatch.from_arrays(
                [batch.column("person_id"), tokens], names=["person_id", "unsubscribe_token"]
            )

    tokens = messages.select("person_id", "message_id").mapInArrow(add, "person_id string, unsubscribe_token string")
    return messages.join(tokens, on="person_id", how="inner")  # right side: one row per person
