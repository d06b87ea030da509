"""Product lines of accepted orders."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.quality.quarantine import accepted, mark_duplicates
from lettermill.quality.rules import LINE_RULES, judge
from lettermill.tables.quality import ORDER_LINES


def judged_lines(events: DataFrame, *, standing: DataFrame) -> DataFrame:
    """Lines of the orders among `events`, judged: the columns of quality.order_lines with `reasons`, `is_duplicate`.

    `standing` are the lines so far. Another event with the same order id is a duplicate, line by line.
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
        F.to_json("product").alias("raw"),
        F.col("available_at").alias("first_seen"),
        F.concat_ws("/", "properties.order_id", F.col("place") + 1).alias("line_key"),
    )
    # A line stands under the event it came in, which has one origin.
    taken = standing.join(events.select("event_id", "source", "origin", "position"), on="event_id", how="left").select(
        F.concat_ws("/", "order_id", "line").alias("line_key"),
        F.coalesce("source", F.lit("")).alias("source"),
        F.coalesce("origin", "event_id").alias("origin"),
        F.coalesce("position", F.lit(0)).alias("position"),
    )
    return mark_duplicates(judge(lines, rules=LINE_RULES), standing=taken, key="line_key")


def accepted_lines(judged: DataFrame) -> DataFrame:
    """Rows for quality.order_lines."""
    return accepted(judged).select(*ORDER_LINES.column_names)
