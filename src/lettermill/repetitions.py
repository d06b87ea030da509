"""Finding a batch's duplicates beside a large table: what the check jobs share."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.holding import held
from lettermill.quality.quarantine import hashed_keys, marked, repeated, seen_before, standing_among, suspects

SENT_TO_EVERY_TASK = 2_000_000
"""Rows that fit the memory of one task where little more than a number is sent of each."""


@contextmanager
def duplicates_marked(judged: DataFrame, *, standing: DataFrame, key: str) -> Iterator[DataFrame]:
    """The judged rows of a batch with their duplicates marked, held while the block writes them.

    The rows are read and judged once; the standing table is read once, and of a batch that fits, neither shuffled nor
    sorted. Only rows whose key is there twice, by its hash, are compared: of most batches few.
    """
    with (
        held(judged) as rows,
        held(hashed_keys(rows, key=key)) as hashes,
        held(standing_among(standing, _sent(hashes), key=key)) as taken,
    ):
        twice = _sent(repeated(hashes, standing=taken))
        with held(seen_before(suspects(rows, twice, key=key), standing=taken, key=key)) as seen:
            yield marked(rows, seen=_sent(seen))


def _sent(rows: DataFrame) -> DataFrame:
    """`rows`, sent to every task of a join where they are few enough; of rows that are held, Spark has no figures."""
    return F.broadcast(rows) if rows.count() <= SENT_TO_EVERY_TASK else rows
