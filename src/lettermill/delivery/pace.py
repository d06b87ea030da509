"""The pace of an account, shared by the threads of a task: as fast as the provider allows, and never faster."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor
from threading import Lock

from lettermill.delivery.provider import Limits
from lettermill.patience import Clock, Rate

LONGEST_RATE_SECONDS = 3_600.0
"""What is allowed in a longer time is a quota, not a pace: nobody spreads a day's quota over the day. The provider
tells when it is used up."""


@dataclass
class Pace:
    """Even spacing at `headroom` of each rate of `limits`, for a task that has a `share` of the account.

    A server that counts by its own windows sees no more than it allows in any of them, wherever they begin. Where a
    task's part of a rate is no whole number, it takes the whole number below; with less than one call in a window, the
    share is kept on average alone, so an account is best shared by no more tasks than it allows calls.
    """

    limits: Limits
    share: float
    clock: Clock
    headroom: float = 0.98
    _spacings: list[_Spacing] = field(init=False)
    _free_at: float = field(init=False, default=0.0)
    _paused_until: float = field(init=False, default=0.0)
    _lock: Lock = field(init=False, default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1 or not 0 < self.headroom <= 1:
            raise ValueError(f"share and headroom are above 0 and up to 1, are {self.share} and {self.headroom}")
        rates = [(rate, False) for rate in self.limits.calls] + [(rate, True) for rate in self.limits.recipients]
        self._spacings = [
            _Spacing(rate, share=self.share, headroom=self.headroom, is_of_recipients=is_of_recipients)
            for rate, is_of_recipients in rates
            if rate.calls and rate.seconds <= LONGEST_RATE_SECONDS
        ]

    def take(self, recipients: int) -> float:
        """Wait until a call of so many messages may be made; how many seconds that took."""
        waited = 0.0
        while (wait := self._wait_or_take(recipients)) > 0:
            self.clock.sleep(wait)
            waited += wait
        return waited

    def space(self, recipients: int) -> float:
        """Wait, right before a call whose turn it is, for those that came to this point at the same moment.

        Threads that have waited for a journal together go on together; a server would count them in one window. How
        many seconds that took: no more than as many intervals as there are threads, but for a pause that another
        thread was told to keep meanwhile.
        """
        waited = 0.0
        while (wait := self._wait_or_space(recipients)) > 0:
            self.clock.sleep(wait)
            waited += wait
            with self._lock:
                if self._paused_until <= self.clock.time():
                    break
        return waited

    def pause(self, seconds: float) -> None:
        """Let no call of this task begin for so long, as a provider asked."""
        with self._lock:
            self._paused_until = max(self._paused_until, self.clock.time() + seconds)

    def divide(self, among: int) -> None:
        """Take this task's share as one of so many senders of the account."""
        with self._lock:
            for spacing in self._spacings:
                spacing.share = self.share / among

    @property
    def is_paused(self) -> bool:
        """Whether a provider is to be left alone now."""
        return self.clock.time() < self._paused_until

    def _wait_or_space(self, recipients: int) -> float:
        with self._lock:
            now = self.clock.time()
            begins = max(now, self._free_at, self._paused_until)
            # A little faster than turns come, so that nobody waits here but for a bunch.
            faster = 2 * self.headroom / (1 + self.headroom)
            self._free_at = begins + max((one.interval(recipients) * faster for one in self._spacings), default=0.0)
            return begins - now

    def _wait_or_take(self, recipients: int) -> float:
        with self._lock:
            now = self.clock.time()
            ready = max([self._paused_until, *(spacing.ready_at for spacing in self._spacings)])
            if ready > now:
                return ready - now
            for spacing in self._spacings:
                spacing.take(recipients, now=now)
            return 0.0


@dataclass
class _Spacing:
    """One rate: `ready_at` is when the next call may begin."""

    rate: Rate
    share: float
    headroom: float
    is_of_recipients: bool
    ready_at: float = 0.0

    def take(self, recipients: int, *, now: float) -> None:
        whole, interval = self._whole(recipients), self.interval(recipients)
        # A thread wakes a little late each time: what the headroom leaves may be made up for, but for one call, which
        # is left to the way to the provider, where one may overtake another.
        credit = max(0.0, whole - ceil(whole * self.headroom) - 1) * interval
        self.ready_at = max(self.ready_at, now - credit) + interval

    def interval(self, recipients: int) -> float:
        """Seconds between two calls of so many messages."""
        return self.rate.seconds / (self._whole(recipients) * self.headroom)

    def _whole(self, recipients: int) -> float:
        calls = self.rate.calls * self.share / (recipients if self.is_of_recipients else 1)
        return floor(calls) if calls >= 1 else calls
