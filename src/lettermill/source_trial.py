"""Trying a source's mapping on a sample: what comes out of each row, without a lake."""

import difflib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from lettermill.errors import ConfigError, InputError
from lettermill.ingest.events import events_of_lines
from lettermill.ingest.file_formats import day_end, rows_of_file
from lettermill.ingest.files import LINES
from lettermill.ingest.records import records_of_lines
from lettermill.quality.events import judged_events
from lettermill.quality.mapping.shape import shape_of
from lettermill.quality.mapping.targets import Holds
from lettermill.quality.mapping.unread import unread_paths
from lettermill.quality.people import judged_demographics, judged_people
from lettermill.quality.products import judged_products
from lettermill.quality.social import judged_engagement
from lettermill.settings import Settings
from lettermill.source_map import social_terms
from lettermill.tables import Table, quality

JUDGES: Mapping[Holds, tuple[Callable[..., DataFrame], Table]] = {
    "behaviour": (judged_events, quality.EVENTS),
    "people": (judged_people, quality.PEOPLE),
    "demographics": (judged_demographics, quality.PEOPLE),
    "products": (judged_products, quality.PRODUCTS),
    "social": (judged_engagement, quality.SOCIAL_ENGAGEMENT),
}
MOST = 10_000
"""Rows of a sample that are looked at."""


@dataclass(frozen=True)
class Trial:
    """What became of a sample: rows as canonical values with their reasons, and what the mapping did not read."""

    name: str
    rows: tuple[Mapping[str, Any], ...]
    unread: Mapping[str, int]

    @property
    def refused(self) -> int:
        return sum(bool(row["reasons"]) for row in self.rows)

    @property
    def reasons(self) -> Counter[str]:
        return Counter(reason for row in self.rows for reason in row["reasons"])


def try_source(spark: SparkSession, settings: Settings, name: str, file: Path, *, as_of: datetime) -> Trial:
    """Read a sample file as the source's and judge its rows as if they had arrived by `as_of`.

    Raises InputError where the file is not what the source declares.
    """
    require_source(settings, name)
    source = settings.sources[name]
    if not file.is_file():
        raise InputError("no such file", place=str(file), mend="name a file with a few payloads of the source")
    has_day = file.name[:10].count("-") == 2
    origin = file.name if has_day else f"{as_of:%Y-%m-%d}-{file.name}"
    rows = islice(rows_of_file(file.read_bytes(), origin, source), MOST)
    lines = spark.createDataFrame([(name, origin, at, raw, day_end(origin)) for at, raw in rows], LINES)
    rows_of_lines = events_of_lines if source.kind == "events" else records_of_lines
    judge, table = JUDGES[source.holds]
    if source.holds == "social":
        judge = partial(judge, **social_terms({name: source}))
    raw = rows_of_lines(lines, ingested_at=as_of)
    judged = judge(raw, mappings=settings.mappings_of(source.holds), rules=settings.quality.of(table))
    kept = [column for column in table.column_names if column in judged.columns]
    found = judged.select(*kept, "reasons", "raw").orderBy("position").collect()
    return Trial(
        name=name,
        rows=tuple(_values(row) for row in found),
        unread=_unread(settings, name, (row["raw"] for row in found)),
    )


def drifted(raw: DataFrame, settings: Settings, name: str, *, newest: int, by: str) -> tuple[int, Counter[str]]:
    """How many of the newest rows of a raw table came from a source, and the paths in them that its mapping leaves."""
    require_source(settings, name)
    rows = raw.where(F.col("source") == name).orderBy(F.col(by).desc(), "origin", "position").limit(newest)
    texts = [row["raw"] for row in rows.select("raw").collect()]
    return len(texts), _unread(settings, name, texts)


def require_source(settings: Settings, name: str) -> None:
    """Raise ConfigError for a source that is not declared, with the nearest that is."""
    if name not in settings.sources:
        near = difflib.get_close_matches(name, settings.sources, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(settings.sources)}"
        raise ConfigError(f"no source {name!r}", place="sources.yml", mend=mend)


def _unread(settings: Settings, name: str, raws: Iterable[str]) -> Counter[str]:
    mappings = settings.mappings_of(settings.sources[name].holds)
    return unread_paths(_objects(raws), shape_of(mappings.by_source[name]))


def _objects(raws: Iterable[str]) -> Iterable[Any]:
    for raw in raws:
        try:
            yield json.loads(raw)
        except (ValueError, RecursionError):
            continue  # the check refuses the row with a reason


def _values(row: Row) -> dict[str, Any]:
    """What is filled of a row, plain; its origin left out."""
    said = row.asDict(recursive=True)
    left_out = ("source", "origin", "position", "raw", "available_at", "received_at")
    return {name: _plain(value) for name, value in said.items() if value is not None and name not in left_out}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, str | int | float | bool) else str(value)
