"""Who a message's person is by now: erased, part of another, or no longer known."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

HOPS = 4
"""As many merges one after another are followed: more than a person goes through between two sends."""


def survivors(changes: DataFrame, *, people: DataFrame) -> DataFrame:
    """Whom each person became part of who is not in profiles.people any more: rows of `person_id` and `survivor`.

    `changes` are rows of profiles.identity_changes. A survivor may itself be unknown, where it was erased since.
    """
    merges = changes.where("change = 'merge'")
    # Few people were ever merged: so many are looked for among all, and not all sorted for them.
    back = people.select(F.col("person_id").alias("from_person_id")).join(merges, on="from_person_id", how="left_semi")
    merged = merges.join(back, on="from_person_id", how="left_anti")
    newest = merged.groupBy("from_person_id").agg(F.max_by("into_person_id", "known_at").alias("into"))
    found = newest.select(F.col("from_person_id").alias("person_id"), F.col("into").alias("survivor"))
    for _ in range(HOPS - 1):
        hop = newest.select(F.col("from_person_id").alias("survivor"), F.col("into").alias("further"))
        # right side: one row per person
        found = found.join(hop, on="survivor", how="left").select(
            "person_id", F.coalesce("further", "survivor").alias("survivor")
        )
    return found


def erased(rows: DataFrame, *, erasures: DataFrame) -> DataFrame:
    """Add `erased`, why a message to a person who asked to be erased (rows of profiles.erasures) must not leave."""
    asked = erasures.where(F.col("person_id").isNotNull()).select("person_id").distinct()
    told = asked.withColumn("erased", F.lit("the person asked to be erased"))
    return rows.join(told, on="person_id", how="left")  # right side: one row per person


def replaced(rows: DataFrame, *, people: DataFrame, survivors: DataFrame) -> DataFrame:
    """Add `replaced`, why a message to a person who is not in profiles.people any more must not leave."""
    known = people.select("person_id", F.lit(True).alias("is_known"))
    # right sides: one row per person
    asked = rows.join(known, on="person_id", how="left").join(survivors, on="person_id", how="left")
    became = F.concat(F.lit("the person became part of "), F.col("survivor"))
    reason = F.when(F.col("is_known").isNull(), F.coalesce(became, F.lit("the person is not known any more")))
    return asked.withColumn("replaced", reason).drop("is_known", "survivor")
