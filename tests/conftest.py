"""One Spark session for the whole run, and rows of declared tables."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as invention
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType, _parse_datatype_string

from lettermill.lake import Folder, Lake
from lettermill.settings import load
from lettermill.spark import session
from lettermill.tables import Table
from tests.kafka_broker import broker  # noqa: F401 (a fixture)

os.environ.setdefault("TZ", "UTC")
invention.register_profile("untimed", deadline=None)  # how long a case takes says nothing of whether it is right
invention.load_profile("untimed")
NOON = datetime(2017, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    started = session(load("local").spark, application="tests")
    started.conf.set("spark.sql.shuffle.partitions", "1")  # the rows are few: one partition is the fastest
    started.conf.set("spark.sql.adaptive.enabled", "false")
    # Compiling a query costs more than interpreting it over a handful of rows.
    started.conf.set("spark.sql.codegen.wholeStage", "false")
    started.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    yield started
    started.stop()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets that the packaged conf refers to."""
    for key in ("UNSUBSCRIBE", "ADDRESS"):
        monkeypatch.setenv(f"LETTERMILL_SECRET_LETTERMILL_{key}", "a key of the tests")


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """An empty lake of the test's own."""
    return Lake(spark, Folder(tmp_path / "lake"), tmp_path / "checkpoints")


@pytest.fixture
def given(spark: SparkSession) -> Callable[..., DataFrame]:
    """Rows of a declared table; a test names only the columns it is about, required ones get a stand-in."""
    return rows_of_tables(spark)


def rows_of_tables(spark: SparkSession) -> Callable[..., DataFrame]:
    """What the fixture `given` is, for fixtures that outlive a test."""

    def rows(table: Table, *partial: dict[str, Any]) -> DataFrame:
        unknown = {name for row in partial for name in row} - set(table.column_names)
        assert not unknown, f"{table.name} has no column {sorted(unknown)}"
        schema = _parse_datatype_string(table.ddl)
        assert isinstance(schema, StructType)
        whole = [
            tuple(row.get(c.name, stand_in(c.type, place) if c.required else None) for c in table.columns)
            for place, row in enumerate(partial, start=1)
        ]
        return spark.createDataFrame(whole, schema)

    return rows


def stand_in(type_: str, place: int) -> Any:
    """A value of a Spark type for a column the test is not about; `place` keeps keys apart."""
    if type_.startswith("decimal"):
        return Decimal("1.00")
    if type_.startswith("array"):
        return []
    if type_.startswith("map"):
        return {}
    if type_.startswith("struct"):
        return tuple(None for _ in re.findall(r"\w+:", type_))
    return {
        "string": f"s{place}",
        "int": place,
        "bigint": place,
        "double": 0.5,
        "boolean": True,
        "binary": b"",
        "timestamp": NOON,
        "date": NOON.date(),
    }[type_]
