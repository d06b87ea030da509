"""What a campaign says of its own delivery: how often, at what hours, until when, how fast, and when to stop.

Campaigns declare it and delivery obeys it, so it belongs to neither.
"""

import re
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal, TypeGuard
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lettermill.durations import duration

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = 24 * 60
"""Minutes on the clock's face, whatever happens to the clock on a day."""
CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)|24:00")
EVERY_DAY = ("mon..sun",)


@dataclass(frozen=True)
class FrequencyCap:
    """At most so many `messages` to one person in any `days`, over all campaigns."""

    messages: int
    days: int

    def __post_init__(self) -> None:
        if self.messages < 1 or self.days < 1:
            raise ValueError(
                f"a cap needs messages and days of 1 or more, is {self.messages} messages in {self.days} days"
            )


@dataclass(frozen=True)
class Hours:
    """Hours of a day by the clock on the person's wall, as `21:00`; over midnight where `to` is not after `from`."""

    start: str | int = field(metadata={"alias": "from"})
    end: str | int = field(metadata={"alias": "to"})

    def __post_init__(self) -> None:
        if self.minutes[0] == self.minutes[1]:
            raise ValueError(f"from and to are both {self.start}: give two times, or leave it out")

    @cached_property
    def minutes(self) -> tuple[int, int]:
        """Minutes from midnight of `from` and `to`. Raises ValueError for what is no time of day."""
        return _minute(self.start, of="from"), _minute(self.end, of="to")

    def holds(self, minute: int) -> bool:
        """Whether a minute of the day lies in these hours: `from` does, `to` does not."""
        start, end = self.minutes
        return start <= minute < end if start < end else minute >= start or minute < end


@dataclass(frozen=True)
class SendWindow:
    """Days and hours of the person in which mail may leave; `days` are `mon` to `sun`, or ranges as `mon..fri`."""

    start: str | int = field(default="00:00", metadata={"alias": "from"})
    end: str | int = field(default="24:00", metadata={"alias": "to"})
    days: tuple[str, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        start, end = self.minutes
        if start >= end:
            raise ValueError(f"a send window ends on the day it begins: from {self.start} is not before to {self.end}")
        if not self.weekdays:
            raise ValueError("a send window needs days")

    @cached_property
    def minutes(self) -> tuple[int, int]:
        """Minutes from midnight of `from` and `to`. Raises ValueError for what is no time of day."""
        return _minute(self.start, of="from"), _minute(self.end, of="to")

    @cached_property
    def weekdays(self) -> frozenset[int]:
        """The days, Monday as 0. Raises ValueError for what is no day."""
        return frozenset(day for one in self.days for day in _weekdays(one))

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether a minute of a weekday lies in the window."""
        start, end = self.minutes
        return weekday in self.weekdays and start <= minute < end


@dataclass(frozen=True)
class Stock:
    """Which input of a message shows products, and where its structs have their `id` and their `price`.

    A message that shows a product that is gone does not leave, nor one whose price has moved by more than the share
    `price_tolerance` of what is shown; without `price`, prices may move.
    """

    input: str
    id: str = "product_id"
    price: str | None = None
    price_tolerance: float = 0.0

    def __post_init__(self) -> None:
        _require_share(self, "price_tolerance")


@dataclass(frozen=True)
class WarmUp:
    """How many messages may leave on the first days of a new sender: `daily` from the day `starts` on, then any."""

    starts: date
    daily: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.daily or min(self.daily) < 1:
            raise ValueError(f"a warm-up needs daily numbers of 1 or more, is {list(self.daily)}")

    def allowance(self, day: date) -> int | None:
        """Messages that may leave on a day: none before the first, null where there is no limit any more."""
        number = (day - self.starts).days
        if number < 0:
            return 0
        return self.daily[number] if number < len(self.daily) else None


@dataclass(frozen=True)
class StopAt:
    """Shares of messages above which a roll-out stops: of those handed over, what events tell; of those that were to
    be, what was `faulty`, held back when it was rendered again or refused by the provider."""

    bounced: float = 0.02
    complained: float = 0.001
    faulty: float = 0.01
    unsubscribed: float = 0.02

    def __post_init__(self) -> None:
        _require_share(self, *(one.name for one in fields(self)))


@dataclass(frozen=True)
class RollOut:
    """Shares of a slot that leave step by step, each `observe`d before the next.

    No share is judged on fewer than `at_least` messages, so that one bounce of three stops nothing.
    """

    steps: tuple[float, ...] = (0.01, 0.1, 1.0)
    observe: str = "30 minutes"
    stop: StopAt = field(default_factory=StopAt)
    at_least: int = 100

    def __post_init__(self) -> None:
        duration(self.observe, of="observe")
        rises = all(before < after for before, after in zip((0.0, *self.steps), self.steps, strict=False))
        if not self.steps or not rises or self.steps[-1] != 1:
            raise ValueError(f"steps are shares that rise to 1.0, as [0.01, 0.1, 1.0], are {list(self.steps)}")
        if self.at_least < 1:
            raise ValueError(f"at_least must be 1 or more, is {self.at_least}")


@dataclass(frozen=True)
class DeliveryRules:
    """A campaign's own rules of delivery; without any, what is permitted leaves at once.

    Hours are the person's. `not_after` is a duration from the beginning of the occurrence's date (`36 hours`) or a
    moment (`2018-01-03T18:00`), both in the campaign's time zone; what has not left by then does not. `on_unknown` says
    what becomes of a message of which nobody can tell whether it was taken: kept as it is, sent again, or given up.
    """

    frequency_cap: FrequencyCap | None = None
    quiet_hours: Hours | None = None
    send_window: SendWindow | None = None
    not_after: object = None
    stock: Stock | None = None
    on_unknown: Literal["hold", "resend", "drop"] = "hold"
    warm_up: WarmUp | None = None
    roll_out: RollOut | None = None

    def __post_init__(self) -> None:
        if self.not_after is not None:
            _span_or_moment(self.not_after)
        if not any(self.week):
            raise ValueError("quiet_hours and send_window leave no minute of the week: let one of them go, or shift it")

    @cached_property
    def week(self) -> tuple[bool, ...]:
        """Whether mail may leave, for each minute of a week by the person's clock, from Monday 00:00 on."""
        window, quiet = self.send_window or SendWindow(), self.quiet_hours
        return tuple(
            window.holds(weekday, minute) and not (quiet is not None and quiet.holds(minute))
            for weekday in range(len(DAYS))
            for minute in range(MINUTES)
        )

    def last_moment(self, *, occurrence: str, timezone: str) -> datetime | None:
        """From when on nothing of an occurrence leaves any more; `timezone` is the campaign's.

        Raises ValueError where `not_after` counts from a date and the occurrence is none.
        """
        if self.not_after is None:
            return None
        given = _span_or_moment(self.not_after)
        if isinstance(given, datetime):
            return (given if given.tzinfo else given.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
        try:
            begins = datetime.combine(date.fromisoformat(occurrence), time())
        except ValueError:
            raise ValueError(
                f"not_after {self.not_after!r} counts from a date, and the occurrence {occurrence!r} is none; "
                "write a moment, 2018-01-03T18:00"
            ) from None
        return begins.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC) + given


def zone(name: str | None, *, otherwise: str) -> ZoneInfo:
    """The time zone of that name, or the other one where there is none."""
    return ZoneInfo(name if is_zone(name) else otherwise)


def is_zone(name: str | None) -> TypeGuard[str]:
    """Whether there is an IANA time zone of that name."""
    try:
        return name is not None and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, as `America`
        return False


def _minute(text: str | int, *, of: str) -> int:
    found = CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        # YAML reads 21:00 without quotes as a number to the base of 60.
        raise ValueError(f'{of} {text!r} is no time of day; write "08:00" or "21:30", in quotes')
    return MINUTES if found["hour"] is None else int(found["hour"]) * 60 + int(found["minute"])


def _weekdays(text: str) -> range:
    first, _, last = text.partition("..")
    if first not in DAYS or (last or first) not in DAYS or DAYS.index(first) > DAYS.index(last or first):
        raise ValueError(f"days: {text!r} is no day; write {', '.join(DAYS)}, or a range as mon..fri")
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


def _span_or_moment(given: object) -> timedelta | datetime:
    if isinstance(given, datetime):
        return given
    if isinstance(given, date):
        return datetime.combine(given, time())
    text = given if isinstance(given, str) else ""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return duration(text, of="not_after")
    except ValueError:
        raise ValueError(
            f"not_after {given!r} is no duration and no moment; write 36 hours, or 2018-01-03T18:00"
        ) from None


def _require_share(rule: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(rule, name) <= 1:
            raise ValueError(f"{name} must be a share from 0 to 1, is {getattr(rule, name)}")
