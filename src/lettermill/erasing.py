"""Erasing people from the tables: which rows are theirs, by their requests, and taking them out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.errors import ErasureError
from lettermill.identifiers import Reads, handle_at
from lettermill.lake import Lake
from lettermill.profiles.erasures import (
    ORIGIN,
    Erasure,
    erasure_rows,
    erasures,
    handle,
    is_by_origin,
    named_rows,
    persons_named,
)
from lettermill.profiles.handles import handles_of
from lettermill.tables import Table
from lettermill.tables.campaigns import CONTEXTS, stored_contexts
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import ERASURES, IDENTITIES
from lettermill.tables.quality import SOCIAL_ENGAGEMENT

STAYS: Mapping[str, str] = {
    "delivery.outbox": "that a message was sent, by surrogate key and keyed hash: it must never be sent again",
    "campaigns.audiences": "the verdict of a plan, by surrogate key: results of experiments are counts of it",
    "campaigns.assignments": "the arm of an experiment, by surrogate key: results are counts of it",
    "campaigns.exposures": "which blocks a message showed, by surrogate key: results are counts of it",
    "profiles.erasures": "the request, and keyed hashes that block what arrives later",
    "profiles.suppressions": "the keyed hash of an address that must get no mail",
}
"""Tables without personal columns that keep rows of an erased person, and why."""


@dataclass(frozen=True)
class Found:
    """Rows of one table that are to go: `keys` equal some of its columns. With `blank`, the rows stay without those."""

    table: Table
    keys: DataFrame
    blank: tuple[str, ...] = ()


@dataclass
class Erasing:
    """Everybody who ever asked to be erased, and where they are found now; `reads` finds identifiers in raw rows."""

    lake: Lake
    requests: list[Erasure]
    key: bytes
    reads: Reads

    @classmethod
    def of(cls, lake: Lake, *, key: bytes, reads: Reads) -> "Erasing":
        """The requests that the lake has."""
        lake.create(ERASURES)
        return cls(lake, erasures(row.asDict() for row in lake.read(ERASURES).collect()), key, reads)

    @cached_property
    def hashes(self) -> frozenset[str]:
        return frozenset(one for request in self.requests for one in request.identifiers)

    @property
    def certified(self) -> dict[str, str]:
        """Requests that were given a certificate, and its sha256."""
        return {one.request_id: one.certificate for one in self.requests if one.certificate}

    @cached_property
    def persons(self) -> tuple[str, ...]:
        """Surrogate keys: those that were asked for, and whoever has one of the identifiers now."""
        asked = {request.person_id for request in self.requests if request.person_id}
        if not self.lake.exists(IDENTITIES):
            return tuple(sorted(asked))
        named = persons_named(self.lake.read(IDENTITIES), hashes=self.hashes, key=self.key)
        return tuple(sorted(asked | {row["person_id"] for row in named.collect()}))

    @cached_property
    def message_ids(self) -> frozenset[str]:
        """Messages to them."""
        if not self.lake.exists(OUTBOX):
            return frozenset()
        rows = self.lake.read(OUTBOX).where(F.col("person_id").isin([*self.persons])).select("message_id")
        return frozenset(row["message_id"] for row in rows.collect())

    def tables(self) -> list[Table]:
        """Every table of the lake that may hold rows of a person, in the order of the flow, identities last."""
        declared = [
            t for t in tables.ALL if t.name not in STAYS and (t.personal_columns or "person_id" in t.column_names)
        ]
        names = self.lake.place.names(self.lake.spark, stage=CONTEXTS.split(".")[0], prefix=CONTEXTS.split(".")[1])
        everywhere = [*declared, *(stored_contexts(name) for name in names)]
        there = [table for table in everywhere if self.lake.exists(table)]
        return sorted(there, key=lambda table: table == IDENTITIES)

    def require_read(self) -> None:
        """Raise ErasureError where a stream has still to read rows that would be removed."""
        for table in self.tables():
            if behind := self.lake.behind(table):
                raise ErasureError(
                    f"{', '.join(behind)} has not read all of {table.name}",
                    place=str(self.lake.checkpoints),
                    mend="run the job that follows the table (docs/tables.md names it), then erase again",
                )

    def find(self) -> Iterator[Found]:
        """Their rows, table by table."""
        origins = self._origins()
        for table in self.tables():
            found = self._of(table, origins)
            if not found.keys.isEmpty():
                yield found

    def _of(self, table: Table, origins: DataFrame) -> Found:
        rows, by = self.lake.read(table), handle(table)
        if by == "origin":
            return Found(table, rows.join(origins, on=list(ORIGIN), how="left_semi").select(*ORIGIN))
        if by == "person_id":
            return Found(table, rows.where(F.col("person_id").isin([*self.persons])).select("person_id"))
        if by == "message_id":
            filled = F.coalesce(*(F.col(name).cast("string") for name in table.personal_columns)).isNotNull()
            keys = rows.where(filled & F.col("message_id").isin([*self.message_ids])).select("message_id")
            return Found(table, keys, blank=table.personal_columns)
        return Found(table, self._named(table))

    def _origins(self) -> DataFrame:
        """Where the raw rows came from that name them, in any table."""
        spark = self.lake.spark
        found = spark.createDataFrame([], "source string, origin string, position bigint")
        for table in self.tables():
            if is_by_origin(table):
                found = found.unionByName(self._named(table))
        return found.distinct().localCheckpoint()

    def _named(self, table: Table) -> DataFrame:
        """The keys of a table's rows that name them by an identifier."""
        return named_rows(self.lake.read(table), table, hashes=self.hashes, key=self.key, reads=self.reads)

    def delete(self, found: Found) -> None:
        """Take rows out of a table; the table's earlier versions still have them."""
        keys = found.keys.distinct().localCheckpoint()
        if found.blank:
            self.lake.blank(keys, of=found.table, columns=found.blank)
        else:
            self.lake.erase(keys, of=found.table)

    def purge(self, *, retain_hours: float) -> None:
        """Take deleted rows out of the history of every table that may hold some."""
        for table in self.tables():
            self.lake.purge(table, retain_hours=retain_hours)

    def store(self, requests: list[Erasure]) -> None:
        """Write down how far requests have come."""
        self.lake.merge(erasure_rows(requests, spark=self.lake.spark), into=ERASURES)
        by_id = {one.request_id: one for one in requests}
        self.requests = [by_id.get(one.request_id, one) for one in self.requests]

    def due(self, *, now: datetime, retain_hours: float) -> list[Erasure]:
        """Requests whose rows are deleted, and have been for as long as versions are retained."""
        of = [request for request in self.requests if request.state == "deleted" and request.deleted_at]
        return [one for one in of if (now - _utc(one.deleted_at)).total_seconds() >= retain_hours * 3600]


def with_handles(lake: Lake, identifiers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The identifiers (kind, value) of a person, and the names on social media that sources tell are theirs."""
    known = [*identifiers]
    if not lake.exists(SOCIAL_ENGAGEMENT):
        return known
    told = handles_of(lake.read(SOCIAL_ENGAGEMENT), known).collect()
    return [*known, *sorted(("handle", handle_at(row["platform"], row["handle"])) for row in told)]


def _utc(instant: datetime | None) -> datetime:
    """An instant of a collected row, which Spark gives in the machine's zone and without one."""
    assert instant is not None
    return instant.astimezone()
