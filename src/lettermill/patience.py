"""How long to wait, and when to give up: paces, retries with backoff, and the clock that they are handed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Clock(Protocol):
    """Time as what talks to the world sees it, in seconds since 1970. A test hands in one that only it moves."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


Chance = Callable[[], float]
"""A number from 0 up to 1, anew on each call; it spreads the retries of many workers."""


@dataclass(frozen=True)
class Patience:
    """Retries of what may pass by itself: exponential backoff with full jitter, at most `attempts` calls in all.

    `throttled_seconds` is waited where a server refuses for too many calls and does not say for how long;
    `longest_seconds` is the longest wait a server may ask for, above which the run ends and says so.
    """

    attempts: int = 6
    base_seconds: float = 1.0
    cap_seconds: float = 60.0
    throttled_seconds: float = 10.0
    longest_seconds: float = 900.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts must be 1 or more, is {self.attempts}")

    def backoff(self, attempt: int, chance: Chance) -> float:
        """Seconds to wait after call number `attempt` (from 1) has failed.

        Full jitter, as in Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        """
        return chance() * min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1))


@dataclass(frozen=True)
class Rate:
    """What a server allows: `calls` in any `seconds`; 0 calls means no limit."""

    calls: int = 0
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.calls < 0 or self.seconds <= 0:
            raise ValueError(f"a rate needs calls of 0 or more in seconds above 0, is {self.calls} in {self.seconds}")


@dataclass
class TokenBucket:
    """Keeps to a rate: each call takes a token, tokens come back steadily.

    It holds half of what the rate allows: a full bucket at once and a steady refill would pass the limit in the first
    period.
    """

    rate: Rate
    clock: Clock
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._filled_at = self._most, self.clock.time()

    @property
    def _most(self) -> float:
        return max(1.0, self.rate.calls // 2)

    def take(self) -> None:
        """Wait until a call may be made."""
        if not self.rate.calls:
            return
        # With the bucket's content first spent, what may be refilled in a period is what the rate leaves beside it.
        refill = max(1.0, self.rate.calls - self._most) / self.rate.seconds
        now = self.clock.time()
        self._tokens = min(self._most, self._tokens + (now - self._filled_at) * refill)
        self._filled_at = now
        if self._tokens < 1:
            wait = (1 - self._tokens) / refill
            self.clock.sleep(wait)
            self._tokens, self._filled_at = 1.0, self.clock.time()
        self._tokens -= 1
