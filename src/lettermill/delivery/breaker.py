"""When calling again does harm: a breaker that leaves a failing provider alone, and a budget of retries."""

from dataclasses import dataclass, field
from threading import Lock

from lettermill.patience import Clock


@dataclass
class Breaker:
    """Opens after `failures` failing calls in a row, for `cooling_seconds`; then one call probes, and closes or opens
    it again. After `openings` in all, without a call that went well between them, it is spent: the hand-over ends.
    """

    clock: Clock
    failures: int = 5
    cooling_seconds: float = 30.0
    openings: int = 5
    _in_a_row: int = field(init=False, default=0)
    _opened: int = field(init=False, default=0)
    _open_until: float | None = field(init=False, default=None)
    _is_probing: bool = field(init=False, default=False)
    _lock: Lock = field(init=False, default_factory=Lock, repr=False)

    @property
    def is_spent(self) -> bool:
        return self._opened >= self.openings

    def enter(self) -> float:
        """Wait until a call may be made or the breaker is spent; how many seconds that took.

        Whoever enters says afterwards that the call `went_well`, `failed`, or was not made (`leave`).
        """
        waited = 0.0
        while not self.is_spent and (wait := self._wait_or_enter()) > 0:
            self.clock.sleep(wait)
            waited += wait
        return waited

    def went_well(self) -> None:
        with self._lock:
            self._in_a_row, self._opened, self._open_until, self._is_probing = 0, 0, None, False

    def failed(self) -> None:
        with self._lock:
            self._in_a_row += 1
            was_probe, self._is_probing = self._is_probing, False
            # Calls that were under way when it opened tell nothing new.
            if was_probe or (self._open_until is None and self._in_a_row >= self.failures):
                self._open_until = self.clock.time() + self.cooling_seconds
                self._opened += 1

    def leave(self) -> None:
        """No call was made after all: somebody else may probe."""
        with self._lock:
            self._is_probing = False

    def _wait_or_enter(self) -> float:
        with self._lock:
            if self._open_until is None:
                return 0.0
            left = self._open_until - self.clock.time()
            if left <= 0 and not self._is_probing:
                self._is_probing = True
                return 0.0
            return left if left > 0 else min(1.0, self.cooling_seconds)


@dataclass
class RetryBudget:
    """Calls that offer messages again may be `share` of all calls and `floor` more; so retries never multiply load.

    As in Finagle's RetryBudget and the "Addressing Cascading Failures" chapter of Google's SRE book.
    """

    share: float = 0.2
    floor: int = 10
    _calls: int = field(init=False, default=0)
    _retries: int = field(init=False, default=0)
    _lock: Lock = field(init=False, default_factory=Lock, repr=False)

    def spend_call(self) -> None:
        with self._lock:
            self._calls += 1

    def spend_retry(self) -> bool:
        """Take one retry from what is left; false where nothing is."""
        with self._lock:
            if self._retries >= self.floor + self.share * self._calls:
                return False
            self._retries += 1
            return True
