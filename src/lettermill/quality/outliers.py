"""Outliers and spikes: orders and customers that are far from the others, or from what they used to be.

Robust z-scores hold a value against the median and the median absolute deviation (Iglewicz & Hoaglin, "How to Detect
and Handle Outliers", 1993), which a few wild values do not move; the interquartile rule is Tukey's (1977).
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.quality.definition import Outlier, Spike

NORMAL = 1.4826
"""Median absolute deviations in a standard deviation of the normal distribution, 1 / 0.6745."""
SUBJECTS = {"order": "order_id", "customer": "user_id"}
MONDAY = 4  # 1970-01-05, in days


def robust_z(values: DataFrame) -> DataFrame:
    """Add `usual` (median) and `score` to rows with `value`: robust standard deviations from the median.

    The score is null where half of the values or more are one value, so that nothing can be told of the spread.
    """
    middle = values.agg(F.percentile("value", F.lit(0.5)).alias("usual"))
    off = values.crossJoin(F.broadcast(middle)).withColumn("off", F.abs(F.col("value") - F.col("usual")))
    spread = off.agg((F.percentile("off", F.lit(0.5)) * NORMAL).alias("spread"))
    score = (F.col("value") - F.col("usual")) / F.when(F.col("spread") != 0, F.col("spread"))
    return off.crossJoin(F.broadcast(spread)).withColumn("score", score).drop("off", "spread")


def iqr(values: DataFrame) -> DataFrame:
    """Add `usual` (the nearer quartile) and `score` to rows with `value`: interquartile ranges beyond the quartiles."""
    quartiles = values.agg(
        F.percentile("value", F.lit(0.25)).alias("low"), F.percentile("value", F.lit(0.75)).alias("high")
    )
    value, low, high = F.col("value"), F.col("low"), F.col("high")
    beyond = F.greatest(value - high, F.lit(0.0)) + F.least(value - low, F.lit(0.0))
    nearer = F.when(value - low < high - value, low).otherwise(high)
    scored = values.crossJoin(F.broadcast(quartiles)).withColumn("score", beyond / F.when(high != low, high - low))
    return scored.withColumn("usual", nearer).drop("low", "high")


METHODS = {"robust_z": robust_z, "iqr": iqr}


def measured_subjects(lines: DataFrame, rule: Outlier) -> DataFrame:
    """One row per subject with its `observed` measure, `usual`, and `score`, of known order lines."""
    subject = SUBJECTS[rule.subject]
    asked = lines.where(F.col(subject).isNotNull() & _asked(rule.filter))
    observed = asked.groupBy(F.col(subject).alias("subject_id")).agg(
        F.expr(rule.measure).cast("double").alias("observed"), F.min("user_id").alias("user_id")
    )
    value = F.log1p(F.greatest("observed", F.lit(0.0))) if rule.scale == "log" else F.col("observed")
    scored = METHODS[rule.method](observed.where("observed IS NOT NULL").withColumn("value", value))
    return scored.withColumn("usual", F.expm1("usual") if rule.scale == "log" else F.col("usual")).drop("value")


def outliers(scored: DataFrame, rule: Outlier) -> DataFrame:
    """Findings: finding, kind, subject_kind, subject_id, user_id, observed, usual, score, detail, holds."""
    far = (F.abs("score") > rule.limit) & (F.col("observed") >= rule.least)
    unit = "robust standard deviations" if rule.method == "robust_z" else "interquartile ranges"
    told = f"{rule.subject} %s: %s is %.2f, usual is %.2f (%.1f {unit} off)"
    return scored.where(far).select(
        F.lit(rule.name).alias("finding"),
        F.lit("outlier").alias("kind"),
        F.lit(rule.subject).alias("subject_kind"),
        "subject_id",
        "user_id",
        "observed",
        "usual",
        "score",
        F.format_string(told, "subject_id", F.lit(rule.measure), "observed", "usual", "score").alias("detail"),
        F.lit(rule.holds).alias("holds"),
    )


def weekly_orders(lines: DataFrame, rule: Spike) -> DataFrame:
    """One row per customer and week with an order: `orders` in it. Weeks begin on Mondays, UTC."""
    asked = lines.where(F.col("user_id").isNotNull() & _asked(rule.filter))
    day = F.unix_date(F.to_date("occurred_at"))
    week = F.floor((day - MONDAY) / 7).alias("week")
    return asked.groupBy(F.col("user_id").alias("subject_id"), week).agg(F.countDistinct("order_id").alias("orders"))


def scored_weeks(weekly: DataFrame, rule: Spike, *, as_of: datetime) -> DataFrame:
    """The customers' last weeks, each held against the customer's own weeks before it, empty ones too.

    The spread is the robust standard deviation of those weeks, but never less than that of chance: sqrt(median + 1),
    since counts of independent orders scatter by the root of their mean (Poisson). `score` is null before a customer
    has enough weeks.
    """
    last = (as_of - timedelta(microseconds=1)).date()
    now = (last.toordinal() - datetime(1970, 1, 1).toordinal() - MONDAY) // 7
    before = Window.partitionBy("subject_id").orderBy("week").rowsBetween(Window.unboundedPreceding, -1)
    first = F.min("week").over(Window.partitionBy("subject_id"))
    asked = (
        weekly.withColumn("first", first)
        .withColumn("earlier", F.collect_list(F.col("orders").cast("double")).over(before))
        .where(F.col("week") > now - rule.look_back_weeks)
    )
    return (
        asked.withColumn("weeks", F.col("week") - F.col("first"))
        .withColumn("earlier", F.concat("earlier", _zeros(F.col("weeks") - F.size("earlier"))))
        .withColumn("usual", _median(F.col("earlier")))
        .withColumn("off", _median(F.transform("earlier", lambda one: F.abs(one - F.col("usual")))))
        .withColumn("spread", F.greatest(F.col("off") * NORMAL, F.sqrt(F.col("usual") + 1)))
        .withColumn(
            "score", F.when(F.col("weeks") >= rule.least_weeks, (F.col("orders") - F.col("usual")) / F.col("spread"))
        )
        .drop("earlier", "off", "spread", "first")
    )


def spikes(scored: DataFrame, rule: Spike) -> DataFrame:
    """Findings among scored weeks, as `outliers` gives them, with the `week` of each."""
    sudden = (F.col("score") > rule.limit) & (F.col("orders") >= rule.least_orders)
    week = F.date_from_unix_date((F.col("week") * 7 + MONDAY).cast("int"))
    told = "customer %s: %d orders in the week of %s, usual is %.1f (%.1f robust standard deviations off)"
    return scored.where(sudden).select(
        F.lit(rule.name).alias("finding"),
        F.lit("spike").alias("kind"),
        F.lit("customer").alias("subject_kind"),
        "subject_id",
        week.alias("week"),
        F.col("orders").cast("double").alias("observed"),
        "usual",
        "score",
        F.format_string(told, "subject_id", "orders", week.cast("string"), "usual", "score").alias("detail"),
        F.lit(rule.holds).alias("holds"),
    )


def _asked(condition: str | None) -> Column:
    return F.lit(True) if condition is None else F.coalesce(F.expr(condition), F.lit(False))


def _zeros(number: Column) -> Column:
    return F.array_repeat(F.lit(0.0), F.greatest(number.cast("int"), F.lit(0)))


def _median(values: Column) -> Column:
    """The median of an array of doubles; null of an empty one."""
    ordered = F.array_sort(values)
    size = F.size(values)
    lower, upper = F.floor((size + 1) / 2).cast("int"), F.floor((size + 2) / 2).cast("int")
    return F.when(size > 0, (F.element_at(ordered, lower) + F.element_at(ordered, upper)) / 2)


def known_lines(lines: DataFrame, *, as_of: datetime) -> DataFrame:
    """Order lines that had occurred before `as_of` and arrived by it."""
    return lines.where((F.col("occurred_at") < F.lit(as_of)) & (F.col("available_at") <= F.lit(as_of)))
