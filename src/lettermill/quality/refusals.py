"""How many rows of each source were set aside, and why."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

WHOLE = ""
"""Stands for all reasons together: a row with two reasons is still one row."""


def refusals(quarantine: DataFrame, *, refused_by: list[str]) -> DataFrame:
    """Rows by `source`, `disposition` and `reason` (WHOLE for all), of what the tables `refused_by` did not take."""
    aside = quarantine.where(F.col("refused_by").isin(refused_by))
    reasons = F.array_union(F.array(F.lit(WHOLE)), F.col("reasons"))
    return (
        aside.select("source", "disposition", F.explode(reasons).alias("reason"))
        .groupBy("source", "disposition", "reason")
        .agg(F.count("*").alias("rows"))
    )
