"""Requests to erase people, and the rows that name who was erased, found by keyed hashes of their identifiers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from hashlib import sha256

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from lettermill.errors import ErasureError
from lettermill.identifiers import WEAK, Reads, address_sha256, handle_at, identifier, identifiers_as_written
from lettermill.keyed_hashes import Hasher, hash_identifier
from lettermill.profiles.evidence import COMPONENT, CUSTOMER
from lettermill.tables import Table
from lettermill.tables.profiles import ERASURES
from lettermill.telephone_numbers import is_region

ORIGIN = ("source", "origin", "position")
KINDS_OF_COLUMNS = {
    "user_id": "customer_id", "customer_id": "customer_id", "anonymous_id": "anonymous_id", "email": "email",
    "address": "email", "phone": "phone", "device_id": "device", "email_sha256": "email_sha256",
    "handle": "handle", "record": "record", "other_record": "record", "identifier": "",
}  # fmt: skip
"""Personal columns that hold an identifier, of which kind; of `identifier` the row itself says it."""
KIND = "identifier_kind"
RECORD = ("source", "record_id")
"""Columns that together say which record a row is a version of, as identities know it: `source/record_id`."""
READ_BESIDE = {"raw": "source", "phone": "country", "identifier": KIND, "handle": "platform"}
"""Columns that say whom a row names only together with another, or better -> that other."""


@dataclass(frozen=True)
class Erasure:
    """One row of profiles.erasures; `identifiers` are keyed hashes."""

    request_id: str
    person_id: str | None
    identifiers: tuple[str, ...]
    reason: str
    state: str
    requested_at: datetime
    deleted_at: datetime | None = None
    purged_at: datetime | None = None
    certificate: str | None = None

    def deleted(self, at: datetime) -> "Erasure":
        return replace(self, state="deleted", deleted_at=self.deleted_at or at)

    def purged(self, at: datetime, *, certificate: str) -> "Erasure":
        return replace(self, state="purged", purged_at=at, certificate=certificate)


def request(
    person_id: str | None, *, identifiers: Iterable[tuple[str, str]], key: bytes, reason: str, at: datetime
) -> Erasure:
    """A new request to erase who has these identifiers (kind, value). Only keyed hashes of them are kept.

    Some sources tell an address by its SHA-256 alone; once the address is gone nobody could work that out, so it is
    one of the identifiers from now on.
    """
    strong = [(kind, value) for kind, value in identifiers if kind not in WEAK]
    digests = {identifier("email_sha256", address_sha256(value)) for kind, value in strong if kind == "email"}
    named = {identifier(kind, value) for kind, value in strong} | digests
    hashes = tuple(sorted(hash_identifier(one, key=key) for one in named))
    request_id = sha256("\0".join((person_id or "", *hashes)).encode()).hexdigest()[:24]
    return Erasure(request_id, person_id, hashes, reason, "requested", at)


def erasure_rows(erasures: Sequence[Erasure], *, spark: SparkSession) -> DataFrame:
    """Rows for profiles.erasures."""
    return spark.createDataFrame([_row(one) for one in erasures], ERASURES.ddl)


def _row(erasure: Erasure) -> tuple[object, ...]:
    request_id, person_id, hashes, *rest = astuple(erasure)
    return (request_id, person_id, list(hashes), *rest)


def erasures(rows: Iterable[Mapping[str, object]]) -> list[Erasure]:
    """Rows of profiles.erasures, brought to the driver."""
    return [Erasure(**{**row, "identifiers": tuple(row["identifiers"])}) for row in rows]  # type: ignore[arg-type]


def named_rows(rows: DataFrame, table: Table, *, hashes: frozenset[str], key: bytes, reads: Reads) -> DataFrame:
    """The key columns (ORIGIN, or the table's own) of the rows of `table` that name an identifier by its keyed hash.

    `raw` is read whole, by what its source declares; other columns by the kind of identifier that they hold.
    """
    by_column = {name: kind for name, kind in KINDS_OF_COLUMNS.items() if name in table.personal_columns}
    keys = [*(ORIGIN if is_by_origin(table) else table.key)]
    read = _asked(table, by_column)
    asked = [*dict.fromkeys([*keys, *read])]

    def find(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        hasher = Hasher(key)
        for batch in batches:
            named = (_identifiers(row, by_column, reads) for row in batch.select(read).to_pylist())
            mask = [any(hasher(one) in hashes for one in found) for found in named]
            yield batch.filter(pa.array(mask, pa.bool_())).select(keys)

    chosen = rows.select(*asked)
    if not read:
        return chosen.select(*keys).limit(0)
    return chosen.mapInArrow(find, chosen.select(*keys).schema)


def _asked(table: Table, by_column: Mapping[str, str]) -> list[str]:
    """The columns that say whom a row of the table names."""
    named = [name for name in ("raw", *by_column) if name in table.personal_columns]
    more = [other for name in named if (other := READ_BESIDE.get(name)) in table.column_names]
    record = [*RECORD] if {*RECORD} <= {*table.column_names} else []
    return [*dict.fromkeys([*named, *more, *record])]


def _identifiers(row: Mapping[str, object], by_column: Mapping[str, str], reads: Reads) -> set[str]:
    country = str(row.get("country"))
    region = country if is_region(country) else reads.region
    told = [one for name, kind in by_column.items() if row[name] is not None for one in _told(row, name, kind)]
    found = {one for kind, value in told for one in identifiers_as_written(kind, value, region=region)}
    if row.get("record_id") is not None:
        found.add(identifier("record", "/".join(str(row[name]) for name in RECORD)))
    raw = row.get("raw")
    return found | reads(raw, source=str(row["source"])) if isinstance(raw, str | bytes) else found


def _told(row: Mapping[str, object], column: str, kind: str) -> Iterator[tuple[str, str]]:
    """Kind and value of the identifiers that a column of a row may hold."""
    value = str(row[column])
    if column == "handle":
        yield kind, handle_at(str(row["platform"]), value)
    elif kind:
        yield kind, value
    elif row[KIND] == COMPONENT:  # goes by the name of its oldest holder: a record, or a customer that events name
        yield "record", value
        if value.startswith(CUSTOMER):
            yield "customer_id", value.removeprefix(CUSTOMER)
    else:
        yield str(row[KIND]), value


def persons_named(identities: DataFrame, *, hashes: frozenset[str], key: bytes) -> DataFrame:
    """`person_id` of the rows of profiles.identities whose identifier is one of those hashed."""

    def find(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        hasher = Hasher(key)
        for batch in batches:
            pairs = zip(batch["identifier_kind"].to_pylist(), batch["identifier"].to_pylist(), strict=True)
            mask = [hasher(identifier(kind, value)) in hashes for kind, value in pairs]
            yield batch.filter(pa.array(mask, pa.bool_())).select(["person_id"])

    return (
        identities.select("identifier_kind", "identifier", "person_id").mapInArrow(find, "person_id string").distinct()
    )


def is_by_origin(table: Table) -> bool:
    """Whether rows of the table go with the raw row they came from."""
    return {*ORIGIN} <= {*table.column_names}


def handle(table: Table) -> str:
    """By what an erased person's rows of a table are found: origin, person_id, message_id or identifier.

    Raises ErasureError for a table that has personal columns and none of these: nobody could be erased from it.
    """
    if is_by_origin(table):
        return "origin"
    for column in ("person_id", "message_id"):
        if column in table.column_names:
            return column
    if {*KINDS_OF_COLUMNS} & {*table.personal_columns}:
        return "identifier"
    raise ErasureError(
        f"{table.name} has personal columns, but none by which a person's rows are found",
        mend="give it person_id, message_id, an identifier, or source, origin and position",
    )
