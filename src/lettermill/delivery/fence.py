"""The fence: what people allow now, asked again after planning and before anything leaves."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def fenced(
    planned: DataFrame, *, contexts: DataFrame, people: DataFrame, consents: DataFrame, as_of: Column
) -> DataFrame:
    """The planned messages (rows of delivery.outbox) that may no longer leave, with `fence_reason`.

    A message stays only while its person grants mail and nobody who shares its address is suppressed or denies it:
    `people` are rows of profiles.people, `consents` of profiles.consents. What was not known at `as_of` does not count.
    """
    allowed = permissions(consents, as_of=as_of)
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


def permissions(consents: DataFrame, *, as_of: Column) -> DataFrame:
    """One row per person: `mail` (granted, denied or suppressed) and `because`, the reason given.

    The latest statement counts, of two at one time the stricter; a suppression is never lifted.
    """
    known = consents.where(
        (F.col("purpose") == "mail") & (F.col("changed_at") < as_of) & (F.col("available_at") <= as_of)
    )
    suppressing = F.col("state") == "suppressed"
    strictness = F.when(F.col("state") == "granted", 0).otherwise(1)
    latest = F.max_by(
        F.struct("state", "reason"), F.struct(suppressing.cast("int"), "changed_at", strictness, "evidence")
    ).alias("latest")
    return (
        known.groupBy("person_id")
        .agg(latest)
        .select("person_id", F.col("latest.state").alias("mail"), F.col("latest.reason").alias("because"))
    )
