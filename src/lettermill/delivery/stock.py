"""Stock and prices: which messages show a product that is gone, or a price that has moved."""

from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from lettermill.delivery_rules import Stock


def outdated(rows: DataFrame, *, products: DataFrame, stock: Stock) -> DataFrame:
    """Add `outdated`, why a message that shows what is not so any more must not leave, by the first such product.

    `rows` are of one message each, with its `inputs`; `products` are rows of quality.products as known now, one per
    product. A product is gone where the catalogue does not have it, or has it as not available.
    """
    now = products.select(
        F.col("product_id").alias("id"), F.col("price").alias("price_now"), F.col("is_available").alias("is_there")
    )
    # right side: one row per product
    held = _shown(rows, stock).join(now, on="id", how="left")
    named = F.concat(F.lit("product "), F.coalesce("id", F.lit("without an id")))
    reason = F.when(~F.coalesce("is_there", F.lit(False)), F.concat(named, F.lit(" is gone")))
    if stock.price is not None:
        reason = reason.when(_has_moved(stock), _told(named))
    found = held.withColumn("reason", reason).where(F.col("reason").isNotNull())
    first = found.groupBy("message_id").agg(F.min_by("reason", "place").alias("outdated"))
    return rows.join(first, on="message_id", how="left")  # right side: one row per message


def _shown(rows: DataFrame, stock: Stock) -> DataFrame:
    """One row per message and product that it shows: `place`, `id` and `price` as shown."""
    value = F.col("inputs")[stock.input]
    is_list = isinstance(rows.select(value).schema[0].dataType, ArrayType)
    listed = rows.select("message_id", F.posexplode(value if is_list else F.array(value)).alias("place", "shown"))
    price = F.lit(None) if stock.price is None else F.col("shown")[stock.price]
    return listed.where(F.col("shown").isNotNull()).select(
        "message_id", "place", F.col("shown")[stock.id].alias("id"), price.alias("price")
    )


def _has_moved(stock: Stock) -> Column:
    # Decimals: a price that moved by exactly the tolerance may stay.
    tolerance = F.lit(Decimal(str(stock.price_tolerance)))
    return F.abs(F.col("price_now") - F.col("price")) > F.abs("price") * tolerance


def _told(named: Column) -> Column:
    words = (F.lit("the price of "), named, F.lit(" moved from "), F.col("price").cast("string"), F.lit(" to "))
    return F.concat(*words, F.col("price_now").cast("string"))
