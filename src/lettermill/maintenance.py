"""Keeping a Delta table small: files packed together, and files that nobody needs removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lettermill.errors import TableError
from lettermill.places import Place
from lettermill.positions import Position, positions
from lettermill.tables import Table

SKEW = timedelta(seconds=5)
"""By how much the moment a file left the table may lie before that of its commit."""

WITHOUT_ROWS = {"OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES", "ADD CONSTRAINT"}
"""Commits in which a stream finds nothing to read: it stands before one until the next row arrives."""

DELTA_CHECKS = "spark.databricks.delta.retentionDurationCheck.enabled"
DELTA_LOGS_VACUUM = "spark.databricks.delta.vacuum.logging.enabled"


@dataclass(frozen=True)
class Maintained:
    """What the upkeep of one table did, in files; Delta names 1,000 removed ones at the most."""

    packed: int
    removed: int


def maintain(spark: SparkSession, place: Place, table: Table, *, checkpoints: Path, keep: timedelta) -> Maintained:
    """Pack the small files of `table`, and remove those that left it longer ago than `keep`.

    Raises TableError, before anything is done, where a stream that follows the table has yet to read a commit older
    than that: its files would be gone, and its rows with them.
    """
    name = place.name(table)
    # Under the table's lock no other process writes: a file written and not yet committed would look like a left one.
    with place.commit(table):
        history = spark.sql(f"DESCRIBE HISTORY {name}").select(
            "version", "operation", "timestamp", F.current_timestamp().alias("now")
        )
        _require_read(history, _followers(spark, name, checkpoints), table, keep)
        packed = _pack(spark, name)
        removed = _remove(spark, name, keep, is_alone=place.excludes_writers)
    return Maintained(packed, removed)


def _followers(spark: SparkSession, name: str, checkpoints: Path) -> list[Position]:
    detail = spark.sql(f"DESCRIBE DETAIL {name}").select("id").first()
    assert detail is not None  # a table has a detail
    return positions(checkpoints, table_id=detail["id"]) if checkpoints.is_dir() else []


def _require_read(history: DataFrame, followers: list[Position], table: Table, keep: timedelta) -> None:
    commits = {row["version"]: row for row in history.collect()}
    newest = max(commits)
    oldest_kept = commits[newest]["now"] - keep
    for position in followers:
        version = position.version
        while not position.of_snapshot and version in commits and commits[version]["operation"] in WITHOUT_ROWS:
            version += 1
        if version > newest:
            continue  # it has read everything
        # A commit that the log has forgotten is older than any that it has.
        unread: datetime = commits[max(version, min(commits))]["timestamp"]
        if version not in commits or unread - SKEW < oldest_kept:
            raise TableError(
                f"{table.name} must keep what stream {position.stream} has not read: it stands at version "
                f"{version:,} of {unread:%Y-%m-%d %H:%M:%S}, and what left the table "
                f"{keep.total_seconds() / 3600:g} hours ago would go",
                place=position.stream,
                mend="run the job of that stream first; or keep longer; or remove its checkpoint if it is given up",
            )


def _pack(spark: SparkSession, name: str) -> int:
    detail = spark.sql(f"DESCRIBE DETAIL {name}").select("numFiles").first()
    if detail is None or detail["numFiles"] < 2:
        return 0
    done = spark.sql(f"OPTIMIZE {name}").select("metrics.numFilesRemoved").first()
    return int(done["numFilesRemoved"]) if done else 0


def _remove(spark: SparkSession, name: str, keep: timedelta, *, is_alone: bool) -> int:
    # An entry in the log would be a new version of a table in which nothing changed. Delta's own check, a week, is for
    # writers that nothing else excludes.
    settings = {DELTA_LOGS_VACUUM: "false"} | ({DELTA_CHECKS: "false"} if is_alone else {})
    vacuum = f"VACUUM {name} RETAIN {keep.total_seconds() / 3600:.6f} HOURS"
    with _session(spark, settings):
        going = spark.sql(f"{vacuum} DRY RUN").where("path NOT LIKE '%.crc'").count()  # a local disk's checksums
        if going:
            spark.sql(vacuum)
    return going


@contextmanager
def _session(spark: SparkSession, settings: dict[str, str]) -> Iterator[None]:
    before = {key: spark.conf.get(key, None) for key in settings}
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, was in before.items():
            if was is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, was)
