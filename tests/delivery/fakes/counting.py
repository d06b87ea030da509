"""How providers count what they allow: in windows of the clock, in any stretch of time, or by what comes back steadily."""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from lettermill.patience import Rate


class Count(Protocol):
    """What was taken of one rate. A fake asks for room first and then takes, so that a refused call counts nothing."""

    rate: Rate

    def wait(self, now: float, much: int = 1) -> float:
        """Seconds until there may be room for so much; 0 where there is now."""

    def take(self, now: float, much: int = 1) -> None: ...


@dataclass
class OfTheClock:
    """Begins anew at each full hour, minute or other stretch of the clock, however late in one the calls come."""

    rate: Rate
    _window: float = -1.0
    _taken: int = 0

    def wait(self, now: float, much: int = 1) -> float:
        return 0.0 if self.taken(now) + much <= self.rate.calls else self.ends(now) - now

    def take(self, now: float, much: int = 1) -> None:
        self._taken = self.taken(now) + much
        self._window = now // self.rate.seconds

    def taken(self, now: float) -> int:
        return self._taken if self._window == now // self.rate.seconds else 0

    def ends(self, now: float) -> float:
        return (now // self.rate.seconds + 1) * self.rate.seconds


@dataclass
class Rolling:
    """Counts what was taken in the seconds right before, at any moment."""

    rate: Rate
    _taken: deque[tuple[float, int]] = field(default_factory=deque)

    def wait(self, now: float, much: int = 1) -> float:
        if self.taken(now) + much <= self.rate.calls:
            return 0.0
        return self._taken[0][0] + self.rate.seconds - now if self._taken else self.rate.seconds

    def take(self, now: float, much: int = 1) -> None:
        self._taken.append((now, much))

    def taken(self, now: float) -> int:
        while self._taken and now - self._taken[0][0] >= self.rate.seconds:
            self._taken.popleft()
        return sum(much for _, much in self._taken)


@dataclass
class Refilling:
    """Is full at first, and what was taken comes back at the pace of the rate: nothing is saved up beyond one window."""

    rate: Rate
    _left: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._left = self.rate.calls

    def wait(self, now: float, much: int = 1) -> float:
        return max(0.0, much - self._filled(now)) * self.rate.seconds / self.rate.calls

    def take(self, now: float, much: int = 1) -> None:
        self._left, self._at = self._filled(now) - much, now

    def _filled(self, now: float) -> float:
        back = (now - self._at) * self.rate.calls / self.rate.seconds
        return min(float(self.rate.calls), self._left + back)
