"""The forecast of a dry run: how long a hand-over takes at this account's limits, which of them binds, and what is not
done in time. Plain arithmetic: it calls nobody."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lettermill.delivery.rooms import Room, less, most
from lettermill.delivery.throughput import Throughput


@dataclass(frozen=True)
class Forecast:
    """What to expect. `ends_at` is null where something is `undone`; `binds` is what takes the most of the time: a
    limit of the account, `window`, `warm-up` or `quota`. Seconds go to sending, and to waiting for those."""

    messages: int
    begins_at: datetime
    ends_at: datetime | None
    binds: str
    sending: float
    waiting: Mapping[str, float]
    undone: int
    throughput: Throughput
    last_moment: datetime | None

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def forecast(
    *,
    ready: Mapping[datetime, int],
    throughput: Throughput,
    moment: datetime,
    last_moment: datetime | None = None,
    rooms: Sequence[Room] = (),
) -> Forecast:
    """How a hand-over goes from `moment` on; `ready` says how many messages may leave from which moments on.

    `last_moment` is when nothing leaves any more; of the `rooms`, all must have room for a message.
    """
    speed, sending, waits = min(throughput.speeds.values()), 0.0, defaultdict[str, float](float)
    arriving = sorted((max(at, moment), count) for at, count in ready.items() if count)
    total, now, waiting = sum(count for _, count in arriving), moment, 0.0
    while True:
        while arriving and arriving[0][0] <= now:
            waiting += arriving.pop(0)[1]
        rooms = [room.renewed(now) for room in rooms]
        if not (waiting or arriving) or (last_moment is not None and now >= last_moment):
            break
        sendable = min(waiting, most(rooms))
        stops = [arriving[0][0] if arriving else None, last_moment, *(room.ends_at for room in rooms)]
        until, sent = _stretch(now, sendable=sendable, speed=speed, stops=[at for at in stops if at is not None])
        seconds = (until - now).total_seconds()
        if sendable:
            sending += seconds
            rooms = [room.taken(sent, at=now) for room in rooms]
        else:
            waits[_missing(rooms) if waiting else "window"] += seconds
        waiting, now = less(waiting, sent), until
    undone = math.ceil(waiting) + sum(count for _, count in arriving)
    return Forecast(
        messages=total,
        begins_at=moment,
        ends_at=None if undone else now,
        binds=max({throughput.binds: sending, **waits}.items(), key=lambda one: one[1])[0],
        sending=sending,
        waiting=waits,
        undone=undone,
        throughput=throughput,
        last_moment=last_moment,
    )


def _missing(rooms: Sequence[Room]) -> str:
    """The room that is waited for: of those that are full, the one that is there anew last."""
    full = {room.ends_at: room.name for room in rooms if not room.left and room.ends_at is not None}
    return full[max(full)]


def _stretch(now: datetime, *, sendable: float, speed: float, stops: Sequence[datetime]) -> tuple[datetime, float]:
    """Until when messages go out at one speed, at the latest until the first of the stops, and how many."""
    done_at = now + timedelta(seconds=sendable / speed) if sendable else None
    if done_at is not None and all(done_at <= stop for stop in stops):
        return done_at, sendable
    until = min(stops)
    return until, min(sendable, (until - now).total_seconds() * speed)


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
    ends_at = told.ends_at or told.last_moment
    if ends_at is not None:
        ends = "all done by" if told.ends_at else f"{told.undone:,} not done by"
        yield f"  {ends} {ends_at:%Y-%m-%d %H:%M %Z}: {', '.join(spent) or 'nothing is sent'}"
    yield f"  what binds: {told.binds}"
    for name, speed in sorted(throughput.speeds.items(), key=lambda pair: pair[1]):
        yield f"  {name:<12}{speed:>12,.1f} messages a second"
    for quota in throughput.quotas:
        yield f"  {'quota':<12}{quota.messages:>12,.0f} messages in {_span(quota.seconds)}"


def _span(seconds: float) -> str:
    whole = math.ceil(seconds)
    units = {"d": whole // 86_400, "h": whole // 3_600 % 24, "min": whole // 60 % 60, "s": whole % 60}
    told = [f"{number} {unit}" for unit, number in units.items() if number]
    return " ".join(told[:2])
