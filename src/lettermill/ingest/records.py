"""Versions of records as a source extracted them."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.ingest.headers import headers_of


def records_of_lines(lines: DataFrame, *, ingested_at: datetime) -> DataFrame:
    """Rows for ingest.records: one per line; an extract is as old as the day in its file's name, or as Kafka says."""
    return lines.select(
        "source",
        "origin",
        "position",
        "raw",
        F.col("day_ends_at").alias("extracted_at"),
        F.lit(ingested_at).alias("ingested_at"),
        headers_of(lines),
    )
