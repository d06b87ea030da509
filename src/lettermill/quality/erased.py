"""Rows that arrive for people who were erased: not taken, not kept, but counted."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.quality.quarantine import unmended

REASON = "its person was erased"


def dropped_rows(named: DataFrame, arrived: DataFrame, *, refused_by: str) -> DataFrame:
    """Rows for quality.quarantine of the arrived rows that `named` (their origins) says: without what they said."""
    # right side: one row per origin
    of_erased = arrived.join(named.distinct(), on=["source", "origin", "position"], how="inner")
    return of_erased.select(
        F.lit(refused_by).alias("refused_by"),
        "source",
        "origin",
        "position",
        F.lit(0).alias("part"),
        F.lit("erased").alias("disposition"),
        F.array(F.lit(REASON)).alias("reasons"),
        F.lit(b"").alias("raw"),
        F.col("ingested_at").alias("first_seen"),
        *unmended(),
    )
