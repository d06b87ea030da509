"""The outbox: the truth about each message.

A message is there once for ever, and an address once per campaign and slot.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.keyed_hashes import with_hash
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
    keyed = with_hash(contexts.select(*IDENTITY, "address"), of="address", into="address_key", key=address_key)
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
