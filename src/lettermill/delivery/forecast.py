"""The forecast of a dry run: how long a hand-over takes at this account's limits, which of them binds, and what is not
done in time. Plain arithmetic: it calls nobody."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lettermill.delivery.rooms import TINY, Room, less, most
from lettermill.delivery.throughput import Throughput
from lettermill.delivery.windows import closes_at, opens_at
from lettermill.delivery_rules import DeliveryRules

ALWAYS = DeliveryRules().week
HORIZON = timedelta(days=366)
"""Nothing is foretold beyond it: 200 messages a day take for ever."""


class Ready(NamedTuple):
    """So many messages that may leave from a moment on, in the hours of the time zone `at`."""

    messages: float
    since: datetime
    at: ZoneInfo


@dataclass(frozen=True)
class Forecast:
    """What to expect. `ends_at` is null where something is `undone` by the last moment; `binds` is what takes the most
    of the time: a limit of the account, `window`, `warm-up` or `quota`. Seconds go to sending, and to waiting for
    those."""

    messages: int
    begins_at: datetime
    ends_at: datetime | None
    binds: str
    sending: float
    waiting: Mapping[str, float]
    undone: int
    throughput: Throughput
    last_moment: datetime

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def forecast(
    *,
    ready: Iterable[Ready],
    throughput: Throughput,
    moment: datetime,
    last_moment: datetime | None = None,
    week: Sequence[bool] = ALWAYS,
    rooms: Sequence[Room] = (),
) -> Forecast:
    """How a hand-over of what is `ready` goes from `moment` on.

    `last_moment` is when nothing leaves any more; `week` tells whether mail may leave, for each minute of it by the
    wall's clock; of the `rooms`, all must have room for a message. What leaves is taken evenly from all that may leave,
    since the order goes by a hash.
    """
    end = min(last_moment or moment + HORIZON, moment + HORIZON)
    speed, sending, waits = min(throughput.speeds.values()), 0.0, defaultdict[str, float](float)
    queues = [_Queue(one.messages, one.at, max(one.since, moment)) for one in ready if one.messages]
    total, now = sum(queue.messages for queue in queues), moment
    while queues and now < end:
        queues = [queue.looked_at(now, week) for queue in queues]
        rooms = [room.renewed(now) for room in rooms]
        waiting = sum(queue.messages for queue in queues if queue.is_open)
        sendable = min(waiting, most(rooms))
        stops = [end, *(queue.changes_at for queue in queues), *(room.ends_at for room in rooms)]
        until, sent = _stretch(now, sendable=sendable, speed=speed, stop=min(at for at in stops if at is not None))
        seconds = (until - now).total_seconds()
        if sendable:
            sending += seconds
            rooms = [room.taken(sent, at=now) for room in rooms]
            queues = [left for queue in queues if (left := queue.without(sent / waiting)).messages]
        else:
            waits[_missing(rooms) if waiting else "window"] += seconds
        now = until
    undone = math.ceil(sum(queue.messages for queue in queues) - TINY)
    return Forecast(
        messages=round(total),
        begins_at=moment,
        ends_at=None if undone else now,
        binds=max({throughput.binds: sending, **waits}.items(), key=lambda one: one[1])[0],
        sending=sending,
        waiting=waits,
        undone=undone,
        throughput=throughput,
        last_moment=end,
    )


@dataclass(frozen=True)
class _Queue:
    """Messages of one time zone that have not left; whether they may is asked again at `changes_at`."""

    messages: float
    at: ZoneInfo
    changes_at: datetime | None
    is_open: bool = False

    def looked_at(self, now: datetime, week: Sequence[bool]) -> "_Queue":
        if self.changes_at is None or now < self.changes_at:
            return self
        opens = opens_at(now, at=self.at, week=week)
        is_open = opens == now
        changes_at = closes_at(now, at=self.at, week=week) if is_open else opens
        return replace(self, is_open=is_open, changes_at=changes_at)

    def without(self, share: float) -> "_Queue":
        """The rest, once a share of what may leave has left."""
        return replace(self, messages=less(self.messages, self.messages * share)) if self.is_open else self


def _missing(rooms: Sequence[Room]) -> str:
    """The room that is waited for: of those that are full, the one that is there anew last."""
    full = {room.ends_at: room.name for room in rooms if not room.left and room.ends_at is not None}
    return full[max(full)]


def _stretch(now: datetime, *, sendable: float, speed: float, stop: datetime) -> tuple[datetime, float]:
    """Until when messages go out at one speed, at the latest until a moment, and how many."""
    possible = (stop - now).total_seconds() * speed
    if 0 < sendable <= possible:
        return now + timedelta(seconds=sendable / speed), sendable
    return stop, min(sendable, possible)


def _lines(told: Forecast) -> Iterator[str]:
    if not told.messages:
        yield "forecast: nothing to send"
        return
    throughput = told.throughput
    a_call = f"{throughput.a_call:,.1f}".removesuffix(".0")
    messages = "1 message" if told.messages == 1 else f"{told.messages:,} messages"
    yield f"forecast: {messages}, {a_call} to a call, from {told.begins_at:%Y-%m-%d %H:%M %Z}"
    spent = [f"{_span(told.sending)} sending"] if told.sending else []
    spent += [f"{_span(seconds)} waiting for the {name}" for name, seconds in told.waiting.items()]
    ends = "all done by" if told.ends_at else f"{told.undone:,} not done by"
    by = told.ends_at or told.last_moment
    yield f"  {ends} {by:%Y-%m-%d %H:%M %Z}: {', '.join(spent) or 'nothing is sent'}"
    yield f"  what binds: {told.binds}"
    for name, speed in sorted(throughput.speeds.items(), key=lambda pair: pair[1]):
        number, per = (speed, "a second") if speed >= 1 else (3_600 * speed, "an hour")
        yield f"  {name:<12}{number:>12,.1f} messages {per}"
    for quota in throughput.quotas:
        yield f"  {'quota':<12}{quota.messages:>12,.0f} messages in {_span(quota.seconds)}"


def _span(seconds: float) -> str:
    whole = math.ceil(round(seconds, 3))
    units = {"d": whole // 86_400, "h": whole // 3_600 % 24, "min": whole // 60 % 60, "s": whole % 60}
    told = [f"{number} {unit}" for unit, number in units.items() if number]
    return " ".join(told[:2])
