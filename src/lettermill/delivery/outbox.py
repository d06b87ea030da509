"""The outbox: the truth about each message.

A message is there once for ever, and an address once per campaign and slot.
"""

import hmac
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.tables.delivery import OUTBOX

IDENTITY = ("message_id", "campaign", "occurrence", "person_id")
SLOT = ("campaign", "occurrence", "address_key")


def outbox_rows(
    contexts: DataFrame,
    *,
    provider: str,
    contexts_table: str,
    address_key: bytes,
    as_of: Column | datetime,
    standing: DataFrame | None = None,
) -> DataFrame:
    """Rows for delivery.outbox: one per context, `planned`, for a caller to add.

    Of several messages to one address in one slot, one is planned: the one that `standing` (the outbox so far) has,
    else the first by message id. The others are `suppressed`, so that persons merged later are not mailed twice.
    """
    keyed = with_address_key(contexts, key=address_key)
    first = F.min("message_id").over(Window.partitionBy(*SLOT))
    if standing is None:
        owned = keyed.withColumn("owner", first)
    else:
        live = standing.where(~F.col("state").isin("suppressed", "dropped"))
        taken = live.groupBy(*SLOT).agg(F.min("message_id").alias("taken_by"))
        # right side: one row per address and slot
        owned = keyed.join(taken, on=list(SLOT), how="left").withColumn("owner", F.coalesce("taken_by", first))
    is_owner = F.col("owner") == F.col("message_id")
    return owned.select(
        *IDENTITY,
        "address_key",
        F.lit(provider).alias("provider"),
        F.lit(contexts_table).alias("contexts_table"),
        F.when(is_owner, "planned").otherwise("suppressed").alias("state"),
        F.when(~is_owner, "its address gets another message of this slot").alias("reason"),
        F.lit(None).cast("string").alias("wave"),
        F.lit(None).cast("int").alias("batch"),
        F.lit(0).alias("attempt"),
        F.lit(None).cast("string").alias("provider_reference"),
        F.lit(as_of).alias("changed_at"),
    ).select(*OUTBOX.column_names)


def hash_address(address: str, *, key: bytes) -> str:
    """HMAC-SHA256 of the address, trimmed, in NFC and lower case, as hex."""
    normal = unicodedata.normalize("NFC", address.strip()).lower()
    return hmac.new(key, normal.encode(), sha256).hexdigest()


def with_address_key(contexts: DataFrame, *, key: bytes) -> DataFrame:
    """`message_id`, `campaign`, `occurrence`, `person_id` and `address_key` of each context.

    The key travels in the function's closure, never in a plan, conf or log.
    """

    def keyed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            hashes = [hash_address(address, key=key) for address in batch.column("address").to_pylist()]
            arrays = [*(batch.column(name) for name in IDENTITY), pa.array(hashes, pa.string())]
            yield pa.RecordBatch.from_arrays(arrays, names=[*IDENTITY, "address_key"])

    schema = ", ".join(f"{name} string" for name in (*IDENTITY, "address_key"))
    return contexts.select(*IDENTITY, "address").mapInArrow(keyed, schema)
