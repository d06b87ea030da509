"""The product catalogue, one row per version of a product."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.quality.events import not_json
from lettermill.quality.quarantine import accepted, mark_duplicates
from lettermill.quality.rules import PRODUCT_RULES, judge
from lettermill.tables.quality import MONEY, PRODUCTS

TEXTS = ("product_id", "name", "brand", "department", "category", "type", "package_size", "currency", "url", "image")
SHAPE = ", ".join(f"{name} string" for name in (*TEXTS, "price", "list_price", "available", "_malformed"))


def judged_products(records: DataFrame, *, standing: DataFrame) -> DataFrame:
    """Judge catalogue rows: the columns of quality.products with `reasons` and `is_duplicate`.

    `standing` are the versions so far; the same product in the same day's extract is a duplicate.
    """
    read = records.withColumn("read", F.from_json("raw", SHAPE, {"columnNameOfCorruptRecord": "_malformed"}))
    products = read.select(
        *(F.nullif(F.trim(f"read.{name}"), F.lit("")).alias(name) for name in TEXTS),
        F.col("read.price").cast(MONEY).alias("price"),
        F.col("read.list_price").cast(MONEY).alias("list_price"),
        F.coalesce(F.lower("read.available").isin("true", "1", "yes"), F.lit(False)).alias("is_available"),
        F.col("extracted_at").alias("valid_from"),
        F.col("extracted_at").alias("received_at"),
        "source",
        "origin",
        "position",
        "raw",
        F.lit(0).alias("part"),
        F.col("ingested_at").alias("first_seen"),
        not_json("raw", "read").alias("not_json"),
    ).withColumn("version_key", F.concat_ws("@", "product_id", "valid_from"))
    versions = standing.select(F.concat_ws("@", "product_id", "valid_from").alias("version_key"), "source", "origin", "position")
    return mark_duplicates(judge(products, rules=PRODUCT_RULES), standing=versions, key="version_key")


def accepted_products(judged: DataFrame) -> DataFrame:
    """Rows for quality.products."""
    return accepted(judged).select(*PRODUCTS.column_names)
