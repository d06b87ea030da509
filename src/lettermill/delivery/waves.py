"""Waves: which of the messages that may leave are claimed together, and in which batches they are handed over."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def in_waves(leaving: DataFrame, *, wave: str, limit: int, batch: int) -> DataFrame:
    """The first `limit` of the messages (one row per `message_id`, with its `place` in the roll-out), with `wave`, its
    id, and `batch`, from 1, but without the place.

    A batch has at most `batch` messages. Their order is the roll-out's, so that the same messages make the same wave,
    however their rows lie.
    """
    if limit < 1 or batch < 1:
        raise ValueError(f"a wave and its batches need 1 message or more, not {limit} and {batch}")
    in_order = ("place", "message_id")
    first = leaving.drop("wave", "batch").orderBy(*in_order).limit(limit)
    # A wave is bounded, so one partition may number it.
    number = F.row_number().over(Window.partitionBy(F.lit(wave)).orderBy(*in_order))
    numbered = first.withColumn("wave", F.lit(wave)).withColumn("batch", F.ceil(number / F.lit(batch)).cast("int"))
    return numbered.drop("place")
