"""Where tables live: in a folder, by path, or in a Unity Catalog, by name. Only the two classes here know which."""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from delta.tables import DeltaTable, DeltaTableBuilder
from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession
from pyspark.sql.streaming import DataStreamReader

from lettermill import commit_log
from lettermill.errors import PlatformError
from lettermill.tables import Table

LOCKS = ".locks"


class Place(Protocol):
    """What a lake must know of its store. `excludes_writers`: nobody writes to a table while `commit` is held."""

    @property
    def excludes_writers(self) -> bool: ...

    def name(self, table: Table) -> str:
        """The table's name as Spark SQL takes it, quoted."""

    def exists(self, spark: SparkSession, table: Table) -> bool: ...

    def newest(self, spark: SparkSession, table: Table) -> int:
        """The number of the newest commit to a table that exists."""

    def load(self, reader: DataFrameReader, table: Table) -> DataFrame: ...

    def load_stream(self, reader: DataStreamReader, table: Table) -> DataFrame: ...

    def save(self, writer: DataFrameWriter, table: Table) -> None: ...

    def locate(self, spark: SparkSession, builder: DeltaTableBuilder, table: Table) -> DeltaTableBuilder:
        """Tell a builder where to create the table."""

    def names(self, spark: SparkSession, *, stage: str, prefix: str) -> list[str]:
        """Declared names, `stage.noun`, of the tables of a stage whose nouns begin with `prefix`."""

    def folder(self, table: Table) -> Path | None:
        """The folder of the table, where workers can see it."""

    def expose(self, spark: SparkSession, table: Table) -> None:
        """Make the table known to SQL by its declared name."""

    def commit(self, table: Table) -> AbstractContextManager[None]:
        """A context in which no other process commits to `table`, where the store does not see to that itself."""


@dataclass(frozen=True)
class Folder:
    """Delta tables by path, `<root>/<schema>/<table>`.

    Delta's log on a local disk does not exclude a second process (it checks, then renames), so commits take a lock.
    What the names of the log's files tell is read off them: Spark takes a query for it.
    """

    root: Path
    excludes_writers: ClassVar[bool] = True

    def path(self, table: Table) -> Path:
        return self.root.absolute() / table.stage / table.noun

    def name(self, table: Table) -> str:
        return f"delta.`{self.path(table)}`"

    def exists(self, spark: SparkSession, table: Table) -> bool:  # noqa: ARG002
        return any(self._commits(table))

    def newest(self, spark: SparkSession, table: Table) -> int:  # noqa: ARG002
        return max(int(commit.stem) for commit in self._commits(table))

    def _commits(self, table: Table) -> Iterator[Path]:
        return (self.path(table) / "_delta_log").glob(f"{'[0-9]' * 20}.json")

    def load(self, reader: DataFrameReader, table: Table) -> DataFrame:
        return reader.load(str(self.path(table)))

    def load_stream(self, reader: DataStreamReader, table: Table) -> DataFrame:
        return reader.load(str(self.path(table)))

    def save(self, writer: DataFrameWriter, table: Table) -> None:
        writer.save(str(self.path(table)))

    def locate(self, spark: SparkSession, builder: DeltaTableBuilder, table: Table) -> DeltaTableBuilder:  # noqa: ARG002
        return builder.location(str(self.path(table)))

    def names(self, spark: SparkSession, *, stage: str, prefix: str) -> list[str]:  # noqa: ARG002
        return [
            f"{stage}.{folder.name}" for folder in sorted((self.root / stage).glob(f"{prefix}*/")) if folder.is_dir()
        ]

    def folder(self, table: Table) -> Path:
        return self.path(table)

    def expose(self, spark: SparkSession, table: Table) -> None:
        if self.exists(spark, table) and not spark.catalog.tableExists(table.name):
            spark.sql(f"CREATE DATABASE IF NOT EXISTS `{table.stage}`")
            spark.catalog.createTable(table.name, path=str(self.path(table)), source="delta")

    @contextmanager
    def commit(self, table: Table) -> Iterator[None]:
        lock = self.root / LOCKS / f"{table.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


def open_folder(root: Path) -> Folder:
    """The folder `root` for tables, made if it is not there. Raises PlatformError where nothing can be kept in it."""
    try:
        (root / LOCKS).mkdir(parents=True, exist_ok=True)
        (root / LOCKS / "opened").touch()
    except OSError as error:
        mend = "make the folder writable, free disk, or set lake.root in conf"
        raise PlatformError(f"cannot keep tables: {error.strerror}", place=str(root), mend=mend) from None
    return Folder(root)


@dataclass(frozen=True)
class Catalog:
    """Tables of a Unity Catalog, whose commits exclude each other by themselves."""

    catalog: str
    excludes_writers: ClassVar[bool] = False

    def name(self, table: Table) -> str:
        return f"`{self.catalog}`.`{table.stage}`.`{table.noun}`"

    def exists(self, spark: SparkSession, table: Table) -> bool:
        return spark.catalog.tableExists(self.name(table))

    def newest(self, spark: SparkSession, table: Table) -> int:
        return commit_log.newest(DeltaTable.forName(spark, self.name(table)))

    def load(self, reader: DataFrameReader, table: Table) -> DataFrame:
        return reader.table(self.name(table))

    def load_stream(self, reader: DataStreamReader, table: Table) -> DataFrame:
        return reader.table(self.name(table))

    def save(self, writer: DataFrameWriter, table: Table) -> None:
        writer.saveAsTable(self.name(table))

    def locate(self, spark: SparkSession, builder: DeltaTableBuilder, table: Table) -> DeltaTableBuilder:
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS `{self.catalog}`.`{table.stage}`")
        return builder.tableName(self.name(table))

    def names(self, spark: SparkSession, *, stage: str, prefix: str) -> list[str]:
        found = spark.catalog.listTables(f"`{self.catalog}`.`{stage}`", pattern=f"{prefix}*")
        return sorted(f"{stage}.{table.name}" for table in found)

    def folder(self, table: Table) -> None:  # noqa: ARG002
        return None

    def expose(self, spark: SparkSession, table: Table) -> None:  # noqa: ARG002
        spark.catalog.setCurrentCatalog(self.catalog)

    def commit(self, table: Table) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()
