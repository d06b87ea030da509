"""Events in the suite's own words, from each source's."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.quality.mapping.applying import BESIDE, Mappings, mapped
from lettermill.quality.mapping.conversions import iso_instant
from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import EVENTS

CLAIM = "receivedAt"
"""What Segment's spec calls the time at which the source received an event; our gateway gives it to every event."""
SAID = ("event_id", "kind", "user_id", "anonymous_id", "previous_id", "occurred_at")


def judged_events(arrived: DataFrame, *, mappings: Mappings, rules: Sequence[Rule]) -> DataFrame:
    """Read rows of ingest.events and judge them: the columns of quality.events with `reasons` and the raw row.

    `received_at` is the source's own claim; an event without a readable one was received when ingest.events says, so
    that history loaded today is history.
    """
    received = F.coalesce(iso_instant(F.col(f"read.{BESIDE}")), "received_at")
    canonical = mapped(arrived, mappings, beside=CLAIM).select(
        *(F.col(f"read.{name}") for name in SAID),
        received.alias("received_at"),
        F.col("read.properties").alias("properties"),
        *as_it_came("read"),
    )
    return judge(canonical.withColumn("available_at", F.col("received_at")), rules=rules)


def accepted_events(judged: DataFrame) -> DataFrame:
    """Rows for quality.events."""
    return accepted(judged).select(*EVENTS.column_names)
