"""Access tokens that end: asked for when they are needed, and anew before they end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2

from lettermill.errors import InputError
from lettermill.patience import Chance, Clock, Patience

RENEW_BEFORE = 30.0
"""Seconds before its end at which a token is no longer used."""


class Proof(Protocol):
    """Proves to a source who asks, by headers."""

    @property
    def can_renew(self) -> bool:
        """Whether a refusal may be mended by `renew`."""

    @property
    def renewals(self) -> int: ...

    def headers(self) -> dict[str, str]:
        """Headers for a request made now. Raises InputError where no token is to be had."""

    def renew(self) -> None:
        """Get a new access token."""


@dataclass
class Tokens:
    """Access tokens of one source; `ask` asks the token endpoint for one, and `place` is the endpoint's path."""

    source: str
    place: str
    mend: str
    ask: Callable[[], httpx2.Response]
    clock: Clock
    chance: Chance
    patience: Patience = field(default_factory=Patience)
    renewals: int = 0
    granted: dict[str, Any] = field(default_factory=dict)
    _ends_at: float = float("inf")

    def token(self) -> str:
        """A token that does not end at once."""
        if not self.granted or self.clock.time() >= self._ends_at - RENEW_BEFORE:
            self.renew()
        return str(self.granted["access_token"])

    def renew(self) -> None:
        """Get a new token, whatever there is. Raises InputError that tells no secret."""
        granted = self._read(self._answer())
        if not isinstance(granted.get("access_token"), str) or not granted["access_token"]:
            raise self._refused("answered without an access token")
        lasts = granted.get("expires_in")
        self._ends_at = self.clock.time() + float(lasts) if isinstance(lasts, int | float | str) else float("inf")
        self.granted = granted
        self.renewals += 1

    def _answer(self) -> httpx2.Response:
        for attempt in range(1, self.patience.attempts + 1):
            try:
                answer = self.ask()
            except httpx2.TransportError as error:
                failure = f"gave no answer ({type(error).__name__})"
            else:
                if answer.status_code == 200:
                    return answer
                failure = f"answered {answer.status_code}"
                if answer.status_code != 429 and answer.status_code < 500:
                    raise self._refused(failure)
            if attempt < self.patience.attempts:
                self.clock.sleep(self.patience.backoff(attempt, self.chance))
        raise self._refused(f"{failure}, {self.patience.attempts} times in a row")

    def _read(self, answer: httpx2.Response) -> dict[str, Any]:
        try:
            granted = answer.json()
        except ValueError:
            raise self._refused("answered no JSON") from None
        return granted if isinstance(granted, dict) else {}

    def _refused(self, how: str) -> InputError:
        return InputError(f"source {self.source}: the token endpoint {how}", place=self.place, mend=self.mend)
