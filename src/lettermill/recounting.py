"""What is known of a person at a moment, and why: each value with source, rule and what it won over."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.collected import rows_of
from lettermill.errors import ConfigError
from lettermill.lake import Lake
from lettermill.profiles.attributes import NAMES, valid
from lettermill.tables import Table
from lettermill.tables.profiles import ATTRIBUTES, HOUSEHOLDS, IDENTITIES, IDENTITY_CHANGES, IDENTITY_FLAGS
from lettermill.telephone_numbers import e164

Rows = list[dict[str, Any]]


def person_story(lake: Lake, named: str, *, as_of: datetime, region: str) -> dict[str, Any]:
    """What was known at `as_of` of the person who has an identifier, as values that JSON can hold.

    `named` is an address, a telephone number (`region` is the country of one without), a customer id, a browser's id, a
    record (`crm/17`) or a person id, also one that a merge has ended. Who is who is told as it stands now. Raises
    ConfigError where nobody has the identifier, several persons have it, or it was dropped as evidence.
    """
    person_id = _found(lake, named, region=region)
    moment = F.lit(as_of)
    of_person = F.col("person_id") == person_id
    identifiers = _rows(lake, IDENTITIES, of_person & (F.col("first_seen_at") <= moment))
    attributes = rows_of(valid(lake.read(ATTRIBUTES).where(of_person), at=moment, known_at=moment))
    either = (F.col("from_person_id") == person_id) | (F.col("into_person_id") == person_id)
    changes = _rows(lake, IDENTITY_CHANGES, either & (F.col("known_at") <= moment))
    told = {
        "person": {
            "person_id": person_id,
            "asked_for": named,
            "as_of": as_of,
            "known_since": min((row["first_seen_at"] for row in identifiers), default=None),
        },
        "attributes": [_value(row) for row in sorted(attributes, key=lambda row: NAMES.index(row["attribute"]))],
        "identifiers": [_identifier(row) for row in sorted(identifiers, key=_by_kind)],
        "not_evidence": _flags(lake, [row["value"] for row in attributes], moment),
        "household": _household(lake, person_id),
        "changes": sorted(changes, key=lambda row: (row["known_at"], row["from_person_id"], row["into_person_id"])),
    }
    return {name: _plain(value) for name, value in told.items()}


def _found(lake: Lake, named: str, *, region: str) -> str:
    spellings = {named, named.strip(), named.strip().lower(), e164(named, region) or named}
    known = lake.read(IDENTITIES)
    has_it = F.col("identifier").isin(*spellings) | (F.col("person_id") == named)
    persons = sorted({row["person_id"] for row in known.where(has_it).select("person_id").distinct().collect()})
    if len(persons) == 1:
        return str(persons[0])
    if persons:
        raise ConfigError(
            f"{len(persons)} persons have the identifier {named!r}",
            place=IDENTITIES.name,
            mend=f"name one by person id: {', '.join(persons)}",
        )
    if now := _now(lake, named):
        return now
    shared = F.col("identifier").isin(*spellings) & F.col("known_to").isNull()
    for flag in _rows(lake, IDENTITY_FLAGS, shared):
        raise ConfigError(
            f"{flag['identifier_kind']} {named!r} is shared by {flag['how_many']} customers (allowed are "
            f"{flag['allowed']}), so it is nobody's",
            place=IDENTITY_FLAGS.name,
            mend="ask by a customer id or a record; profiles.yml has the limit, identity.shared_by_at_most",
        )
    raise ConfigError(
        f"nobody has the identifier {named!r}",
        place=IDENTITIES.name,
        mend="give an address, telephone number, customer id, browser's id, record (crm/17) or person id",
    )


def _now(lake: Lake, former: str) -> str | None:
    """The person that a former person id was merged into, over any number of merges; None where there was no such."""
    merges = {row["from_person_id"]: row["into_person_id"] for row in _merges_from(lake, [former])}
    person = merges.get(former)
    while person is not None and lake.read(IDENTITIES).where(F.col("person_id") == person).isEmpty():
        person = next((row["into_person_id"] for row in _merges_from(lake, [person])), None)
    return person


def _merges_from(lake: Lake, persons: Iterable[str]) -> Rows:
    rows = _rows(lake, IDENTITY_CHANGES, (F.col("change") == "merge") & F.col("from_person_id").isin(*persons))
    return sorted(rows, key=lambda row: row["known_at"], reverse=True)[:1]


def _value(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("attribute", "value", "source", "rule")}
    return told | {
        "since": row["valid_from"],
        "known_since": row["known_from"],
        "over": row["losers"],
        "evidence": row["evidence"],
    }


def _identifier(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": row["identifier_kind"],
        "identifier": row["identifier"],
        "since": row["first_seen_at"],
        "evidence": row["evidence"],
    }


def _flags(lake: Lake, values: list[str], moment: Column) -> Rows:
    """Identifiers among the person's values that prove nothing."""
    known = (F.col("known_from") <= moment) & (F.col("known_to").isNull() | (F.col("known_to") > moment))
    flags = _rows(lake, IDENTITY_FLAGS, F.col("identifier").isin(*values) & known)
    told = ("identifier_kind", "identifier", "how_many", "allowed", "known_from")
    return sorted(({name: flag[name] for name in told} for flag in flags), key=_by_kind)


def _household(lake: Lake, person_id: str) -> Rows:
    if not lake.exists(HOUSEHOLDS):
        return []
    homes = lake.read(HOUSEHOLDS)
    own = homes.where(F.col("person_id") == person_id).select("household_id")
    # right side: one row per household of the person
    lived: DataFrame = homes.join(own, on="household_id", how="left_semi")
    return [
        {"household_id": row["household_id"], "person_id": row["person_id"], "evidence": row["evidence"]}
        for row in sorted(rows_of(lived), key=lambda row: (row["household_id"], row["person_id"]))
    ]


def _rows(lake: Lake, table: Table, condition: Column) -> Rows:
    return rows_of(lake.read(table).where(condition)) if lake.exists(table) else []


def _by_kind(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["identifier_kind"], row["identifier"]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value
