"""Events in the suite's own words, from each source's."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.quality.mapping.applying import Mappings, mapped
from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import EVENTS

SAID = ("event_id", "kind", "user_id", "anonymous_id", "previous_id", "occurred_at")


def judged_events(arrived: DataFrame, *, mappings: Mappings, rules: Sequence[Rule]) -> DataFrame:
    """Read rows of ingest.events and judge them: the columns of quality.events with `reasons` and the raw row."""
    canonical = mapped(arrived, mappings).select(
        *(F.col(f"read.{name}") for name in SAID),
        "received_at",
        F.col("received_at").alias("available_at"),
        F.col("read.properties").alias("properties"),
        *as_it_came("read"),
    )
    return judge(canonical, rules=rules)


def accepted_events(judged: DataFrame) -> DataFrame:
    """Rows for quality.events."""
    return accepted(judged).select(*EVENTS.column_names)
