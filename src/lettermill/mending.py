"""Giving quarantined rows back to the tables that refused them: what `lettermill quarantine` composes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.errors import ConfigError
from lettermill.lake import Lake
from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.mending import as_arrived, available_again, found_good, mended, replayed, row_id
from lettermill.quality.orders import LINE, accepted_lines, judged_again, standing_lines
from lettermill.quality.people import accepted_people, identified, judged_demographics, judged_people
from lettermill.quality.products import VERSION, accepted_products, judged_products, standing_products
from lettermill.quality.quarantine import mark_duplicates
from lettermill.quality.social import ENGAGEMENT, accepted_engagement, judged_engagement, standing_engagement
from lettermill.settings import Settings
from lettermill.source_map import social_terms
from lettermill.tables import Table, ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES, PEOPLE, PRODUCTS, QUARANTINE, SOCIAL_ENGAGEMENT

ACCEPTED: dict[str, tuple[Table, Callable[[DataFrame], DataFrame]]] = {
    EVENTS.name: (EVENTS, accepted_events),
    ORDER_LINES.name: (ORDER_LINES, accepted_lines),
    PEOPLE.name: (PEOPLE, accepted_people),
    PRODUCTS.name: (PRODUCTS, accepted_products),
    SOCIAL_ENGAGEMENT.name: (SOCIAL_ENGAGEMENT, accepted_engagement),
}
"""Tables that take rows back, in the order in which one feeds the next."""


@dataclass(frozen=True)
class Replay:
    """What became of the refused rows of one table."""

    table: str
    asked: int
    replayed: int
    duplicates: int
    refused: int

    def __str__(self) -> str:
        return (
            f"{self.table}: {self.asked:,} refused rows = {self.replayed:,} replayed + {self.duplicates:,} duplicates "
            f"+ {self.refused:,} still refused"
        )


def quarantine_row(lake: Lake, name: str) -> DataFrame:
    """The one row of quality.quarantine whose id begins with `name`. Raises ConfigError where it is none or several."""
    rows = lake.read(QUARANTINE).withColumn("row_id", row_id()).where(F.col("row_id").startswith(name))
    found = [row["row_id"] for row in rows.select("row_id").limit(2).collect()]
    if len(found) != 1:
        number = "no" if not found else "more than one"
        raise ConfigError(
            f"{number} row of quality.quarantine has an id that begins with {name!r}",
            mend="`lettermill quarantine list` shows the ids",
        )
    return rows


def mend(lake: Lake, row: DataFrame, *, raw: bytes, by: str, at: datetime, why: str) -> None:
    """Keep what a refused row should have been; a replay judges it. The row as it came stays."""
    lake.merge(mended(row, raw=raw, by=by, at=at, why=why), into=QUARANTINE)


def reasons_if_mended(lake: Lake, settings: Settings, row: DataFrame, *, raw: bytes, at: datetime) -> list[str]:
    """The reasons for which the row would still be refused if it were mended so."""
    table = row.select("refused_by").collect()[0][0]
    as_if = mended(row, raw=raw, by="", at=at, why="")
    judged = _judged(lake, settings, _known(table), as_if)
    return [reason for found in judged.select("reasons").collect() for reason in found["reasons"]]


def replay(
    lake: Lake, settings: Settings, *, tables: Sequence[str], ids: Sequence[str], at: datetime, dry_run: bool
) -> list[Replay]:
    """Judge refused rows again, by today's rules and as they were mended, and store those that are good now.

    Each row is stored under its own key, so that doing it again, or after a crash, adds nothing twice.
    """
    asked = [table for table in ACCEPTED if table in tables]
    return [_replay(lake, settings, ACCEPTED[table][0], ids=ids, at=at, dry_run=dry_run) for table in asked]


def _replay(lake: Lake, settings: Settings, table: Table, *, ids: Sequence[str], at: datetime, dry_run: bool) -> Replay:
    rows = lake.read(QUARANTINE).where((F.col("refused_by") == table.name) & (F.col("disposition") == "refused"))
    if ids:
        begins = [row_id().startswith(one) for one in ids]
        rows = rows.where(F.array_contains(F.array(*begins), True))
    # Each step is stored on the executors, which cuts its plan: the mappings are long, and merges plan several times.
    refused = rows.localCheckpoint()
    if refused.isEmpty():
        return Replay(table.name, 0, 0, 0, 0)
    judged = available_again(_judged(lake, settings, table, refused), refused, at=at).localCheckpoint()
    marked = _marked(lake, table, judged).localCheckpoint()
    after = replayed(refused, marked, at=at).localCheckpoint()
    counts = {row["disposition"]: row["count"] for row in after.groupBy("disposition").count().collect()}
    if not dry_run:
        lake.merge(found_good(refused, marked, at=at), into=QUARANTINE)
        lake.add(ACCEPTED[table.name][1](marked), to=table)
        lake.merge(after, into=QUARANTINE)
    outcomes = (counts.get(one, 0) for one in ("replayed", "duplicate", "refused"))
    return Replay(table.name, sum(counts.values()), *outcomes)


def _judged(lake: Lake, settings: Settings, table: Table, refused: DataFrame) -> DataFrame:
    rules = settings.quality.of(table)
    if table is EVENTS:
        arrived = as_arrived(refused, lake.read(ingest.EVENTS))
        return judged_events(arrived, mappings=settings.mappings_of("behaviour"), rules=rules)
    if table is ORDER_LINES:
        return judged_again(lake.read(EVENTS), refused, rules=rules)
    if table is PEOPLE:
        return _judged_people(lake, settings, refused)
    records = as_arrived(refused, lake.read(ingest.RECORDS))
    if table is PRODUCTS:
        return judged_products(records, mappings=settings.mappings_of("products"), rules=rules)
    mappings = settings.mappings_of("social")
    return judged_engagement(records, mappings=mappings, rules=rules, **social_terms(settings.sources))


def _judged_people(lake: Lake, settings: Settings, refused: DataFrame) -> DataFrame:
    """Judge people again whom records told of, and those whom events did; a lake may have had one of them alone."""
    rules, bought = settings.quality.of(PEOPLE), settings.mappings_of("demographics")
    judged = []
    if lake.exists(ingest.RECORDS):
        records, third_party = as_arrived(refused, lake.read(ingest.RECORDS)), F.col("source").isin(*bought.by_source)
        known = settings.mappings_of("people")
        judged.append(judged_people(records.where(~third_party), mappings=known, rules=rules))
        judged.append(judged_demographics(records.where(third_party), mappings=bought, rules=rules))
    if lake.exists(EVENTS):
        told = as_arrived(refused, identified(lake.read(EVENTS)))
        judged.append(judged_people(told, mappings=settings.identify_mapping, rules=rules))
    return reduce(partial(DataFrame.unionByName, allowMissingColumns=True), judged)


def _marked(lake: Lake, table: Table, judged: DataFrame) -> DataFrame:
    if table is EVENTS:
        return mark_duplicates(judged, standing=lake.read(EVENTS), key="event_id")
    if table is ORDER_LINES:
        return mark_duplicates(judged, standing=standing_lines(lake.read(ORDER_LINES)), key=LINE)
    if table is PRODUCTS:
        return mark_duplicates(judged, standing=standing_products(lake.read(PRODUCTS)), key=VERSION)
    if table is SOCIAL_ENGAGEMENT:
        return mark_duplicates(judged, standing=standing_engagement(lake.read(SOCIAL_ENGAGEMENT)), key=ENGAGEMENT)
    return judged


def _known(table: str) -> Table:
    require_taker(table)
    return ACCEPTED[table][0]


def require_taker(table: str) -> None:
    """Raise ConfigError where no row that `table` refused can be given back, saying what to do instead."""
    if table in (ingest.EVENTS.name, ingest.RECORDS.name):
        raise ConfigError(
            f"rows refused by {table} could not be read at all, so there is nothing to judge again",
            mend="mend the producer or the schema and have the source send them again; "
            "`lettermill quarantine show` tells what came",
        )
    if table not in ACCEPTED:
        raise ConfigError(
            f"rows refused by {table} cannot be mended one by one", mend=f"tables that can: {', '.join(ACCEPTED)}"
        )
