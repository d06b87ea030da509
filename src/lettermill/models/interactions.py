"""Who bought which product how often, as known at a moment: what every recommendation starts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

DAY = 86_400
BILLION = 1_000_000_000


@dataclass(frozen=True)
class CandidateRule:
    """Which products may be recommended, and over how many days they count as popular."""

    least_people: int = 10
    popular_days: int = 28


def interactions(lines: DataFrame, identities: DataFrame, *, as_of: datetime, half_life_days: int = 90) -> DataFrame:
    """Sum up order lines (quality.order_lines) by person and product, as known at `as_of`.

    One row per person_id and product_id: orders and units (bigint), fresh_orders (double: orders, each counted half
    after every `half_life_days`), last_bought_at, typical_gap_days (mean days between orders; null for a single one).
    Lines of nobody in profiles.identities are left out; `lines_of_nobody` has them.
    """
    per_order = (
        _known(lines, as_of)
        .join(_customers(identities), on="user_id", how="inner")
        .repartition("person_id")  # serves both groupings, and whoever gathers a person's rows next
        .groupBy("person_id", "product_id", "order_id")
        .agg(F.sum("quantity").alias("units"), F.min("occurred_at").alias("bought_at"))
    )
    halved = F.pow(F.lit(0.5), _days(F.lit(as_of), F.col("bought_at")) / half_life_days)
    first, last = F.min("bought_at"), F.max("bought_at")
    gap = _days(last, first) / F.when(F.count("*") > 1, F.count("*") - 1)
    return per_order.groupBy("person_id", "product_id").agg(
        F.count("*").alias("orders"),
        F.sum("units").alias("units"),
        # Summed as whole billionths: doubles would depend on the order of the rows.
        (F.sum(F.round(halved * BILLION).cast("bigint")) / BILLION).alias("fresh_orders"),
        last.alias("last_bought_at"),
        F.round(gap, 3).alias("typical_gap_days"),
    )


def lines_of_nobody(lines: DataFrame, identities: DataFrame, *, as_of: datetime) -> DataFrame:
    """Order lines known at `as_of` whose customer is missing or unknown: no person's slate can use them."""
    return _known(lines, as_of).join(_customers(identities), on="user_id", how="left_anti")


def candidates(
    bought: DataFrame, products: DataFrame, *, as_of: datetime, excluded_departments: Sequence[str], rule: CandidateRule
) -> DataFrame:
    """Products that may be recommended: bought by enough people, in the catalogue, outside the excluded departments.

    One row per product_id: category (the product's id where the catalogue has none), is_available, people (bigint, who
    ever bought it) and recent_people (who did in the last days before `as_of`). `bought` comes from `interactions`.
    """
    recent = _days(F.lit(as_of), F.col("last_bought_at")) <= rule.popular_days
    known = (
        bought.groupBy("product_id")
        .agg(F.count("*").alias("people"), F.count_if(recent).alias("recent_people"))
        .where(F.col("people") >= rule.least_people)
    )
    of_catalogue = products.where(~F.coalesce("department", F.lit("")).isin(*excluded_departments)).select(
        "product_id", F.coalesce("category", "product_id").alias("category"), "is_available"
    )
    return known.join(of_catalogue, on="product_id", how="inner").select(
        "product_id", "category", "is_available", "people", "recent_people"
    )


def purchases_between(lines: DataFrame, identities: DataFrame, *, start: datetime, until: datetime) -> DataFrame:
    """Distinct person_id and product_id of purchases in [start, until) that were known at `until`: the truth."""
    later = _known(lines, until).where(F.col("occurred_at") >= start)
    return later.join(_customers(identities), on="user_id", how="inner").select("person_id", "product_id").distinct()


def _known(lines: DataFrame, as_of: datetime) -> DataFrame:
    return lines.where((F.col("occurred_at") < as_of) & (F.col("available_at") <= as_of))


def _customers(identities: DataFrame) -> DataFrame:
    customers = identities.where(F.col("identifier_kind") == "customer_id")
    return customers.select(F.col("identifier").alias("user_id"), "person_id")


def _days(later: Column, earlier: Column) -> Column:
    return (F.unix_micros(later) - F.unix_micros(earlier)) / (DAY * 1_000_000)
