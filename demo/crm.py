"""The CRM's rows over the year: first written, entered twice, changed, consent withdrawn; laid out in monthly files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from demo.chance import chance, pick
from demo.faults import Faults, other_spelling
from demo.feed import DAY_MS, SECOND_MS, YEAR_END_MS, YEAR_START_MS, iso_one
from demo.people import Person, postcode

Record = dict[str, Any]
LAST_CHANGE_MS = YEAR_END_MS - 4 * DAY_MS
CONSENTS = {"denied": "denied", "unknown": None}
NEW_NAMES = ("Berg", "Stone", "Laurent", "Ortíz")


@dataclass(frozen=True)
class Entry:
    """A CRM row as it stood from an instant on. `changed` names the attribute that a change is about."""

    at_ms: int
    person: str
    record: Record
    changed: str | None = None
    before: Any = None


@dataclass(frozen=True)
class Crm:
    """`first` one entry per person, `second` one per duplicate, `changes` later states of first entries."""

    first: list[Entry]
    second: list[Entry]
    changes: list[Entry]

    def files(self) -> dict[str, list[Record]]:
        """The first load holds what was known when the year began, each later file what the month before it brought."""
        months = pd.date_range("2017-01-01", "2018-01-01", freq="MS")
        starts = [int(month.timestamp() * 1_000) for month in months]
        entries = [*self.first, *self.second, *self.changes]
        entries.sort(key=lambda entry: (entry.at_ms, entry.record["record_id"]))
        return {
            str(month.date()): [entry.record for entry in entries if before <= entry.at_ms < start]
            for month, before, start in zip(months, [0, *starts], starts, strict=False)
        }


def crm(everyone: Sequence[Person], faults: Faults, *, seed: int) -> Crm:
    people = {person.key: person for person in everyone}
    first = [Entry(person.joined_ms, person.key, _record(person, faults)) for person in everyone]
    written = {entry.person: entry.record for entry in first}
    doubled = sorted(faults.duplicates.items())
    second = [_entered_again(people[key], written[key], kind, seed=seed) for key, kind in doubled]
    by_time = sorted([*first, *second], key=lambda entry: (entry.at_ms, entry.person))
    for number, entry in enumerate(by_time, start=1):
        entry.record["record_id"] = f"crm-{number:06d}"
    changes = [change for person in everyone for change in _changes(person, written[person.key], faults, seed=seed)]
    return Crm(first, second, changes)


def _record(person: Person, faults: Faults) -> Record:
    """The row as first written; its id is given when all rows are known."""
    lacking = faults.missing_names.get(person.key)
    spoilt = faults.addresses.get(person.key)
    email_consent = CONSENTS.get(faults.email_consents.get(person.key, ""), "granted")
    profiling_consent = CONSENTS.get(faults.profiling_consents.get(person.key, ""), "granted")
    joined = iso_one(person.joined_ms)
    return {
        "record_id": "",
        "customer_id": person.customer_id,
        "first_name": None if lacking in ("no first name", "no name") else person.first_name,
        "last_name": None if lacking in ("no last name", "no name") else person.last_name,
        "email": spoilt.written if spoilt else person.email,
        "birth_year": person.birth_year,
        "country": person.country,
        "postcode": person.postcode,
        "locale": person.locale,
        "timezone": person.timezone,
        "email_consent": email_consent,
        "profiling_consent": profiling_consent,
        "consent_at": joined if email_consent or profiling_consent else None,
        "updated_at": joined,
        "signup_source": person.signup_source,
    }


def _entered_again(person: Person, first: Record, kind: str, *, seed: int) -> Entry:
    """The same person a second time: by the address in other spelling, or by the customer id with another address."""
    at_ms = _moment("duplicate moment", person, seed=seed)
    at = iso_one(at_ms)
    source = pick(seed, "duplicate source", person.key, ("web", "app"))
    again = first | {"consent_at": first["consent_at"] and at, "updated_at": at, "signup_source": source}
    if kind == "same email":
        again |= {"customer_id": None, "email": other_spelling(person.email, person.key, seed=seed)}
    else:
        again |= {"first_name": f"{person.first_name[0]}.", "email": f"second.{person.key}@example.net"}
    return Entry(at_ms, person.key, again)


def _changes(person: Person, record: Mapping[str, Any], faults: Faults, *, seed: int) -> list[Entry]:
    """Later states of a first entry in order of time, each building on the one before."""
    planned = []
    if person.key in faults.conflicts:
        planned.append((_moment("conflict moment", person, seed=seed), faults.conflicts[person.key]))
    if faults.email_consents.get(person.key) == "withdrawn":
        planned.append((_moment("withdrawal moment", person, seed=seed), "email_consent"))
    entries = []
    for at_ms, attribute in sorted(planned):
        before, at = record[attribute], iso_one(at_ms)
        record = {**record, attribute: _changed(attribute, before, person, seed=seed), "updated_at": at}
        if attribute == "email_consent":
            record["consent_at"] = at
        entries.append(Entry(at_ms, person.key, record, changed=attribute, before=before))
    return entries


def _moment(what: str, person: Person, *, seed: int) -> int:
    """A whole second of the year after the person joined."""
    start = max(person.joined_ms, YEAR_START_MS) + SECOND_MS
    end = max(LAST_CHANGE_MS, min(start + DAY_MS, YEAR_END_MS))
    return start + int(chance(seed, what, person.key) * (end - start)) // SECOND_MS * SECOND_MS


def _changed(attribute: str, before: Any, person: Person, *, seed: int) -> Any:
    if attribute == "email_consent":
        return "denied"
    if attribute == "birth_year":
        return before + pick(seed, "new birth year", person.key, (-10, -1, 1, 10))
    if attribute == "email":
        return f"new.{person.key}@example.org"
    if attribute == "last_name":
        return f"{before}-{pick(seed, 'new name', person.key, NEW_NAMES)}"
    pattern = "".join("#" if sign.isdigit() else "@" if sign.isalpha() else sign for sign in before)
    return postcode(person.key, pattern, seed=seed, what="new postcode")
