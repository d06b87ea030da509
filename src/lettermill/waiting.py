"""How long rows waited, for the summary of a run."""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

WAITED = {"median": 0.5, "95 %": 0.95, "longest": 1.0}
HISTORY = timedelta(days=7)
"""What came longer ago did not wait for anybody: it was loaded."""


def waited(rows: DataFrame, *, since: str, until: datetime, what: str) -> str:
    """How long rows waited from the instant in their column `since` to `until`, for the summary.

    Rows of history are counted, and not waited for.
    """
    seconds = (F.unix_millis(F.lit(until)) - F.unix_millis(since)) / 1_000
    is_history = seconds > HISTORY.total_seconds()
    shares = F.percentile(F.when(~is_history, seconds), F.array(*(F.lit(share) for share in WAITED.values())))
    (row,) = rows.agg(shares.alias("waited"), F.count_if(is_history).alias("history")).collect()
    told = [
        f"{word} {each:,.1f} s" for word, each in zip(WAITED, row["waited"] or [], strict=False) if each is not None
    ]
    history = [f"{row['history']:,} rows of history"] if row["history"] else []
    return f"{what}: " + ", ".join([*told, *history])
