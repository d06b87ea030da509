"""Finding a batch's duplicates beside a large table: what the check jobs share."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame

from lettermill.holding import held
from lettermill.quality.quarantine import marked, seen_before, standing_among

SENT_TO_EVERY_TASK = 2_000_000
"""Rows of a batch whose keys fit the memory of one task: about 100 bytes each."""


@contextmanager
def duplicates_marked(judged: DataFrame, *, standing: DataFrame, key: str) -> Iterator[DataFrame]:
    """The judged rows of a batch with their duplicates marked, held while the block writes them.

    The rows are read and judged once; the standing table is read once, and of a batch that fits, neither shuffled nor
    sorted.
    """
    with held(judged) as rows:
        if rows.count() <= SENT_TO_EVERY_TASK:
            standing = standing_among(standing, rows, key=key)
        seen = seen_before(rows, standing=standing, key=key).persist()
        try:
            seen.count()  # then it is known to be small, and what is written joins it without moving the rows
            yield marked(rows, seen=seen)
        finally:
            seen.unpersist()
