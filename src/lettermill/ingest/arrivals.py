"""What came from each source, and whether that is what was expected of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.ingest.sources import Source

State = Literal["fresh", "late", "silent", "few", "many", "unwatched"]
"""late: nothing within the time expected; silent: nothing ever; few, many: in time, but fewer or more rows."""
STALE: tuple[State, ...] = ("late", "silent")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Arrivals:
    """Rows of one source that had arrived by a moment: `recent` within the time it is expected in, `ahead` after it."""

    last: datetime | None = None
    rows: int = 0
    today: int = 0
    recent: int = 0
    ahead: int = 0


@dataclass(frozen=True)
class Audited:
    """One source held against what is expected of it. `reasons` counts its refused rows by rule."""

    name: str
    source: Source
    arrivals: Arrivals
    lag: timedelta | None
    refused: int = 0
    duplicates: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> State:
        expected = self.source.expected
        if self.lag is None:
            return "silent"
        if expected is None:
            return "unwatched"
        if self.lag > expected.span:
            return "late"
        fewest, most = expected.rows or (0, self.arrivals.recent)
        return "few" if self.arrivals.recent < fewest else "many" if self.arrivals.recent > most else "fresh"

    @property
    def refused_share(self) -> float:
        return self.refused / self.arrivals.rows if self.arrivals.rows else 0.0


def arrivals(raw: DataFrame, *, claimed: str, as_of: datetime, within: Mapping[str, timedelta]) -> DataFrame:
    """One row per source of a raw table: `source`, `last`, `rows`, `today`, `recent`, `ahead`.

    `claimed` names the column with the source's own time; `within` says per source what is recent, a day if it does
    not. Today is the 24 hours up to `as_of`. A time after `as_of` counts as `ahead` and as nothing else, so that a
    source whose clock is wrong does not look fresh.
    """
    moment, at = F.lit(as_of), F.col(claimed)
    since = F.lit(as_of - DAY)
    for name, span in within.items():
        since = F.when(F.col("source") == name, F.lit(as_of - span)).otherwise(since)
    had_come = at <= moment
    return raw.groupBy("source").agg(
        F.max(F.when(had_come, at)).alias("last"),
        F.count_if(had_come).alias("rows"),
        F.count_if(had_come & (at > F.lit(as_of - DAY))).alias("today"),
        F.count_if(had_come & (at >= since)).alias("recent"),
        F.count_if(~had_come).alias("ahead"),
    )


def held_against(
    name: str, source: Source, came: Arrivals, *, as_of: datetime, refusals: Mapping[tuple[str, str], int]
) -> Audited:
    """Hold what came from a source against its declaration; `refusals` counts its rows by disposition and reason."""
    lag = None if came.last is None else as_of - came.last
    reasons = {reason: rows for (disposition, reason), rows in refusals.items() if disposition == "refused" and reason}
    whole = {disposition: rows for (disposition, reason), rows in refusals.items() if not reason}
    in_order = dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
    return Audited(name, source, came, lag, whole.get("refused", 0), whole.get("duplicate", 0), reasons=in_order)
