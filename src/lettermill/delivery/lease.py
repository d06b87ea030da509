"""A lease: one holder at a time, told by marks that only one can create. It ends by itself when its holder is gone.

A holder that slept over its lease may wake up and go on for a moment: what must happen once is kept by the marks of
each call, a lease alone keeps two from being at the same work.
"""

from dataclasses import dataclass, field
from threading import Lock

from lettermill.delivery.journal import Journal
from lettermill.patience import Clock

HELD, RELEASED = "held", "released"
KEPT = 2
"""Marks that stay behind the newest: who reads the newest finds it."""


@dataclass(frozen=True)
class Holding:
    """The newest mark of a lease. `until` is in seconds since 1970, by the clock of its holder."""

    number: int
    holder: str
    until: float
    kind: str

    def is_held(self, now: float) -> bool:
        return self.kind == HELD and now < self.until


@dataclass
class Lease:
    """The lease of `prefix` (`leases/claim`), for a holder of a name that no other process has; for any of its threads.

    `seconds` are longer than the longest step between two renewals and any difference between clocks of machines.
    """

    journal: Journal
    prefix: str
    holder: str
    seconds: float
    clock: Clock
    _number: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    def acquire(self) -> bool:
        """Take the lease if nobody holds it; tell whether it is held from now on."""
        with self._lock:
            newest = newest_of(self.journal, self.prefix)
            if newest is not None and newest.is_held(self.clock.time()):
                return False
            return self._follow(newest.number if newest else 0, kind=HELD)

    def renew(self) -> bool:
        """Hold it for another `seconds`; false when somebody else has taken it, or it is not held at all."""
        with self._lock:
            return bool(self._number) and self._follow(self._number, kind=HELD)

    def release(self) -> bool:
        """Give it up; false when it was lost before."""
        with self._lock:
            is_released = bool(self._number) and self._follow(self._number, kind=RELEASED)
            self._number = 0
            return is_released

    def _follow(self, number: int, *, kind: str) -> bool:
        content = {"holder": self.holder, "until": self.clock.time() + self.seconds, "kind": kind}
        is_ours = self.journal.create(_key(self.prefix, number + 1), content)
        # A holder that slept for long may fill a gap that old marks left: only the newest mark counts.
        numbers = _numbers(self.journal, self.prefix) if is_ours else []
        self._number = number + 1 if numbers[-1:] == [number + 1] else 0
        if self._number:
            for old in numbers[:-KEPT]:
                self.journal.remove(_key(self.prefix, old))
        return bool(self._number)


def newest_of(journal: Journal, prefix: str) -> Holding | None:
    """The newest mark of a lease, held or not; null where nobody ever held it."""
    while numbers := _numbers(journal, prefix):
        newest = holding_of(journal, _key(prefix, numbers[-1]))
        if newest is not None:  # else two newer ones were made since the marks were listed
            return newest
    return None


def holding_of(journal: Journal, key: str) -> Holding | None:
    """What one mark of a lease says; null where it is not there any more."""
    content = journal.read(key)
    return Holding(_number(key), content["holder"], content["until"], content["kind"]) if content else None


def holder_of(journal: Journal, prefix: str, now: float) -> Holding | None:
    """Who holds the lease at `now`, in seconds since 1970; null where nobody does."""
    newest = newest_of(journal, prefix)
    return newest if newest is not None and newest.is_held(now) else None


def _numbers(journal: Journal, prefix: str) -> list[int]:
    return sorted(_number(key) for key in journal.keys(f"{prefix}/"))


def _number(key: str) -> int:
    return int(key.rpartition("/")[2])


def _key(prefix: str, number: int) -> str:
    return f"{prefix}/{number:08d}"
