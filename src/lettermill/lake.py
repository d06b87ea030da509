"""The only door to tables: few verbs, each meaning one thing, each safe to repeat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lettermill import commit_log, purging, tables
from lettermill.batch import Batch, checkpoint_id
from lettermill.delta_layout import conform, differs, properties, same_key
from lettermill.errors import TableError
from lettermill.holding import held
from lettermill.maintenance import Maintained, maintain
from lettermill.places import Catalog, Folder, Place
from lettermill.tables import Table

__all__ = ["Batch", "Catalog", "Folder", "Lake", "Place", "conform"]

APP_ID = "spark.databricks.delta.write.txnAppId"
GONE = "_gone"
APP_VERSION = "spark.databricks.delta.write.txnVersion"


@dataclass(frozen=True)
class Lake:
    """Tables of one folder or catalogue. `checkpoints` holds the positions of streams."""

    spark: SparkSession
    place: Place
    checkpoints: Path
    batch: Batch | None = None

    def exists(self, table: Table) -> bool:
        return self.place.exists(self.spark, table)

    def read(self, table: Table, *, version: int | None = None) -> DataFrame:
        """The rows of `table`, now or at a version. Raises TableError where nobody has written it yet."""
        self._require(table)
        reader = self.spark.read.format("delta")
        return self.place.load(reader if version is None else reader.option("versionAsOf", version), table)

    def newest(self, table: Table, *, by: str, at: datetime) -> DataFrame:
        """The newest row per key without `by` among those whose `by` is not after `at`."""
        key = [name for name in table.key if name != by]
        rows = self.read(table).where(F.col(by) <= F.lit(at))
        return rows.groupBy(*key).agg(F.max_by(F.struct("*"), by).alias("newest")).select("newest.*")

    def version(self, table: Table) -> int:
        """The number of the newest commit to `table`."""
        self._require(table)
        return self.place.newest(self.spark, table)

    def committed_at(self, table: Table, *, version: int) -> datetime | None:
        """When a version of `table` was committed; null for one that the log does not hold."""
        self._require(table)
        return commit_log.committed_at(self._delta(table), version)

    def notes(self, table: Table, *, after: int) -> list[tuple[int, str | None]]:
        """Version and note of each commit after version `after` that the log still holds."""
        return commit_log.notes(self._delta(table), after=after)

    def changes(self, table: Table, *, after: int) -> DataFrame:
        """Row changes of the commits after version `after`, with `_change_type` and `_commit_version`."""
        reader = self.spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", after + 1)
        return self.place.load(reader, table)

    def files(self, table: Table, *, version: int | None = None) -> list[str]:
        """Paths of the Parquet files that hold exactly the table's rows, for tasks that read them by themselves.

        Empty where files alone do not tell (deletion vectors, renamed columns), or only Spark has the keys to them.
        """
        self._require(table)
        detail = self._delta(table).detail().select("properties").first()
        has = detail["properties"] if detail else {}
        by_name = has.get("delta.columnMapping.mode", "none") == "none"
        if not by_name or has.get("delta.enableDeletionVectors", "false") == "true":
            return []
        places = [urlparse(file) for file in self.read(table, version=version).inputFiles()]
        return [unquote(place.path) for place in places] if all(p.scheme in ("", "file") for p in places) else []

    def create(self, table: Table) -> None:
        """Create `table` as declared, if it is not there."""
        if self.exists(table):
            return
        builder = DeltaTable.createIfNotExists(self.spark)
        for column in table.columns:
            builder = builder.addColumn(column.name, column.type, nullable=not column.required, comment=column.meaning)
        if table.cluster_by:
            builder = builder.clusterBy(*table.cluster_by)
        for name, value in properties(table).items():
            builder = builder.property(name, value)
        with self.place.commit(table):
            self.place.locate(self.spark, builder.comment(table.grain), table).execute()

    def append(self, rows: DataFrame, *, to: Table) -> None:
        """Add `rows`. Only inside a batch, whose transaction id makes a repeat a no-op."""
        if self.batch is None:
            raise TableError(f"append to {to.name} outside a batch would double on a rerun", mend="use add, or follow")
        self.create(to)
        app_id, number = self.batch.next_write(to)
        writer = conform(rows, to).write.format("delta").mode("append").options(txnAppId=app_id, txnVersion=number)
        with self.place.commit(to):
            self.place.save(writer.option("userMetadata", self.batch.note) if self.batch.note else writer, to)

    def add(self, rows: DataFrame, *, to: Table, above: Mapping[str, int] | None = None) -> None:
        """Add the rows whose key is not there. If all are `above` (column -> number), no other row is read."""
        self.create(to)
        with held(conform(rows, to)) as offered:
            self._commit(self._merging(offered, to, above).whenNotMatchedInsertAll(), to)

    def merge(self, rows: DataFrame, *, into: Table) -> None:
        """Add rows with a new key and overwrite those whose other columns differ; nothing new commits nothing."""
        self.create(into)
        # Delta rewrites every file that holds a matched key, changed or not, so only what differs is offered.
        with held(conform(rows, into)) as fresh, held(fresh.subtract(self.read(into))) as changed:
            if not changed.isEmpty():
                self._commit(self._merging(changed, into).whenMatchedUpdateAll().whenNotMatchedInsertAll(), into)

    def move(self, rows: DataFrame, *, of: Table, seen: Sequence[str], at: int | None = None) -> bool:
        """Overwrite the standing rows whose columns `seen` still are as `rows` say (`<column>_before`).

        A row that somebody moved meanwhile stays: read again to see which are yours. With `at`, the version the rows
        were made of, nothing is moved, or false is told, once anybody has committed since.
        """
        expected = " AND ".join(f"target.{name} <=> source.{name}_before" for name in seen)
        changed = {column.name: f"source.{column.name}" for column in of.columns}
        with held(rows) as fresh:
            if fresh.isEmpty():
                return True
            with self.place.commit(of):
                if at is not None and self.version(of) != at:
                    return False
                self._merging(fresh, of).whenMatchedUpdate(expected, changed).execute()  # type: ignore[arg-type]
                return at is None or self.version(of) == at + 1

    def replace(self, rows: DataFrame, *, into: Table, where: Mapping[str, Any]) -> None:
        """Make the rows that match `where` (column -> value; {}: all) equal to `rows`; nothing new commits nothing."""
        self.create(into)
        standing, in_slice = self.read(into), F.lit(True)
        for name, value in where.items():
            standing = standing.where(F.col(name) == F.lit(value))
            in_slice &= F.col(f"target.{name}") == F.lit(value)
        with held(conform(rows, into)) as fresh:
            gone = standing.join(fresh, on=list(into.key), how="left_anti")
            if not (fresh.subtract(standing).isEmpty() and gone.isEmpty()):
                merging = self._merging(fresh, into).whenMatchedUpdateAll(condition=differs(into))
                self._commit(merging.whenNotMatchedInsertAll().whenNotMatchedBySourceDelete(condition=in_slice), into)

    def renew(self, rows: DataFrame, *, into: Table, instead_of: DataFrame) -> None:
        """Put `rows` in the place of the standing rows `instead_of`, in one commit; nothing new commits nothing."""
        self.create(into)
        with held(conform(rows, into)) as fresh:
            gone = conform(instead_of, into).join(fresh, on=list(into.key), how="left_anti")
            changed = fresh.subtract(self.read(into)).withColumn(GONE, F.lit(False))
            with held(changed.unionByName(gone.withColumn(GONE, F.lit(True)))) as offered:
                if not offered.isEmpty():
                    merging = self._merging(offered, into).whenMatchedDelete(f"source.{GONE}")
                    self._commit(merging.whenMatchedUpdateAll().whenNotMatchedInsertAll(f"NOT source.{GONE}"), into)

    def follow(self, table: Table, each: Callable[[DataFrame, "Lake"], None], *, as_name: str) -> None:
        """Hand `each` the rows added to `table` since `as_name` last looked, batch by batch, until none are left.

        The lake handed along writes once per batch and table, however often it is retried. Commits that take rows away
        (an erasure) are passed over.
        """
        self._require(table)
        reader = self.spark.readStream.format("delta").option("skipChangeCommits", "true")

        def added(rows: DataFrame, lake: "Lake") -> None:
            if not rows.isEmpty():  # commits that were passed over make a batch of nothing
                each(rows, lake)

        self.stream(self.place.load_stream(reader, table), added, as_name=as_name)

    def stream(self, arriving: DataFrame, each: Callable[[DataFrame, "Lake"], None], *, as_name: str) -> None:
        """Hand `each` what has arrived on the streaming frame `arriving` since `as_name` last looked."""
        checkpoint = self.checkpoints / as_name
        raised: list[Exception] = []  # Spark passes on an exception's text alone

        def write(rows: DataFrame, number: int) -> None:
            batch = Batch(app_id=f"{as_name}:{checkpoint_id(checkpoint)}", number=number)
            try:
                each(rows, replace(self, spark=rows.sparkSession, batch=batch))
            except Exception as error:
                raised.append(error)
                raise

        query = (
            arriving.writeStream.foreachBatch(write)
            .option("checkpointLocation", str(checkpoint.absolute()))
            .queryName(as_name)
            .trigger(availableNow=True)
            .start()
        )
        try:
            query.awaitTermination()
        except StreamingQueryException:
            if raised:
                raise raised[0] from None
            raise

    def maintain(self, table: Table, *, keep: timedelta) -> Maintained:
        """Pack the files of `table` and remove those that left it before `keep`, unless a stream still needs them."""
        self._require(table)
        return maintain(self.spark, self.place, table, checkpoints=self.checkpoints, keep=keep)

    def erase(self, keys: DataFrame, *, of: Table) -> None:
        """Delete the rows of a table, append-only or not, whose columns equal a row of `keys`."""
        with self.place.commit(of):
            purging.delete_rows(self._delta(of), keys, name=self.place.name(of))

    def behind(self, table: Table) -> list[str]:
        """Names of the streams that follow a table and have not read all that was added to it."""
        return purging.streams_behind(self._delta(table), self.checkpoints)

    def blank(self, keys: DataFrame, *, of: Table, columns: Sequence[str]) -> None:
        """Make some columns null in the rows whose columns equal a row of `keys`."""
        with self.place.commit(of):
            purging.blank_columns(self._delta(of), keys, columns, name=self.place.name(of))

    def purge(self, table: Table, *, retain_hours: float) -> None:
        """Remove what was deleted from the table's files and from its versions older than `retain_hours`."""
        with self.place.commit(table):
            purging.purge_history(
                self._delta(table), name=self.place.name(table), retain_hours=retain_hours, spark=self.spark
            )

    def sql(self, query: str) -> DataFrame:
        """Answer an analyst's query, in which tables go by their declared names (`quality.events`)."""
        for table in tables.ALL:
            self.place.expose(self.spark, table)
        return self.spark.sql(query)

    def _require(self, table: Table) -> None:
        if not self.exists(table):
            raise TableError(
                f"table {table.name} does not exist yet",
                place=self.place.name(table),
                mend=f"first run the job that stores the rows of {table.written_by} (docs/tables.md names it)",
            )

    def _delta(self, table: Table) -> DeltaTable:
        return DeltaTable.forName(self.spark, self.place.name(table))

    def _merging(self, rows: DataFrame, table: Table, above: Mapping[str, int] | None = None) -> DeltaMergeBuilder:
        same = [same_key(table), *(f"target.`{name}` > {number}" for name, number in (above or {}).items())]
        return self._delta(table).alias("target").merge(rows.alias("source"), " AND ".join(same))

    def _commit(self, merging: DeltaMergeBuilder, table: Table) -> None:
        """Execute a merge; inside a batch under its transaction id, which a merge takes from the session alone."""
        conf = self.spark.conf
        if self.batch is not None:
            app_id, number = self.batch.next_write(table)
            conf.set(APP_ID, app_id)
            conf.set(APP_VERSION, str(number))
        try:
            with self.place.commit(table):
                merging.execute()
        finally:
            if self.batch is not None:
                conf.unset(APP_ID)
                conf.unset(APP_VERSION)
