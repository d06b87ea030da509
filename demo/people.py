"""Who the invented people are: one person per household, and newsletter sign-ups who never bought."""

import unicodedata
from dataclasses import dataclass
from itertools import accumulate

import pandas as pd

from demo.chance import chance, dealt, pick
from demo.feed import DAY_MS, HOUR_MS, SECOND_MS, YEAR_END_MS, YEAR_START_MS
from demo.names import COUNTRIES, MARKUP_NAMES, Country

SIGNUP_SHARE = 0.03
FIRST_SIGNUP_KEY = 900_001
SIGNUPS_FROM_MS = YEAR_END_MS - 61 * DAY_MS  # 1 November
LOADED_MS = YEAR_START_MS + 31 * DAY_MS  # who bought in January was a customer before the year began
DOMAINS = ("example.com", "example.com", "example.com", "example.net", "example.org")
AGES = {"19-24": (1993, 1998), "25-34": (1983, 1992), "35-44": (1973, 1982), "45-54": (1963, 1972),
        "55-64": (1953, 1962), "65+": (1932, 1952)}  # fmt: skip
NO_ACCENT = {ord("ß"): "ss", ord("ł"): "l", ord("ı"): "i", ord("ø"): "o"}  # letters that NFKD leaves whole
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True)
class Person:
    """`key` is the household key or the sign-up's number; `customer_id` is None for half of the sign-ups."""

    key: str
    customer_id: str | None
    joined_ms: int
    first_name: str
    last_name: str
    email: str
    birth_year: int
    country: str
    postcode: str
    locale: str
    timezone: str
    signup_source: str

    @property
    def is_signup(self) -> bool:
        return self.signup_source == "newsletter"


def people(lines: pd.DataFrame, demographics: pd.DataFrame, *, seed: int) -> list[Person]:
    """Everyone, as they truly are, before the CRM spoils its records; households in order of key, then sign-ups."""
    ages = dict(zip(demographics["household_id"].astype(str), demographics["age"], strict=True))
    first_orders = lines.groupby("household_id")["at_ms"].min()
    keys = [str(key) for key in first_orders.index]
    markup = dealt(seed, "markup name", keys, {"markup": 0.005})
    joined = [_joined(key, int(first), seed=seed) for key, first in zip(keys, first_orders, strict=True)]
    households = [
        _person(key, joined_ms=joined_ms, age=ages.get(key), is_markup=key in markup, seed=seed)
        for key, joined_ms in zip(keys, joined, strict=True)
    ]
    signups = range(FIRST_SIGNUP_KEY, FIRST_SIGNUP_KEY + max(2, round(SIGNUP_SHARE * len(keys))))
    return households + [_signup(str(key), seed=seed) for key in signups]


def newcomers(everyone: list[Person]) -> pd.DataFrame:
    """Sign-ups with a customer id, for browsing: `household_id, joined_ms`."""
    known = [person for person in everyone if person.is_signup and person.customer_id is not None]
    rows = {"household_id": [int(person.key) for person in known], "joined_ms": [person.joined_ms for person in known]}
    return pd.DataFrame(rows, dtype="int64")


def _joined(key: str, first_order_ms: int, *, seed: int) -> int:
    """Before the year for those who bought in January, else at the till a minute before the first order."""
    if first_order_ms < LOADED_MS:
        return YEAR_START_MS - DAY_MS - int(chance(seed, "joined", key) * 900 * DAY_MS) // SECOND_MS * SECOND_MS
    return first_order_ms - 60 * SECOND_MS


def _signup(key: str, *, seed: int) -> Person:
    span = YEAR_END_MS - HOUR_MS - SIGNUPS_FROM_MS
    joined = SIGNUPS_FROM_MS + int(chance(seed, "signed up", key) * span) // SECOND_MS * SECOND_MS
    return _person(key, joined_ms=joined, age=None, is_markup=False, seed=seed)


def _person(key: str, *, joined_ms: int, age: str | None, is_markup: bool, seed: int) -> Person:
    is_signup = int(key) >= FIRST_SIGNUP_KEY
    country = _country(key, seed=seed)
    pattern, timezone = pick(seed, "zone", key, country.zones)
    first, last = pick(seed, "first name", key, country.first_names), pick(seed, "last name", key, country.last_names)
    oldest, youngest = AGES[age] if age else (1935, 1998)
    shown = pick(seed, "markup", key, MARKUP_NAMES) if is_markup else (first, last)
    return Person(
        key=key,
        customer_id=None if is_signup and int(key) % 2 else key,
        joined_ms=joined_ms,
        first_name=shown[0],
        last_name=shown[1],
        email=f"{_plain(first, last)}.{key}@{pick(seed, 'domain', key, DOMAINS)}",
        birth_year=oldest + int(chance(seed, "birth year", key) * (youngest - oldest + 1)),
        country=country.code,
        postcode=postcode(key, pattern, seed=seed),
        locale=pick(seed, "locale", key, country.locales),
        timezone=timezone,
        signup_source="newsletter" if is_signup else pick(seed, "source", key, ("till", "till", "web", "app")),
    )


def _country(key: str, *, seed: int) -> Country:
    place = chance(seed, "country", key) * sum(country.share for country in COUNTRIES)
    edges = accumulate(country.share for country in COUNTRIES)
    return next(country for country, edge in zip(COUNTRIES, edges, strict=True) if place < edge)


def postcode(key: str, pattern: str, *, seed: int, what: str = "postcode") -> str:
    """A postcode of the pattern's form; the same key gives another one for another `what`."""
    signs = {"#": "0123456789", "@": LETTERS}
    return "".join(
        pick(seed, f"{what}/{place}", key, signs[sign]) if sign in signs else sign for place, sign in enumerate(pattern)
    )


def _plain(*words: str) -> str:
    """The words in ASCII for a local part; names in other scripts fall back to `friend`."""
    text = ".".join(words).lower().translate(NO_ACCENT)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().replace("'", "").strip(".")
    return plain or "friend"
