"""Events as they arrive."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.ingest.headers import headers_of


def events_of_lines(lines: DataFrame, *, ingested_at: datetime) -> DataFrame:
    """Rows for ingest.events: one per line, with the time at which its source received it, as far as it is known here.

    That is `arrived_at`, where the transport gives each line a time of its own. For other lines it is the source's own
    claim, Segment's `receivedAt`, or else the end of their file's day. The check reads the claim of every event.
    """
    return lines.select(
        "source",
        "origin",
        "position",
        "raw",
        _received(lines).alias("received_at"),
        F.lit(ingested_at).alias("ingested_at"),
        headers_of(lines),
    )


def _received(lines: DataFrame) -> Column:
    if "arrived_at" in lines.columns:
        return F.col("arrived_at")
    return F.coalesce(F.to_timestamp(F.get_json_object("raw", "$.receivedAt")), "day_ends_at")
