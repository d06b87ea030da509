"""The fence: what people allow now, asked again after planning and before anything leaves."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def fenced(planned: DataFrame, *, contexts: DataFrame, people: DataFrame, allowed: DataFrame) -> DataFrame:
    """The planned messages (rows of delivery.outbox) that may no longer leave, with `fence_reason`.

    A message stays only while its person grants mail and nobody who shares its address is suppressed or denies it:
    `people` are rows of profiles.people; `allowed` has each person's `mail` and `mail_because`, the reason given.
    """
    allowed = allowed.select("person_id", "mail", F.col("mail_because").alias("because"))
    # right side: one row per person
    of_address = (
        people.select("person_id", F.lower(F.trim("email")).alias("mailbox"))
        .where(F.col("mailbox").isNotNull())
        .join(allowed, on="person_id", how="inner")
        .where(F.col("mail") != "granted")
        .groupBy("mailbox")
        .agg(F.min_by(F.struct("mail", "because"), F.struct("mail", "because")).alias("shared"))
    )
    addresses = contexts.select("message_id", F.lower(F.trim("address")).alias("mailbox"))
    # right sides: one row per message, person and mailbox
    asked = (
        planned.join(addresses, on="message_id", how="left")
        .join(allowed, on="person_id", how="left")
        .join(of_address, on="mailbox", how="left")
    )
    reason = (
        F.when(F.col("mail").isNull(), "no consent to mail is known any more")
        .when(F.col("mail") != "granted", F.concat(F.lit("mail is "), "mail", F.lit(": "), "because"))
        .when(
            F.col("shared").isNotNull(),
            F.concat(F.lit("mail is "), "shared.mail", F.lit(" by another person of this address: "), "shared.because"),
        )
    )
    return (
        asked.withColumn("fence_reason", reason)
        .where(F.col("fence_reason").isNotNull())
        .select(*planned.columns, "fence_reason")
    )
