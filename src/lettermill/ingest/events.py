"""Events as they arrive."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.ingest.headers import headers_of


def events_of_lines(lines: DataFrame, *, ingested_at: datetime) -> DataFrame:
    """Rows for ingest.events: one per line, with the source's own claim of when it received the event.

    The claim is Segment's `receivedAt`; a row without a readable one counts as received when its file's day ended, or
    when Kafka says, so that history loaded today is history.
    """
    claimed = F.to_timestamp(F.get_json_object("raw", "$.receivedAt"))
    return lines.select(
        "source",
        "origin",
        "position",
        "raw",
        F.coalesce(claimed, "day_ends_at").alias("received_at"),
        F.lit(ingested_at).alias("ingested_at"),
        headers_of(lines),
    )
