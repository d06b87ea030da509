"""The ledger: every state change of every message, read off the outbox's change data feed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.tables.delivery import LEDGER


def ledger_entries(changes: DataFrame) -> DataFrame:
    """Rows for delivery.ledger: one per message and commit that changed its state.

    `changes` are rows of delivery.outbox with `_change_type` and `_commit_version`. A commit that rewrites a row in the
    same state makes no entry.
    """
    kind = F.col("_change_type")
    row = F.struct(
        *(F.col(name) for name in LEDGER.column_names if name not in ("message_id", "commit_version", "state_before"))
    )
    by_commit = changes.groupBy("message_id", F.col("_commit_version").alias("commit_version")).agg(
        F.max(F.when(kind == "update_preimage", F.col("state"))).alias("state_before"),
        F.max(F.when(kind.isin("insert", "update_postimage"), row)).alias("after"),
    )
    changed = F.col("after").isNotNull() & ~F.col("state_before").eqNullSafe(F.col("after.state"))
    return (
        by_commit.where(changed)
        .select("message_id", "commit_version", "state_before", "after.*")
        .select(*LEDGER.column_names)
    )
