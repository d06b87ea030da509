"""Rows of pulled sources as frames, in the shape that lines of landing files have."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lettermill.ingest.files import LINES
from lettermill.ingest.portions import PulledRow

PULLED = "origin string, position bigint, raw binary, received_at timestamp"


def lines_of_rows(spark: SparkSession, rows: Sequence[PulledRow], *, source: str, commit: int) -> DataFrame:
    """Rows as `events_of_lines` and `records_of_lines` take them; `day_ends_at` is when the source had the row.

    A row without a position gets the number of the commit that stores it. Bytes that are no UTF-8 are kept as they are:
    checks then refuse the row and quarantine has what came.
    """
    given = [row._replace(position=commit if row.position is None else row.position) for row in rows]
    frame = spark.createDataFrame(given, PULLED, verifySchema=False)
    lines = frame.select(
        F.lit(source).alias("source"),
        "origin",
        "position",
        F.col("raw").cast("string").alias("raw"),
        F.col("received_at").alias("day_ends_at"),
    )
    assert [name.split()[0] for name in LINES.split(", ")] == lines.columns
    return lines


def not_standing(lines: DataFrame, standing: DataFrame, *, source: str, from_position: int) -> DataFrame:
    """The rows whose origin and position are not stored yet. `from_position` is the smallest among `lines`: what stands
    below it need not be read."""
    stored = standing.where((F.col("source") == source) & (F.col("position") >= from_position))
    return lines.join(stored.select("origin", "position"), on=["origin", "position"], how="left_anti").select(
        *lines.columns
    )


def not_as_standing(lines: DataFrame, standing: DataFrame, *, source: str) -> DataFrame:
    """The rows that differ from the newest stored version of the same origin, or have none."""
    newest = standing.where(F.col("source") == source).groupBy("origin").agg(F.max_by("raw", "position").alias("raw"))
    return lines.join(newest, on=["origin", "raw"], how="left_anti").select(*lines.columns)
