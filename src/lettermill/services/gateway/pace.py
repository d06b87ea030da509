"""How much each key may send: a token bucket for each, which may be overdrawn once and is then waited for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from lettermill.services.gateway.refusals import Refusal


@dataclass
class _Bucket:
    level: float
    filled_at: float


@dataclass
class Pace:
    """`rate` events per second in the long run, `burst` at once, for every key by itself and for this process.

    A batch is never cut: it is taken while anything is left, and the rest is owed.
    """

    rate: float
    burst: int
    clock: Callable[[], float] = monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def admit(self, key: str) -> None:
        """Raises Refusal (429, with Retry-After) where the key has nothing left."""
        bucket = self._filled(key)
        if bucket.level < 1:
            seconds = ceil((1 - bucket.level) / self.rate)
            reason = f"more than {self.rate:g} events per second; try again in {seconds} s"
            raise Refusal(429, "too_fast", reason, {"Retry-After": str(seconds)})

    def charge(self, key: str, *, events: int) -> None:
        """Take `events` off what the key has; at least one, so that empty calls count too."""
        self._filled(key).level -= max(1, events)

    def _filled(self, key: str) -> _Bucket:
        now = self.clock()
        bucket = self._buckets.setdefault(key, _Bucket(float(self.burst), now))
        bucket.level = min(float(self.burst), bucket.level + (now - bucket.filled_at) * self.rate)
        bucket.filled_at = now
        return bucket
