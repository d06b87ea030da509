"""Which person's CRM record has which fault: dealt in exact shares, spelled out where it is an address."""

from collections.abc import Sequence
from dataclasses import dataclass

from demo.chance import dealt, pick
from demo.feed import DAY_MS, YEAR_END_MS
from demo.people import Person

ADDRESSES = {"typo": 0.02, "missing": 0.0075, "invalid": 0.0075}
MISSING_NAMES = {"no first name": 0.02, "no last name": 0.01, "no name": 0.01}
EMAIL_CONSENTS = {"denied": 0.08, "unknown": 0.04, "withdrawn": 0.03}
PROFILING_CONSENTS = {"denied": 0.05, "unknown": 0.04}
CONFLICTS = {"last_name": 0.015, "birth_year": 0.01, "postcode": 0.02, "email": 0.015}
DUPLICATES = {"same email": 0.03, "same customer_id": 0.02}
LATEST_JOINER_MS = YEAR_END_MS - 61 * DAY_MS  # later ones have no time left for a second record or a change

# Wrong domain and the right one. The wrong ones are never mailed: the demo sends to files and to this machine.
TYPOS = (
    ("gmial.com", "gmail.com"),
    ("gmal.com", "gmail.com"),
    ("gmail.con", "gmail.com"),
    ("hotmial.com", "hotmail.com"),
    ("yaho.com", "yahoo.com"),
    ("yahooo.com", "yahoo.com"),
    ("outlok.com", "outlook.com"),
    ("exmaple.com", "example.com"),
    ("example.con", "example.com"),
    ("exampel.net", "example.net"),
)
INVALID = ("{local}", "{local}@@example.com", "{local} @example.com", "{local}@", "n/a", "{local}@example..org", "@")


@dataclass(frozen=True)
class SpoiltAddress:
    """`right` is what the person meant; None where nobody can tell."""

    kind: str
    written: str | None
    right: str | None


@dataclass(frozen=True)
class Faults:
    """Each maps a person's key to a kind; who is in none of them has a plain record and consents to all."""

    addresses: dict[str, SpoiltAddress]
    missing_names: dict[str, str]
    email_consents: dict[str, str]
    profiling_consents: dict[str, str]
    conflicts: dict[str, str]
    duplicates: dict[str, str]


def dealt_faults(everyone: Sequence[Person], *, seed: int) -> Faults:
    """Conflicts and duplicates go to people sound in address, name and consent, or the truth would be ambiguous."""
    keys = [person.key for person in everyone]
    addresses = {
        person.key: _spoilt(person, kind, seed=seed)
        for kinds in [dealt(seed, "spoilt address", keys, ADDRESSES)]
        for person in everyone
        if (kind := kinds.get(person.key))
    }
    missing_names = dealt(seed, "missing name", keys, MISSING_NAMES)
    email_consents = dealt(seed, "email consent", keys, EMAIL_CONSENTS)
    withdrawn = {key for key, kind in email_consents.items() if kind == "withdrawn"}
    unsound = addresses.keys() | missing_names.keys() | withdrawn
    sound = [person for person in everyone if person.key not in unsound]
    settled = [person.key for person in sound if person.joined_ms < LATEST_JOINER_MS]
    conflicts = dealt(seed, "conflict", settled, CONFLICTS)
    return Faults(
        addresses=addresses,
        missing_names=missing_names,
        email_consents=email_consents,
        profiling_consents=dealt(seed, "profiling consent", keys, PROFILING_CONSENTS),
        conflicts=conflicts,
        duplicates=dealt(seed, "duplicate", [key for key in settled if key not in conflicts], DUPLICATES),
    )


def _spoilt(person: Person, kind: str, *, seed: int) -> SpoiltAddress:
    local = person.email.split("@")[0]
    if kind == "typo":
        wrong, right = pick(seed, "typo", person.key, TYPOS)
        return SpoiltAddress(kind, f"{local}@{wrong}", f"{local}@{right}")
    if kind == "missing":
        return SpoiltAddress(kind, pick(seed, "missing address", person.key, (None, "")), None)
    return SpoiltAddress(kind, pick(seed, "invalid address", person.key, INVALID).format(local=local), None)


def other_spelling(email: str, key: str, *, seed: int) -> str:
    """The same mailbox in other case or with spaces around."""
    spellings = (email.upper(), email.title(), f" {email}", f"{email}  ", f"  {email.upper()} ")
    return pick(seed, "other spelling", key, spellings)
