"""What events say of messages: which rows of the outbox they move, and which events are too early to move any.

States only go on. An event of a message that is not handed over yet (its answer is not settled, or another order of
arrival) waits in delivery.events until it is; nothing has to be told again.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

ARRIVED = ("delivered", "opened", "clicked", "complained", "unsubscribed")
"""What only a mail that reached its mailbox can have."""
WAITING = ("planned", "claimed")
"""States of a message of which no provider can know yet."""


def confirmations(outbox: DataFrame, *, events: DataFrame) -> DataFrame:
    """Rows of delivery.outbox that rows of delivery.events move, with `to` and `because`, for states.advance.

    What reached a mailbox is confirmed, and stays so whatever bounces later. What bounced for good or was dropped is
    rejected. A message of which nobody knew whether it was handed over is confirmed by anything else that a provider
    reports: it must have had it.
    """
    out = outbox.where(F.col("state").isin("handed_over", "unknown"))
    is_hard = (F.col("kind") == "bounced") & (F.col("bounce_type") == "hard")
    of_these = events.join(out.select("message_id"), on="message_id", how="left_semi")
    told = of_these.groupBy("message_id").agg(
        F.bool_or(F.col("kind").isin(*ARRIVED)).alias("arrived"),
        F.bool_or(is_hard).alias("bounced"),
        F.bool_or(F.col("kind") == "dropped").alias("dropped"),
    )
    # right side: one row per message
    asked = out.join(told, on="message_id", how="inner")
    failed = F.when(F.col("bounced"), "bounced").when(F.col("dropped"), "dropped by its provider")
    to = (
        F.when(F.col("arrived"), "confirmed")
        .when(failed.isNotNull(), "rejected")
        .when(F.col("state") == "unknown", "confirmed")
    )
    return (
        asked.withColumns({"to": to, "because": F.when(~F.col("arrived"), failed)})
        .where(F.col("to").isNotNull())
        .select(*outbox.columns, "to", "because")
    )


def parked(events: DataFrame, *, outbox: DataFrame) -> DataFrame:
    """The rows of delivery.events that wait for their message to be handed over, or to be known at all."""
    out = outbox.where(~F.col("state").isin(*WAITING)).select("message_id")
    return events.join(out, on="message_id", how="left_anti")
