"""Product lines of accepted orders."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.quarantine import accepted
from lettermill.quality.rules import Rule, judge
from lettermill.tables.quality import ORDER_LINES, ORDERED_PRODUCT

LINE = "line_key"


def judged_lines(events: DataFrame, *, rules: Sequence[Rule]) -> DataFrame:
    """Judge the lines of the orders among `events`: the columns of quality.order_lines with `reasons` and LINE, a key.

    One row per product line; `product` holds it as it came.
    """
    orders = events.where(F.col("kind") == "order_completed")
    lines = orders.select("*", F.posexplode("properties.products").alias("place", "product"))
    return judge(_typed(lines.withColumn("part", F.col("place") + 1)), rules=rules)


def judged_again(events: DataFrame, refused: DataFrame, *, rules: Sequence[Rule]) -> DataFrame:
    """Judge lines of `events` that were `refused` (rows of quality.quarantine), as they came or as they were mended."""
    mended = F.from_json(F.coalesce("mended", "raw").cast("string"), ORDERED_PRODUCT)
    # right side: one row per origin
    lines = refused.join(events, on=["source", "origin", "position"], how="inner").withColumn("product", mended)
    return judge(_typed(lines), rules=rules)


def _typed(lines: DataFrame) -> DataFrame:
    return lines.select(
        F.col("properties.order_id").alias("order_id"),
        F.col("part").alias("line"),
        "event_id",
        "user_id",
        F.col("product.product_id").alias("product_id"),
        F.col("product.quantity").alias("quantity"),
        F.col("product.value").alias("amount"),
        F.col("product.discount").alias("discount"),
        F.col("properties.currency").alias("currency"),
        "occurred_at",
        "received_at",
        "available_at",
        "source",
        "origin",
        "position",
        "part",
        "product",
        F.col("available_at").alias("first_seen"),
        _line_key("properties.order_id", F.col("part")),
    )


def standing_lines(lines: DataFrame) -> DataFrame:
    """Rows of quality.order_lines with LINE. Another event with the same order id is a duplicate, line by line."""
    return lines.select(_line_key("order_id", F.col("line")), "source", "origin", "position")


def _line_key(order_id: str, line: Column) -> Column:
    return F.struct(F.col(order_id).alias("order_id"), line.cast("int").alias("line")).alias(LINE)


def accepted_lines(judged: DataFrame) -> DataFrame:
    """Rows for quality.order_lines."""
    return accepted(judged).select(*ORDER_LINES.column_names)
