"""What was known at a moment, for several moments in one pass over the rows."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

DAY = 24 * 60 * 60 * 1_000_000  # microseconds


def at_moments(rows: DataFrame, *, moments: Sequence[datetime]) -> DataFrame:
    """Repeat each row for every `as_of` of `moments`."""
    instants = F.array(*(F.lit(moment).cast("timestamp") for moment in moments))
    return rows.withColumn("as_of", F.explode(instants))


def known_at(rows: DataFrame, *, moments: Sequence[datetime], days: int | None = None) -> DataFrame:
    """Each row with every `as_of` at which it had occurred and arrived, and was at most `days` old; adds `age`.

    `age` is in microseconds, since Spark's intervals go through the calendar for every row.
    """
    known = (
        rows.transform(at_moments, moments=moments)
        .where((F.col("occurred_at") < F.col("as_of")) & (F.col("available_at") <= F.col("as_of")))
        .withColumn("age", F.unix_micros("as_of") - F.unix_micros("occurred_at"))
    )
    return known if days is None else known.where(within(days))


def within(days: int) -> Column:
    """Whether the row occurred in the `days` days before as_of, [as_of - days, as_of), by its `age`."""
    return F.col("age") <= days * DAY


def ratio(upper: Column, lower: Column) -> Column:
    """`upper / lower` as a double, null where `lower` is zero."""
    return upper.cast("double") / F.when(lower != 0, lower.cast("double"))
