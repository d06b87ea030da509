"""The product catalogue, one row per version of a product."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.mapping.applying import Mappings, mapped
from lettermill.quality.quarantine import accepted
from lettermill.quality.raw import as_it_came
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import MONEY, PRODUCTS

VERSION = "version_key"
TEXTS = ("product_id", "name", "brand", "department", "category", "type", "package_size", "currency", "url", "image")


def judged_products(records: DataFrame, *, mappings: Mappings, rules: Sequence[Rule]) -> DataFrame:
    """Judge catalogue rows by `rules`: the columns of quality.products with `reasons` and VERSION, their key."""
    products = mapped(records, mappings).select(
        *(F.nullif(F.trim(f"read.{name}"), F.lit("")).alias(name) for name in TEXTS),
        F.col("read.price").cast(MONEY).alias("price"),
        F.col("read.list_price").cast(MONEY).alias("list_price"),
        F.coalesce(F.lower("read.available").isin("true", "1", "yes"), F.lit(False)).alias("is_available"),
        F.col("extracted_at").alias("valid_from"),
        F.col("extracted_at").alias("received_at"),
        *as_it_came("read"),
        _version_key(F.nullif(F.trim("read.product_id"), F.lit("")), F.col("extracted_at")),
    )
    return judge(products, rules=rules)


def standing_products(products: DataFrame) -> DataFrame:
    """Rows of quality.products with VERSION. The same product twice in one day's extract is a duplicate."""
    return products.select(_version_key(F.col("product_id"), F.col("valid_from")), "source", "origin", "position")


def _version_key(product_id: Column, valid_from: Column) -> Column:
    return F.struct(product_id.alias("product_id"), valid_from.alias("valid_from")).alias(VERSION)


def accepted_products(judged: DataFrame) -> DataFrame:
    """Rows for quality.products."""
    return accepted(judged).select(*PRODUCTS.column_names)
