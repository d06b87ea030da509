"""Browsing sessions invented from what a household had bought before the week began, and from what was popular then.

A week's sessions are drawn from the state at its start, keyed by household and week, so no purchase at or after an
event can have any part in it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.chance import Floats, Integers, between, chances
from demo.feed import DAY_MS, HOUR_MS, SECOND_MS, WEEK_MS, YEAR_END_MS, YEAR_START_MS

WEEKS = 53
RECENT_MS = 8 * WEEK_MS
POPULAR_MS = 4 * WEEK_MS
MOST_SESSIONS = 5
OWN_SHARE = 0.65  # product views drawn from the household's own past; the rest from what others bought lately
LOGGED_IN_SHARE = 0.45
PAGE, VIEWED, ADDED = 0, 1, 2
WEEK_COLUMNS = ("household_id", "week", "week_ms", "own_start", "own_count", "rate")


@dataclass(frozen=True)
class Visits:
    """`sessions` one row per session; `steps` one row per event, with `session` the row of its session."""

    sessions: pd.DataFrame
    steps: pd.DataFrame


def visits(purchases: pd.DataFrame, newcomers: pd.DataFrame, *, seed: int) -> Visits:
    """Sessions of households with purchases (`household_id, basket_id, product_id, at_ms`) and of newcomers.

    Newcomers (`household_id, joined_ms`) never bought: they look at what is popular from the week after they joined.
    """
    own = purchases.sort_values(["household_id", "at_ms", "basket_id", "product_id"], ignore_index=True)
    sessions = _sessions(own, newcomers, seed=seed)
    steps = _steps(sessions, seed=seed)
    popular = purchases.sort_values(["at_ms", "basket_id", "product_id"], ignore_index=True)
    steps = steps.assign(product_id=_products(steps, sessions, own, popular, seed=seed))
    return Visits(sessions, steps[steps["product_id"] >= 0].reset_index(drop=True))


def _sessions(own: pd.DataFrame, newcomers: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """One row per session: household, week, number within the week, start, and the own past it may draw from."""
    weekly = pd.concat([_household_weeks(own, seed=seed), _newcomer_weeks(newcomers)], ignore_index=True)
    chance = chances(seed, "sessions", weekly["household_id"].to_numpy(), weekly["week"].to_numpy())
    sessions = weekly.loc[weekly.index.repeat(_counts(weekly["rate"].to_numpy(), chance))]
    sessions = sessions.assign(number=sessions.groupby(level=0).cumcount()).reset_index(drop=True)
    household, week, number = (sessions[name].to_numpy() for name in ("household_id", "week", "number"))
    key = (household, week, number)
    day = between(0, 6, chances(seed, "session day", *key))
    # Two rounds of the clock, averaged, make a hump at 21:00 UTC, the afternoon of American shoppers.
    hour = (chances(seed, "session hour", *key) + chances(seed, "session hour again", *key)) * 12 + 9
    start = sessions["week_ms"] + day * DAY_MS + (hour * HOUR_MS).astype("int64")
    is_known = chances(seed, "logged in", *key) < LOGGED_IN_SHARE
    sessions = sessions.assign(
        start_ms=start,
        device=_devices(household, week, number, seed=seed),
        length=2 + (8 * chances(seed, "session length", *key) ** 1.6).astype("int64"),
        login_step=np.where(is_known, between(0, 2, chances(seed, "login step", *key)), MOST_SESSIONS * 100),
    )
    return sessions[sessions["start_ms"] < YEAR_END_MS].reset_index(drop=True)


def _household_weeks(own: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """One row per household and week with purchases before it: where its past lies in `own`, and its activity."""
    if own.empty:
        return pd.DataFrame(columns=list(WEEK_COLUMNS), dtype="int64")
    households, starts = np.unique(own["household_id"].to_numpy(), return_index=True)
    household = np.repeat(np.arange(len(households)), WEEKS)
    week = np.tile(np.arange(WEEKS), len(households))
    week_ms = YEAR_START_MS + week * WEEK_MS
    before = _count_before(own, households, household, week_ms)
    trips = own.drop_duplicates("basket_id")
    recent = _count_before(trips, households, household, week_ms)
    recent = recent - _count_before(trips, households, household, week_ms - RECENT_MS)
    warmth = chances(seed, "warmth", households)[household] ** 2 * 2.6 + 0.15
    weeks = pd.DataFrame(
        {
            "household_id": households[household],
            "week": week,
            "week_ms": week_ms,
            "own_start": starts[household],
            "own_count": before,
            "rate": warmth * (0.3 + 0.09 * np.minimum(recent, 10)),
        }
    )
    return weeks[weeks["own_count"] > 0]


def _count_before(rows: pd.DataFrame, households: Integers, household: Integers, at_ms: Integers) -> Integers:
    """How many of a household's rows (sorted by household and time) lie before each instant."""
    place = np.searchsorted(households, rows["household_id"].to_numpy())
    span = 4 * (YEAR_END_MS - YEAR_START_MS)
    offsets = place * span + (rows["at_ms"].to_numpy() - YEAR_START_MS + span // 2)
    first = np.searchsorted(place, household, side="left")
    return np.searchsorted(offsets, household * span + (at_ms - YEAR_START_MS + span // 2), side="left") - first


def _newcomer_weeks(newcomers: pd.DataFrame) -> pd.DataFrame:
    weeks = newcomers.merge(pd.DataFrame({"week": np.arange(WEEKS)}), how="cross")
    weeks = weeks.assign(week_ms=YEAR_START_MS + weeks["week"] * WEEK_MS, own_start=0, own_count=0, rate=0.6)
    return weeks[weeks["week_ms"] > weeks["joined_ms"]].drop(columns="joined_ms")


def _counts(rate: Floats, chance: Floats) -> Integers:
    """Poisson counts by inversion, at most MOST_SESSIONS."""
    term = np.exp(-rate)
    below, counts = term.copy(), np.zeros(len(rate), dtype=np.int64)
    for count in range(1, MOST_SESSIONS + 1):
        counts += chance > below
        term = term * rate / count
        below = below + term
    return counts


def _devices(household: Integers, week: Integers, number: Integers, *, seed: int) -> Integers:
    """A device number: each household has up to three, and each loses its cookie after 20 to 60 weeks."""
    owned = between(1, 3, chances(seed, "devices", household) ** 2)
    device = (owned * chances(seed, "device", household, week, number) ** 2).astype(np.int64)
    generation = week // between(20, 60, chances(seed, "cookie life", household, device))
    return device * 10 + generation


def _steps(sessions: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """One row per event: its session, kind and instant."""
    session = np.repeat(np.arange(len(sessions)), sessions["length"])
    step = pd.Series(session).groupby(session).cumcount().to_numpy()
    columns = [sessions[name].to_numpy()[session] for name in ("household_id", "week", "number")]
    key = (*columns, step)
    kind = np.where(chances(seed, "kind", *key) < np.where(step == 0, 0.7, 0.2), PAGE, VIEWED)
    follows = (step > 0) & (kind == VIEWED) & (np.roll(kind, 1) == VIEWED) & (chances(seed, "added", *key) < 0.25)
    kind = np.where(follows & ~np.roll(follows, 1), ADDED, kind)
    gap = between(4 * SECOND_MS, 180 * SECOND_MS, chances(seed, "gap", *key) ** 2) * (step > 0)
    passed = np.cumsum(gap)
    first = passed[step == 0][session] if len(session) else passed
    at_ms = sessions["start_ms"].to_numpy()[session] + passed - first
    return pd.DataFrame({"session": session, "step": step, "kind": kind, "at_ms": at_ms}).assign(
        household_id=columns[0], week=columns[1], number=columns[2]
    )


def _products(
    steps: pd.DataFrame, sessions: pd.DataFrame, own: pd.DataFrame, popular: pd.DataFrame, *, seed: int
) -> Integers:
    """The product of each step: own past (the recent past oftener), or a line of the last weeks; -1 where none is."""
    key = tuple(steps[name].to_numpy() for name in ("household_id", "week", "number", "step"))
    past = sessions.loc[steps["session"], ["own_start", "own_count", "week_ms"]]
    count = past["own_count"].to_numpy()
    recent = np.sqrt(chances(seed, "own product", *key))
    from_own = past["own_start"].to_numpy() + np.minimum((recent * count).astype(np.int64), np.maximum(count - 1, 0))
    times, week_ms = popular["at_ms"].to_numpy(), past["week_ms"].to_numpy()
    low, high = np.searchsorted(times, week_ms - POPULAR_MS), np.searchsorted(times, week_ms)
    from_all = low + ((high - low) * chances(seed, "popular product", *key)).astype(np.int64)
    is_own = (chances(seed, "own or popular", *key) < OWN_SHARE) & (count > 0)
    found = np.where(is_own, _taken(own, from_own), np.where(high > low, _taken(popular, from_all), -1))
    return np.where(steps["kind"] == ADDED, np.roll(found, 1), found)


def _taken(rows: pd.DataFrame, places: Integers) -> Integers:
    products = rows["product_id"].to_numpy()
    return products[np.minimum(places, len(products) - 1)] if len(products) else np.full(len(places), -1)
