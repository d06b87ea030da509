"""Waves: which of the messages that may leave are claimed together, and in which batches they are handed over."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lettermill.delivery.roll_out import place

PLACE = "_place"


def in_waves(leaving: DataFrame, *, wave: str, limit: int, batch: int) -> DataFrame:
    """The first `limit` of the messages (one row per `message_id`) with `wave`, its id, and `batch`, from 1.

    A batch has at most `batch` messages. Their order is the roll-out's, so that the same messages make the same wave,
    however their rows lie.
    """
    if limit < 1 or batch < 1:
        raise ValueError(f"a wave and its batches need 1 message or more, not {limit} and {batch}")
    # A place is a hash of hashes: it is made once of each row, not with each comparison.
    placed = leaving.drop("wave", "batch").withColumn(PLACE, place(F.col("message_id")))
    first = placed.orderBy(PLACE, "message_id").limit(limit)
    # A wave is bounded, so one partition may number it.
    number = F.row_number().over(Window.partitionBy(F.lit(wave)).orderBy(PLACE, "message_id"))
    numbered = first.withColumn("wave", F.lit(wave)).withColumn("batch", F.ceil(number / F.lit(batch)).cast("int"))
    return numbered.drop(PLACE)
