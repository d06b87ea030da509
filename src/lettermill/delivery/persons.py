"""Who a message's person is by now: erased, part of another, or no longer known."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

HOPS = 4
"""As many merges one after another are followed: more than a person goes through between two sends."""


def survivors(changes: DataFrame, *, people: DataFrame) -> DataFrame:
    """Whom each person became part of who is not in profiles.people any more: rows of `person_id` and `survivor`.

    `changes` are rows of profiles.identity_changes. A survivor may itself be unknown, where it was erased since.
    """
    merged = changes.where("change = 'merge'").join(
        people.select(F.col("person_id").alias("from_person_id")), on="from_person_id", how="left_anti"
    )
    newest = merged.groupBy("from_person_id").agg(F.max_by("into_person_id", "known_at").alias("into"))
    found = newest.select(F.col("from_person_id").alias("person_id"), F.col("into").alias("survivor"))
    for _ in range(HOPS - 1):
        hop = newest.select(F.col("from_person_id").alias("survivor"), F.col("into").alias("further"))
        # right side: one row per person
        found = found.join(hop, on="survivor", how="left").select(
            "person_id", F.coalesce("further", "survivor").alias("survivor")
        )
    return found


def erased(planned: DataFrame, *, erasures: DataFrame) -> DataFrame:
    """`message_id` and `reason` of the messages to people who asked to be erased (rows of profiles.erasures)."""
    asked = erasures.where(F.col("person_id").isNotNull()).select("person_id")
    found = planned.join(asked, on="person_id", how="left_semi")
    return found.select("message_id", F.lit("the person asked to be erased").alias("reason"))


def replaced(planned: DataFrame, *, people: DataFrame, survivors: DataFrame) -> DataFrame:
    """`message_id` and `reason` of the messages to people who are in profiles.people no longer."""
    gone = planned.join(people.select("person_id"), on="person_id", how="left_anti")
    told = gone.join(survivors, on="person_id", how="left")  # right side: one row per person
    became = F.concat(F.lit("the person became part of "), F.col("survivor"))
    return told.select("message_id", F.coalesce(became, F.lit("the person is not known any more")).alias("reason"))
