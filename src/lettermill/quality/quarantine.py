"""What happens to rows that are not taken: they stay, with every reason, as they came."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

ORIGIN = ("source", "origin", "position")
DUPLICATE = "its key is taken by an earlier row"


def mark_duplicates(judged: DataFrame, *, standing: DataFrame, key: str) -> DataFrame:
    """Add `is_duplicate` to rows without reasons: the earliest row of a key stays, in the order of arrival and origin.

    `standing` holds rows taken before, with `key` and the origin; a row that stands already is no duplicate of itself,
    so that a batch that is tried again is judged as it was the first time.
    """
    arrival = Window.partitionBy(key, F.size("reasons") == 0).orderBy("received_at", *ORIGIN)
    taken = standing.select(key, *(F.col(name).alias(f"taken_{name}") for name in ORIGIN))
    by_other = F.col(f"taken_{ORIGIN[0]}").isNotNull() & ~_same_origin()
    repeated = (F.row_number().over(arrival) > 1) & F.col(f"taken_{ORIGIN[0]}").isNull()
    return (
        # right side: one row per key
        judged.join(taken, on=key, how="left")
        .withColumn("is_duplicate", (F.size("reasons") == 0) & (by_other | repeated))
        .drop(*(f"taken_{name}" for name in ORIGIN))
    )


def _same_origin() -> F.Column:
    same = F.lit(True)
    for name in ORIGIN:
        same = same & F.col(f"taken_{name}").eqNullSafe(F.col(name))
    return same


def quarantined(judged: DataFrame, *, refused_by: str) -> DataFrame:
    """Rows for quality.quarantine: those with reasons, and duplicates. `judged` carries `raw`, `part` and `first_seen`."""
    refused = F.size("reasons") > 0
    return judged.where(refused | F.col("is_duplicate")).select(
        F.lit(refused_by).alias("refused_by"),
        *ORIGIN,
        "part",
        F.when(refused, "refused").otherwise("duplicate").alias("disposition"),
        F.when(refused, F.col("reasons")).otherwise(F.array(F.lit(DUPLICATE))).alias("reasons"),
        F.col("raw").cast("binary").alias("raw"),
        "first_seen",
    )


def accepted(judged: DataFrame) -> DataFrame:
    """Rows without a reason that are no duplicates."""
    return judged.where((F.size("reasons") == 0) & ~F.col("is_duplicate"))
