"""Rows that are kept while a block reads them more than once."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame


@contextmanager
def held(rows: DataFrame) -> Iterator[DataFrame]:
    """Keep `rows` in memory, or on disk where it is short, so that they are computed once, and planned once.

    A merge plans its source several times, which for a long plan takes longer than the work; and rows stay as Spark has
    them, where `persist` would turn them into columns. Where an executor is lost meanwhile, the job fails, and a rerun
    starts anew.
    """
    kept = rows.localCheckpoint()
    try:
        yield kept
    finally:
        kept._jdf.queryExecution().analyzed().rdd().unpersist(False)  # Spark itself would wait for the JVM's collector
