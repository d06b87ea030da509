"""Purchase features: recency, frequency, spend, cadence and taste, from the order lines known at a moment.

Recency, frequency and monetary value with the gaps between orders follow Fader, Hardie & Lee, "RFM and CLV" (2005);
days since the last order over the customer's own mean gap, Platzer & Reutterer, "Ticking Away the Moments" (2016).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from lettermill.features.moments import DAY, known_at, ratio, within
from lettermill.tables.features import PURCHASE_WINDOWS

TASTE_DAYS = 182
PERSON = ("person_id", "as_of")
SPAN = ("person_id", "occurred_at", "available_at", "outdated_at")


def merchandise(
    order_lines: DataFrame, products: DataFrame, people_of: DataFrame, *, excluded_departments: Sequence[str]
) -> DataFrame:
    """Lines bought that are merchandise, each with the span of time in which we knew just that of it.

    `people_of` (user_id, person_id). Rows: person_id, order_id, occurred_at, department, category, cents, off_cents,
    available_at, outdated_at. A row holds for an as_of in [available_at, outdated_at): a line counts from its own
    arrival, under the class its product had then. A line without a known class is merchandise. Money is in whole
    hundredths, which add up exactly and faster than decimals.
    """
    spans = F.broadcast(products.transform(_class_spans))
    arrived = F.greatest("available_at", F.coalesce("classed_at", "available_at"))
    return (
        order_lines.join(F.broadcast(people_of), on="user_id", how="inner")
        .join(spans, on="product_id", how="left")
        .withColumn("available_at", arrived)
        .where(F.col("outdated_at").isNull() | (F.col("available_at") < F.col("outdated_at")))
        .where(F.col("department").isNull() | ~F.col("department").isin(*excluded_departments))
        .withColumn("cents", (F.col("amount") * 100).cast("bigint"))
        .withColumn("off_cents", (F.coalesce("discount", F.lit(0)) * 100).cast("bigint"))
        .select(*SPAN, "order_id", "department", "category", "cents", "off_cents")
    )


def _class_spans(products: DataFrame) -> DataFrame:
    """Rows (product_id, department, category, classed_at, outdated_at): every class a product had, and when.

    The span before a product's first version has no class; versions that change no class are one span.
    """
    versions = _in_order_of("valid_from")
    same = F.col("department").eqNullSafe(F.lag("department").over(versions)) & F.col("category").eqNullSafe(
        F.lag("category").over(versions)
    )
    is_first = F.lag("valid_from").over(versions).isNull()
    changes = (
        products.select("product_id", "department", "category", "valid_from", (is_first | ~same).alias("is_change"))
        .where("is_change")
        .select("product_id", "department", "category", F.col("valid_from").alias("classed_at"))
    )
    spans = changes.withColumn("outdated_at", F.lead("classed_at").over(_in_order_of("classed_at")))
    unclassed = changes.groupBy("product_id").agg(F.min("classed_at").alias("outdated_at"))
    return spans.unionByName(unclassed, allowMissingColumns=True)


def _in_order_of(instant: str) -> WindowSpec:
    return Window.partitionBy("product_id").orderBy(instant)


def purchase_features(lines: DataFrame, *, moments: Sequence[datetime]) -> DataFrame:
    """One row per person with an order before the as_of, of `merchandise`; tables.features.PURCHASE and more."""
    return (
        lines.transform(_orders, moments=moments)
        .transform(_in_sequence)
        .transform(_added_up)
        .transform(_compared)
        .join(lines.transform(_taste, moments=moments), on=list(PERSON), how="left")
    )


def _orders(lines: DataFrame, *, moments: Sequence[datetime]) -> DataFrame:
    """One row per as_of and order known then. Added up before the rows are repeated for each as_of, and after it."""
    parts = lines.groupBy(*SPAN, "order_id").agg(*_sums("cents", "off_cents"), F.count(F.lit(1)).alias("lines"))
    still = F.col("outdated_at").isNull() | (F.col("as_of") < F.col("outdated_at"))
    known = parts.transform(known_at, moments=moments).where(still)
    return known.groupBy(*PERSON, "order_id", "occurred_at", "age").agg(*_sums("cents", "off_cents", "lines"))


def _sums(*names: str) -> list[Column]:
    return [F.sum(name).alias(name) for name in names]


def _in_sequence(orders: DataFrame) -> DataFrame:
    """Add what an order is among its person's: `gap` (days since the order day before, null within a day), `is_newest`,
    `is_last_day`, and `opens_week`, for the first order of a week counted back from as_of.
    """
    in_order = Window.partitionBy(*PERSON).orderBy("occurred_at", "order_id")
    all_orders = Window.partitionBy(*PERSON)
    gap = F.col("day") - F.lag("day").over(in_order)
    week_before = F.lag("week").over(in_order)
    return (
        orders.withColumn("day", F.unix_date(F.to_date("occurred_at")).cast("bigint"))
        .withColumn("week", F.floor((F.col("age") - 1) / F.lit(float(7 * DAY))))
        .withColumn("gap", F.when(gap != 0, gap))
        .withColumn("opens_week", week_before.isNull() | (week_before != F.col("week")))
        .withColumn("is_newest", F.lead("day").over(in_order).isNull())
        .withColumn("is_last_day", F.col("day") == F.max("day").over(all_orders))
    )


def _added_up(orders: DataFrame) -> DataFrame:
    """One row per person and as_of: counts and sums, all of them of whole numbers."""
    weekday = F.weekday("occurred_at")
    gap, recent_gap = F.col("gap"), F.when(within(91), F.col("gap"))
    return orders.groupBy(*PERSON).agg(
        F.count(F.lit(1)).alias("orders_all"),
        F.max("occurred_at").alias("last_order_at"),
        F.min("age").alias("newest_age"),
        F.max("age").alias("oldest_age"),
        F.sum("cents").alias("cents_all"),
        F.sum(F.when(F.col("is_newest"), F.col("cents"))).alias("cents_last"),
        F.count_if(weekday >= 5).alias("weekend_orders"),
        *(F.count_if(weekday == day).alias(f"orders_on_{day}") for day in range(7)),
        *(F.count_if(F.col("opens_week") & within(days)).alias(f"active_weeks_{days}d") for days in (56, 182)),
        *(F.count_if(within(days)).alias(f"orders_{days}d") for days in PURCHASE_WINDOWS),
        *(_in_window(name, days) for name in ("cents", "off_cents", "lines") for days in PURCHASE_WINDOWS),
        *(F.count(one).alias(f"gaps{name}") for name, one in (("", gap), ("_91d", recent_gap))),
        *(F.sum(one).alias(f"gap_days{name}") for name, one in (("", gap), ("_91d", recent_gap))),
        *(F.max(one).cast("double").alias(f"gap_longest{name}") for name, one in (("", gap), ("_91d", recent_gap))),
        F.sum(gap * gap).alias("gap_squares"),
        F.max(F.when(F.col("is_last_day"), gap)).cast("double").alias("gap_last"),
    )


def _in_window(name: str, days: int) -> Column:
    return F.sum(F.when(within(days), F.col(name)).otherwise(0)).alias(f"{name}_{days}d")


def _compared(people: DataFrame) -> DataFrame:
    """Turn sums into the features: amounts, means, shares, and the newest rate or silence against the usual one."""
    since, tenure = F.col("newest_age") / float(DAY), F.col("oldest_age") / float(DAY)
    gaps, total = F.col("gaps"), F.col("gap_days")
    deviation = F.sqrt(ratio(gaps * F.col("gap_squares") - total * total, gaps * (gaps - 1)))
    busiest = F.greatest(*(F.col(f"orders_on_{day}") for day in range(7)))
    orders, spend = ({days: F.col(f"{name}_{days}d") for days in PURCHASE_WINDOWS} for name in ("orders", "cents"))
    return people.select(
        *PERSON,
        "orders_all",
        "last_order_at",
        since.alias("days_since_order"),
        tenure.alias("tenure_days"),
        *(f"orders_{days}d" for days in PURCHASE_WINDOWS),
        *((spend[days] / 100.0).alias(f"spend_{days}d") for days in PURCHASE_WINDOWS),
        *(F.col(f"lines_{days}d").alias(f"products_{days}d") for days in PURCHASE_WINDOWS),
        *(_discount_share(days) for days in PURCHASE_WINDOWS),
        "active_weeks_56d",
        "active_weeks_182d",
        ratio(orders[28] * 91, orders[91] * 28).alias("order_trend_28d"),
        ratio(orders[91] * F.least(tenure, F.lit(364.0)), orders[364] * 91).alias("order_trend_91d"),
        ratio(spend[28] * 91, spend[91] * 28).alias("spend_trend_28d"),
        ratio(total, gaps).alias("gap_mean"),
        deviation.alias("gap_sd"),
        "gap_longest",
        "gap_last",
        ratio(F.col("gap_days_91d"), F.col("gaps_91d")).alias("gap_mean_91d"),
        "gap_longest_91d",
        ratio(since * gaps, total).alias("overdue"),
        ratio(since * F.col("gaps_91d"), F.col("gap_days_91d")).alias("overdue_91d"),
        ratio(since, F.col("gap_longest")).alias("overdue_longest"),
        ratio(F.col("cents_all"), F.col("orders_all") * 100).alias("basket_mean"),
        (F.col("cents_last") / 100.0).alias("basket_last"),
        ratio(F.col("weekend_orders"), F.col("orders_all")).alias("weekend_share"),
        ratio(busiest, F.col("orders_all")).alias("same_weekday_share"),
    )


def _discount_share(days: int) -> Column:
    discount, spend = F.col(f"off_cents_{days}d"), F.col(f"cents_{days}d")
    return ratio(discount, spend + discount).alias(f"discount_share_{days}d")


def _taste(lines: DataFrame, *, moments: Sequence[datetime]) -> DataFrame:
    """What the person spent most on lately: categories and departments of the products; ties go by name."""
    categories = lines.transform(_favourite, level="category", moments=moments)
    departments = lines.transform(_favourite, level="department", moments=moments)
    return categories.withColumnRenamed("classes", "categories_182d").join(
        departments.drop("classes", "favourite_department"), on=list(PERSON), how="full"
    )


def _favourite(lines: DataFrame, *, level: str, moments: Sequence[datetime]) -> DataFrame:
    # Added up for all moments side by side: a row for each would be several times as many as there are lines.
    spent_by = lines.where(F.col(level).isNotNull()).groupBy("person_id", level)
    spent = spent_by.agg(
        *(F.sum(F.when(_recent(moment), F.col("cents"))).alias(f"at_{at}") for at, moment in enumerate(moments))
    )
    each = (
        F.struct(F.lit(moment).cast("timestamp").alias("as_of"), F.col(f"at_{at}").alias("cents"))
        for at, moment in enumerate(moments)
    )
    by_moment = spent.select("person_id", level, F.inline(F.array(*each))).where(F.col("cents").isNotNull())
    return by_moment.groupBy(*PERSON).agg(
        F.min(F.struct(-F.col("cents"), F.col(level)))[level].alias(f"favourite_{level}"),
        ratio(F.max("cents"), F.sum("cents")).alias(f"favourite_{level}_share_{TASTE_DAYS}d"),
        F.count(F.lit(1)).alias("classes"),
    )


def _recent(moment: datetime) -> Column:
    """Whether a line is known at the moment, under its class, and not older than taste goes back."""
    instant, oldest = F.lit(moment), F.lit(moment - timedelta(days=TASTE_DAYS))
    return (
        (F.col("occurred_at") >= oldest)
        & (F.col("occurred_at") < instant)
        & (F.col("available_at") <= instant)
        & (F.col("outdated_at").isNull() | (F.col("outdated_at") > instant))
    )
