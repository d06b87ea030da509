"""Taking rows out of a Delta table for good: the rows, then the versions that still have them. Only Lake calls this."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, Row, SparkSession

from lettermill.positions import positions

APPEND_ONLY = "delta.appendOnly"
CHECK = "spark.databricks.delta.retentionDurationCheck.enabled"


def delete_rows(table: DeltaTable, keys: DataFrame, *, name: str) -> None:
    """Delete the rows whose columns equal a row of `keys`; append-only is lifted meanwhile.

    By a merge, since the condition of a plain delete would write the values into the table's log.
    """
    same = " AND ".join(f"target.`{column}` <=> source.`{column}`" for column in keys.columns)
    with _deletable(table, name):
        table.alias("target").merge(keys.distinct().alias("source"), same).whenMatchedDelete().execute()


def blank_columns(table: DeltaTable, keys: DataFrame, columns: Sequence[str], *, name: str) -> None:
    """Make `columns` null in the rows whose columns equal a row of `keys`; the rows stay."""
    same = " AND ".join(f"target.`{column}` <=> source.`{column}`" for column in keys.columns)
    filled = " OR ".join(f"target.`{column}` IS NOT NULL" for column in columns)
    with _deletable(table, name):
        merging = table.alias("target").merge(keys.distinct().alias("source"), same)
        merging.whenMatchedUpdate(condition=filled, set=dict.fromkeys(columns, "NULL")).execute()


def purge_history(table: DeltaTable, *, name: str, retain_hours: float, spark: SparkSession) -> None:
    """Rewrite files that hold deleted rows, and remove files of versions older than `retain_hours`."""
    spark.sql(f"REORG TABLE {name} APPLY (PURGE)")
    before = spark.conf.get(CHECK, "true")
    spark.conf.set(CHECK, "false")
    try:
        table.vacuum(retain_hours)
    finally:
        spark.conf.set(CHECK, str(before))


def streams_behind(table: DeltaTable, checkpoints: Path) -> list[str]:
    """Streams, by the folder of their checkpoint, that have not read all rows added to the table.

    Their next batch would look for files that a purge removes.
    """
    detail = table.detail().select("id").first()
    assert detail is not None
    followers = positions(checkpoints, table_id=detail["id"])
    if not followers:
        return []
    newest = max((row["version"] for row in table.history().collect() if _adds(row)), default=-1)
    return sorted(position.stream for position in followers if position.version <= newest)


def _adds(commit: Row) -> bool:
    """Whether a commit of the table's history brought rows that a stream is to read."""
    metrics = commit["operationMetrics"] or {}
    rows = metrics.get("numTargetRowsInserted", metrics.get("numOutputRows", "0"))
    return commit["operation"] in ("WRITE", "STREAMING UPDATE", "MERGE") and int(rows) > 0


@contextmanager
def _deletable(table: DeltaTable, name: str) -> Iterator[None]:
    spark: SparkSession = table.toDF().sparkSession
    detail = table.detail().select("properties").first()
    if not detail or detail["properties"].get(APPEND_ONLY) != "true":
        yield
        return
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('{APPEND_ONLY}' = 'false')")
    try:
        yield
    finally:
        spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('{APPEND_ONLY}' = 'true')")
