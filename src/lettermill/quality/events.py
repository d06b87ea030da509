"""Events in the suite's own words, from Segment's spec."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import EVENTS, PROPERTIES

# Segment's spec, https://segment.com/docs/connections/spec/common/, as far as it is read.
SHAPE = (
    "messageId string, type string, event string, name string, userId string, anonymousId string, timestamp string, "
    f"originalTimestamp string, properties {PROPERTIES}, _malformed string"
)


def judged_events(arrived: DataFrame, *, rules: Sequence[Rule]) -> DataFrame:
    """Read rows of ingest.events and judge them: the columns of quality.events with `reasons` and the raw row."""
    options = {"columnNameOfCorruptRecord": "_malformed", "mode": "PERMISSIVE"}
    read = arrived.withColumn("read", F.from_json("raw", SHAPE, options))
    canonical = read.select(
        F.col("read.messageId").alias("event_id"),
        _kind().alias("kind"),
        F.col("read.userId").alias("user_id"),
        F.col("read.anonymousId").alias("anonymous_id"),
        F.to_timestamp(F.coalesce("read.timestamp", "read.originalTimestamp")).alias("occurred_at"),
        "received_at",
        F.col("received_at").alias("available_at"),
        F.col("read.properties").alias("properties"),
        *as_it_came("read"),
    )
    return judge(canonical, rules=rules)


def accepted_events(judged: DataFrame) -> DataFrame:
    """Rows for quality.events."""
    return accepted(judged).select(*EVENTS.column_names)


def _kind() -> Column:
    """Segment's event name in snake_case; a page call is page_viewed."""
    words = F.regexp_replace(F.trim("read.event"), r"[^A-Za-z0-9]+", "_")
    return F.when(F.col("read.type") == "page", "page_viewed").when(F.col("read.type") == "track", F.lower(words))
