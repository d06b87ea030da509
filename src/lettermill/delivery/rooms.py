"""How many messages a forecast has room for, beside the pace: a warm-up's days, and the quotas of an account."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from lettermill.delivery.rations import room_of
from lettermill.delivery.throughput import Quota
from lettermill.delivery_rules import WarmUp

TINY = 1e-3
"""Of a message: what is left of rounding a moment to microseconds."""


class Room(Protocol):
    """Room for so many messages, until it is there anew at `ends_at`; null where it is not, or has not begun to end."""

    @property
    def name(self) -> str: ...

    @property
    def left(self) -> float: ...

    @property
    def ends_at(self) -> datetime | None: ...

    def taken(self, messages: float, *, at: datetime) -> "Room":
        """What is left once messages were sent, of which the first left at a moment."""

    def renewed(self, now: datetime) -> "Room":
        """The same, or the next where it ends now."""


@dataclass(frozen=True)
class WarmUpRoom:
    """What a warm-up's day has room for; days begin and end in `timezone`. Any number, and for ever, after them."""

    warm_up: WarmUp
    timezone: str
    left: float = math.inf
    ends_at: datetime | None = None
    name: str = field(default="warm-up", init=False)

    def taken(self, messages: float, *, at: datetime) -> "WarmUpRoom":  # noqa: ARG002 (a day ends by the clock)
        return replace(self, left=less(self.left, messages))

    def renewed(self, now: datetime) -> "WarmUpRoom":
        return warm_up_room(self.warm_up, moment=now, timezone=self.timezone) if now == self.ends_at else self


def warm_up_room(warm_up: WarmUp, *, moment: datetime, timezone: str, used: int = 0) -> WarmUpRoom:
    """The room that the moment's day has, of which `used` messages have left."""
    room = room_of(warm_up, used=used, moment=moment, timezone=timezone)
    return WarmUpRoom(warm_up, timezone, room.left, room.until) if room else WarmUpRoom(warm_up, timezone)


@dataclass(frozen=True)
class QuotaRoom:
    """What a quota has room for, all at once if need be.

    Its time is taken to begin with the first message in it; who counts by days of the calendar lets go on sooner.
    """

    quota: Quota
    left: float
    ends_at: datetime | None = None
    name: str = field(default="quota", init=False)

    def taken(self, messages: float, *, at: datetime) -> "QuotaRoom":
        ends_at = self.ends_at or at + timedelta(seconds=self.quota.seconds)
        return replace(self, left=less(self.left, messages), ends_at=ends_at)

    def renewed(self, now: datetime) -> "QuotaRoom":
        return replace(self, left=self.quota.messages, ends_at=None) if now == self.ends_at else self


def quota_room(quota: Quota, *, moment: datetime, used: int = 0, first_at: datetime | None = None) -> QuotaRoom:
    """The room that a quota has at a moment, of which `used` messages have left, the first of them at `first_at`."""
    ends_at = (first_at or moment) + timedelta(seconds=quota.seconds) if used else None
    return QuotaRoom(quota, max(0.0, quota.messages - used), ends_at)


def less(number: float, sent: float) -> float:
    """The number without what was sent."""
    left = number - sent
    return left if left > TINY else 0.0


def most(rooms: Sequence[Room]) -> float:
    """Messages that all of the rooms have room for."""
    return min((room.left for room in rooms), default=math.inf)
