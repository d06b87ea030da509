"""What a table's log tells of its commits."""

from datetime import UTC, datetime

from delta.tables import DeltaTable
from pyspark.sql import functions as F

AHEAD = 100
"""Commits that others may make while the log is read."""


def newest(table: DeltaTable) -> int:
    """The number of the newest commit."""
    found = table.history(1).select("version").first()
    assert found is not None  # a table that exists has a first commit
    return int(found["version"])


def committed_at(table: DeltaTable, version: int) -> datetime | None:
    """When a version was committed; null for one that the log does not hold."""
    wanted = table.history().where(F.col("version") == version)
    row = wanted.select(F.unix_millis("timestamp").alias("at")).first()
    return datetime.fromtimestamp(row["at"] / 1000, UTC) if row else None


def notes(table: DeltaTable, *, after: int) -> list[tuple[int, str | None]]:
    """Version and note of each commit after version `after` that the log still holds."""
    newer = table.history(newest(table) - after + AHEAD).select("version", "userMetadata")
    return [(version, note) for version, note in newer.collect() if version > after]
