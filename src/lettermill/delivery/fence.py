"""The fence: what people allow now, asked again after planning and before anything leaves."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

OTHERS = {"another": " by another person of this address", "address": " by this address itself"}


def fenced(planned: DataFrame, *, permitted: DataFrame) -> DataFrame:
    """The planned messages (rows of delivery.outbox) that may no longer leave, with `fence_reason`.

    `permitted` has of each `message_id` what may be mailed to its person at its address now: `mail` (granted, or why
    not), the reason `mail_because`, and `mail_by`, whose word that is: person, another or address.
    """
    asked = planned.join(  # right side: one row per message
        permitted.select("message_id", "mail", "mail_because", "mail_by"), on="message_id", how="left"
    )
    others = F.create_map(*(F.lit(word) for pair in OTHERS.items() for word in pair))
    because = F.coalesce(F.concat(F.lit(": "), "mail_because"), F.lit(""))
    told = F.concat(F.lit("mail is "), "mail", F.coalesce(others[F.col("mail_by")], F.lit("")), because)
    is_silent = F.col("mail").isNull() | ((F.col("mail") == "unknown") & (F.col("mail_by") == "person"))
    reason = F.when(is_silent, "no consent to mail is known any more").when(F.col("mail") != "granted", told)
    return (
        asked.withColumn("fence_reason", reason)
        .where(F.col("fence_reason").isNotNull())
        .select(*planned.columns, "fence_reason")
    )
