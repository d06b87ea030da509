"""Waves: which of the messages that may leave are claimed together, and in which batches they are handed over."""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

ROLLED_OUT = ("place", "message_id")
"""What puts messages into the order of the roll-out."""


def in_waves(
    leaving: DataFrame, *, wave: str, limit: int, batch: int, together: Sequence[str] = ROLLED_OUT
) -> DataFrame:
    """The first `limit` of the messages (one row per `message_id`, with its `place` in the roll-out), with `wave`, its
    id, and `batch`, from 1, but without the place.

    Which they are is the roll-out's order, so that the same messages make the same wave, however their rows lie. A
    batch has at most `batch` of them, that follow each other by the columns `together`.
    """
    if limit < 1 or batch < 1:
        raise ValueError(f"a wave and its batches need 1 message or more, not {limit} and {batch}")
    first = leaving.drop("wave", "batch").orderBy(*ROLLED_OUT).limit(limit)
    # A wave is bounded, so one partition may number it.
    number = F.row_number().over(Window.partitionBy(F.lit(wave)).orderBy(*together))
    numbered = first.withColumn("wave", F.lit(wave)).withColumn("batch", F.ceil(number / F.lit(batch)).cast("int"))
    return numbered.drop("place")
