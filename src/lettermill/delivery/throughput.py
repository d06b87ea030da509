"""How many messages an account takes: in a second, by each of its limits, and in the time of a quota."""

from dataclasses import dataclass
from typing import NamedTuple

from lettermill.delivery.load import Load
from lettermill.delivery.pace import LONGEST_RATE_SECONDS
from lettermill.delivery.provider import Limits
from lettermill.patience import Rate


class Quota(NamedTuple):
    """Messages that an account takes in so many seconds, whenever in them."""

    messages: float
    seconds: float


@dataclass(frozen=True)
class Throughput:
    """How fast a hand-over of a `load` goes: `seconds` that a call takes, measured or supposed, of `tasks` that call at
    once; `share` is the part of the account's rates that it may use."""

    limits: Limits
    seconds: float
    tasks: int
    load: Load
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.tasks < 1 or not 0 < self.share <= 1:
            raise ValueError(f"a throughput needs seconds and tasks above 0 and a share up to 1, is {self}")

    @property
    def a_call(self) -> float:
        """Messages of a call on average; as many as it may hold, where there is none."""
        return self.load.messages / self.load.calls if self.load.calls else float(self.limits.messages)

    @property
    def speeds(self) -> dict[str, float]:
        """Messages a second that each limit would allow, if it were the only one; the smallest binds."""
        limits, speeds = self.limits, {}
        for name, rates, messages in (("calls", limits.calls, self.a_call), ("recipients", limits.recipients, 1)):
            each = [rate.calls / rate.seconds for rate in rates if _is_pace(rate)]
            if each:
                speeds[name] = self.share * messages * min(each)
        return {**speeds, "connections": min(self.tasks, limits.connections) * self.a_call / self.seconds}

    @property
    def quotas(self) -> list[Quota]:
        """What the account takes in longer times, over which nobody spreads calls."""
        both = ((self.limits.calls, self.a_call), (self.limits.recipients, 1))
        return [
            Quota(self.share * messages * rate.calls, rate.seconds)
            for rates, messages in both
            for rate in rates
            if _is_quota(rate)
        ]

    @property
    def binds(self) -> str:
        """The limit that binds: calls, recipients, connections, or bytes, where calls would hold more but for them."""
        speeds = self.speeds
        name = min(speeds, key=lambda one: speeds[one])
        return "bytes" if name != "recipients" and self._is_short_of_bytes else name

    @property
    def _is_short_of_bytes(self) -> bool:
        """Whether a call of as many messages as it may hold would have too many bytes."""
        room = self.limits.bytes - self.limits.envelope
        return self.limits.messages * self.load.body(self.limits) > room


def _is_pace(rate: Rate) -> bool:
    return rate.calls > 0 and rate.seconds <= LONGEST_RATE_SECONDS


def _is_quota(rate: Rate) -> bool:
    return rate.calls > 0 and rate.seconds > LONGEST_RATE_SECONDS
