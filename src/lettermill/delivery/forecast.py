"""The forecast of a dry run: how long a hand-over takes at this account's limits, which of them binds, and what is not
done in time. Plain arithmetic: it calls nobody."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lettermill.delivery.provider import Limits
from lettermill.delivery_rules import WarmUp
from lettermill.patience import Rate

TINY = 1e-3
"""Of a message: what is left of rounding a moment to microseconds."""


@dataclass(frozen=True)
class Pace:
    """How a hand-over goes: `seconds` that a call takes, measured or supposed, of `tasks` that call at once, each
    message with `body` bytes in it; `share` is the part of the account's rates that it may use."""

    limits: Limits
    seconds: float
    tasks: int
    body: float
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.tasks < 1 or self.body <= 0 or not 0 < self.share <= 1:
            raise ValueError(f"a pace needs seconds, tasks and bytes above 0 and a share up to 1, is {self}")

    @property
    def a_call(self) -> int:
        """Messages that a call holds, by their number and by their bytes."""
        return max(1, min(self.limits.messages, self._by_bytes))

    @property
    def speeds(self) -> dict[str, float]:
        """Messages a second that each limit would allow, if it were the only one; the smallest binds."""
        limits, rates = self.limits, {}
        if any(rate.calls for rate in limits.calls):
            rates["calls"] = self.share * self.a_call * _slowest(limits.calls)
        if any(rate.calls for rate in limits.recipients):
            rates["recipients"] = self.share * _slowest(limits.recipients)
        return {**rates, "connections": min(self.tasks, limits.connections) * self.a_call / self.seconds}

    @property
    def binds(self) -> str:
        """The limit that binds: calls, recipients, connections, or bytes, where calls would hold more but for them."""
        speeds = self.speeds
        name = min(speeds, key=lambda one: speeds[one])
        return "bytes" if name != "recipients" and self._by_bytes < self.limits.messages else name

    @property
    def _by_bytes(self) -> int:
        return int((self.limits.bytes - self.limits.envelope) // self.body)


def _slowest(rates: Sequence[Rate]) -> float:
    """Calls a second that all of some rates allow."""
    return min(rate.calls / rate.seconds for rate in rates if rate.calls)


@dataclass(frozen=True)
class Forecast:
    """What to expect. `ends_at` is null where something is `undone`; `binds` is what takes the most of the time: a
    limit of the account, `window` or `warm-up`. Seconds go to sending, and to waiting for either."""

    messages: int
    begins_at: datetime
    ends_at: datetime | None
    binds: str
    sending: float
    window: float
    warm_up: float
    undone: int
    pace: Pace
    last_moment: datetime | None

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def forecast(
    *,
    ready: Mapping[datetime, int],
    pace: Pace,
    moment: datetime,
    last_moment: datetime | None = None,
    warm_up: WarmUp | None = None,
    used: int = 0,
    timezone: str = "UTC",
) -> Forecast:
    """How a hand-over goes from `moment` on; `ready` says how many messages may leave from which moments on.

    `last_moment` is when nothing leaves any more. Of the warm-up's day, which is one of `timezone`, `used` messages
    have left.
    """
    speed, spent = min(pace.speeds.values()), {"sending": 0.0, "window": 0.0, "warm_up": 0.0}
    arriving = sorted((max(at, moment), count) for at, count in ready.items() if count)
    total, now, waiting = sum(count for _, count in arriving), moment, 0.0
    room, day_ends = _day(warm_up, now, timezone)
    room = max(0.0, room - used)
    while True:
        while arriving and arriving[0][0] <= now:
            waiting += arriving.pop(0)[1]
        if now == day_ends:
            room, day_ends = _day(warm_up, now, timezone)
        if not (waiting or arriving) or (last_moment is not None and now >= last_moment):
            break
        sendable = min(waiting, room)
        stops = [at for at in (arriving[0][0] if arriving else None, day_ends, last_moment) if at is not None]
        until, sent = _stretch(now, sendable=sendable, speed=speed, stops=stops)
        spent["sending" if sendable else "warm_up" if waiting else "window"] += (until - now).total_seconds()
        waiting, room, now = _less(waiting, sent), _less(room, sent), until
    undone = math.ceil(waiting) + sum(count for _, count in arriving)
    longest = max(spent, key=lambda one: spent[one])
    return Forecast(
        messages=total,
        begins_at=moment,
        ends_at=None if undone else now,
        binds={"sending": pace.binds, "window": "window", "warm_up": "warm-up"}[longest],
        **spent,
        undone=undone,
        pace=pace,
        last_moment=last_moment,
    )


def _day(warm_up: WarmUp | None, now: datetime, timezone: str) -> tuple[float, datetime | None]:
    """Messages that a day of the warm-up has room for, and when it ends: any number, and never, without a limit."""
    at = ZoneInfo(timezone)
    day = now.astimezone(at).date()
    allowed = None if warm_up is None else warm_up.allowance(day)
    if allowed is None:
        return math.inf, None
    return float(allowed), datetime.combine(day + timedelta(days=1), time(), tzinfo=at).astimezone(UTC)


def _stretch(now: datetime, *, sendable: float, speed: float, stops: Sequence[datetime]) -> tuple[datetime, float]:
    """Until when messages go out at one speed, at the latest until the first of the stops, and how many."""
    done_at = now + timedelta(seconds=sendable / speed) if sendable else None
    if done_at is not None and all(done_at <= stop for stop in stops):
        return done_at, sendable
    until = min(stops)
    return until, min(sendable, (until - now).total_seconds() * speed)


def _less(number: float, sent: float) -> float:
    left = number - sent
    return left if left > TINY else 0.0


def _lines(told: Forecast) -> Iterator[str]:
    pace = told.pace
    yield f"{told.messages:,} messages, {pace.a_call:,} to a call, from {told.begins_at:%Y-%m-%d %H:%M %Z}"
    for name, speed in sorted(pace.speeds.items(), key=lambda pair: pair[1]):
        yield f"  {name:<12} {speed:>12,.1f} messages a second"
    waits = {"sending": told.sending, "waiting for windows": told.window, "waiting for the warm-up": told.warm_up}
    spent = ", ".join(f"{_span(seconds)} {doing}" for doing, seconds in waits.items() if seconds)
    yield f"{told.binds} binds: {spent or 'nothing to send'}"
    if told.ends_at is not None:
        yield f"done by {told.ends_at:%Y-%m-%d %H:%M %Z}"
    elif told.last_moment is not None:
        yield f"{told.undone:,} not done by {told.last_moment:%Y-%m-%d %H:%M %Z}"


def _span(seconds: float) -> str:
    whole = math.ceil(seconds)
    units = {"d": whole // 86_400, "h": whole // 3_600 % 24, "min": whole // 60 % 60, "s": whole % 60}
    told = [f"{number} {unit}" for unit, number in units.items() if number]
    return " ".join(told[:2])
