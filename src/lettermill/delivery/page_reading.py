"""Reading a provider's lists page by page: at the pace it allows, and again where a refusal may pass by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from lettermill.delivery.exchange import CutOff, Exchange, NotSent, Reply
from lettermill.delivery.refusals import retry_after
from lettermill.patience import Clock, Patience, Rate, TokenBucket

PASSING = {408, 429}
"""Refusals that may pass by themselves, beside every 5xx: somebody gave up waiting, too many calls."""


@dataclass
class PageReader:
    """Reads pages of one account; after a `with` block, the way to it is closed.

    `rates` are what it allows, `throttled_wait` finds for how many seconds an answer of too many calls asks to be left
    alone; null where it does not say.
    """

    exchange: Exchange = field(repr=False)
    clock: Clock
    rates: Sequence[Rate]
    throttled_wait: Callable[[Reply], float | None]
    patience: Patience = field(default_factory=Patience)
    _paces: list[TokenBucket] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._paces = [TokenBucket(rate, self.clock) for rate in self.rates]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.exchange.close()

    def read(self, path: str, *, headers: Mapping[str, str] | None = None) -> Reply:
        """The answer; a refusal, where it does not pass in as many calls or asks for too long a wait.

        Raises NotSent or CutOff where the last call had no answer. Reading a page twice does nothing twice.
        """
        for attempt in range(1, self.patience.attempts):
            try:
                reply = self._called(path, headers)
            except (NotSent, CutOff):
                wait = self._backoff(attempt)
            else:
                if not _passes(reply):
                    return reply
                wait = self._wait(reply, attempt)
                if wait > self.patience.longest_seconds:
                    return reply
            self.clock.sleep(wait)
        return self._called(path, headers)

    def _called(self, path: str, headers: Mapping[str, str] | None) -> Reply:
        for pace in self._paces:
            pace.take()
        return self.exchange.call("GET", path, headers=headers)

    def _wait(self, refusal: Reply, attempt: int) -> float:
        is_throttled = refusal.status == 429
        # Answers that tell of rates tell them whatever happened: a reset is no wait that a fault of theirs asks for.
        asked = self.throttled_wait(refusal) if is_throttled else retry_after(refusal)
        least = self.patience.throttled_seconds if is_throttled and asked is None else 0.0
        return asked or least + self._backoff(attempt)

    def _backoff(self, attempt: int) -> float:
        # One reader alone: there is nobody whose retries would fall together with these.
        return self.patience.backoff(attempt, lambda: 1.0)


def _passes(refusal: Reply) -> bool:
    return refusal.status in PASSING or refusal.status >= 500
