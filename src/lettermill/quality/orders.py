"""Product lines of accepted orders."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.quarantine import accepted
from lettermill.quality.rules import LINE_RULES, judge
from lettermill.tables.quality import ORDER_LINES

LINE = "line_key"


def judged_lines(events: DataFrame) -> DataFrame:
    """Judge the lines of the orders among `events`: the columns of quality.order_lines with `reasons` and LINE, a key.

    One row per product line; `product` holds it as it came.
    """
    orders = events.where(F.col("kind") == "order_completed")
    lines = orders.select("*", F.posexplode("properties.products").alias("place", "product")).select(
        F.col("properties.order_id").alias("order_id"),
        (F.col("place") + 1).alias("line"),
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
        (F.col("place") + 1).alias("part"),
        "product",
        F.col("available_at").alias("first_seen"),
        _line_key("properties.order_id", F.col("place") + 1),
    )
    return judge(lines, rules=LINE_RULES)


def standing_lines(lines: DataFrame) -> DataFrame:
    """Rows of quality.order_lines with LINE. Another event with the same order id is a duplicate, line by line."""
    return lines.select(_line_key("order_id", F.col("line")), "source", "origin", "position")


def _line_key(order_id: str, line: Column) -> Column:
    return F.struct(F.col(order_id).alias("order_id"), line.cast("int").alias("line")).alias(LINE)


def accepted_lines(judged: DataFrame) -> DataFrame:
    """Rows for quality.order_lines."""
    return accepted(judged).select(*ORDER_LINES.column_names)
