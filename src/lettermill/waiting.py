"""How long rows waited, for the summary of a run."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

WAITED = {"median": 0.5, "95 %": 0.95, "longest": 1.0}


def waited(rows: DataFrame, *, since: str, until: datetime, what: str) -> str:
    """How long rows waited from the instant in their column `since` to `until`, for the summary."""
    seconds = (F.unix_millis(F.lit(until)) - F.unix_millis(since)) / 1_000
    shares = F.percentile(seconds, F.array(*(F.lit(share) for share in WAITED.values())))
    (row,) = rows.agg(shares.alias("waited")).collect()
    told = zip(WAITED, row["waited"] or [], strict=False)
    return f"{what}: " + ", ".join(f"{word} {each:,.1f} s" for word, each in told)
