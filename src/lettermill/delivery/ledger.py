"""The ledger: every state change of every message, read off the outbox's change data feed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.tables.delivery import LEDGER


def ledger_entries(changes: DataFrame) -> DataFrame:
    """Rows for delivery.ledger: one per message and commit that changed its state.

    `changes` are rows of delivery.outbox with `_change_type` and `_commit_version`. A commit that rewrites a row in the
    same state makes no entry.
    """
    # Joined: to group the rows of 500,000 messages, Spark would sort them whole.
    kind = F.col("_change_type")
    key = ["message_id", "commit_version"]
    made = changes.withColumnRenamed("_commit_version", "commit_version")
    before = made.where(kind == "update_preimage").select(*key, F.col("state").alias("state_before"))
    after = made.where(kind.isin("insert", "update_postimage"))
    changed = ~F.col("state_before").eqNullSafe(F.col("state"))
    # right side: one row per message and commit
    return after.join(before, on=key, how="left").where(changed).select(*LEDGER.column_names)
