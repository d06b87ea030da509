"""Certificates that providers name by their address: fetched once, kept, and never asked for in a hurry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

import httpx2

from lettermill.services.gateway.refusals import Refusal

LARGEST = 64 * 1024


@dataclass
class Certificates:
    """PEM certificates by address, shared by threads. Whoever calls vouches for the address.

    At most `kept` are remembered. An address that is not is asked for at most every `pause` seconds, so that nobody can
    make us call again and again; until then the call that names it is refused for now.
    """

    kept: int = 16
    pause: float = 5.0
    seconds: float = 5.0  # an answer that takes longer is none
    clock: Callable[[], float] = monotonic
    known: dict[str, bytes] = field(default_factory=dict)
    asked_at: float | None = None
    lock: Lock = field(default_factory=Lock)

    def __call__(self, url: str) -> bytes:
        """Raises Refusal (503): the provider tells its event again later."""
        known = self.known.get(url)
        if known is not None:  # nobody who is known waits for what somebody else names
            return known
        with self.lock:
            if url not in self.known:
                now = self.clock()
                if self.asked_at is not None and now - self.asked_at < self.pause:
                    raise _not_now()
                self.asked_at = now
                pem = self._fetched(url)
                if len(self.known) >= self.kept:
                    self.known.pop(next(iter(self.known)))
                self.known[url] = pem
            return self.known[url]

    def _fetched(self, url: str) -> bytes:
        try:
            answer = httpx2.get(url, timeout=self.seconds, follow_redirects=False)
        except httpx2.HTTPError:
            raise _not_now() from None
        if answer.status_code != 200 or len(answer.content) > LARGEST:
            raise _not_now()
        return bytes(answer.content)


def _not_now() -> Refusal:
    return Refusal(503, "no_certificate", "the certificate that signed this cannot be had now; send it again")
