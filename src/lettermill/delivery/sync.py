"""Which attributes of people a provider lacks as they are now: what to send, and what need not be sent again."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

CHANGES = ("new", "changed", "cleared")
KEY = ["person_id", "attribute"]


def attribute_values(people: DataFrame, attributes: Sequence[str]) -> DataFrame:
    """One row per person and attribute: `value` (JSON text, null for a null) and `value_sha256`, its hash.

    JSON keeps types apart: the text "1" is another value than the number 1. A null is hashed as the word null.
    """
    pairs = F.array(
        *(
            F.struct(F.lit(name).alias("attribute"), F.to_json(F.struct(F.col(name).alias("v"))).alias("value"))
            for name in attributes
        )
    )
    exploded = people.select("person_id", F.inline(pairs))
    value = F.when(F.col("value") != "{}", F.col("value"))  # a null field is left out
    hashed = F.sha2(F.coalesce(value, F.lit("null")), 256)
    return exploded.select(*KEY, value.alias("value"), hashed.alias("value_sha256"))


def sync_set(values: DataFrame, *, standing: DataFrame, destination: str) -> DataFrame:
    """The rows of `attribute_values` that the destination lacks, with `change`: new, changed or cleared.

    `standing` are rows of delivery.sync_state. A null that was never handed over is nothing to send.
    """
    had = standing.where(F.col("destination") == destination).select(*KEY, F.col("value_sha256").alias("had"))
    compared = values.join(had, on=KEY, how="left")  # right side: one row per person and attribute
    differs = ~F.col("value_sha256").eqNullSafe(F.col("had"))
    is_news = F.col("value").isNotNull() | F.col("had").isNotNull()
    change = F.when(F.col("had").isNull(), "new").when(F.col("value").isNull(), "cleared").otherwise("changed")
    return compared.where(differs & is_news).withColumn("change", change).drop("had")


def saved_by_attribute(values: DataFrame, changes: DataFrame) -> DataFrame:
    """One row per attribute: `points` (values there are), those `sent` by the set, and `saved`, which a full
    hand-over would send again."""
    points = values.groupBy("attribute").agg(F.count("value").alias("points"))
    by_change = changes.groupBy("attribute").agg(
        F.count("*").alias("sent"), *(F.count_if(F.col("change") == change).alias(change) for change in CHANGES)
    )
    # right side: one row per attribute
    told = points.join(by_change, on="attribute", how="left").fillna(0)
    return told.withColumn("saved", F.col("points") - F.col("sent") + F.col("cleared"))


def sync_state(changes: DataFrame, *, destination: str, at: Column) -> DataFrame:
    """Rows for delivery.sync_state of changes that were handed over, for a caller to merge."""
    return changes.select(
        "person_id",
        F.lit(destination).alias("destination"),
        "attribute",
        "value_sha256",
        at.alias("handed_over_at"),
    )
