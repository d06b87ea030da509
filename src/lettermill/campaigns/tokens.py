"""Unsubscribe tokens: signed, bound to one message, and without the address."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

import pyarrow as pa
from pyspark.sql import DataFrame

MESSAGE_ID = re.compile(r"[0-9a-f]{64}")


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


def message_of_token(token: str, *, keys: Mapping[str, bytes]) -> str | None:
    """The message id that `token` was signed for, or None for a token that no key of `keys` (by key id) has signed."""
    key_id, _, rest = token.partition(".")
    message_id, _, _ = rest.partition(".")
    key = keys.get(key_id)
    if key is None or not MESSAGE_ID.fullmatch(message_id):
        return None
    whole = unsubscribe_token(message_id, key=key, key_id=key_id)
    return message_id if hmac.compare_digest(whole.encode(), token.encode()) else None
