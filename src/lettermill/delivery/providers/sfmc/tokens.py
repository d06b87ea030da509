"""Access tokens by client credentials: one for a process, kept until a minute before its end.

Salesforce asks for one token per machine in 20 minutes (Salesforce Help, API Limits and Guidelines), so the threads of
a process share it, and a refused token is renewed by the first that comes.
"""

from dataclasses import dataclass, field
from threading import Lock

import orjson

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, Exchange, NotSent, Reply
from lettermill.delivery.provider import Signal
from lettermill.delivery.providers.sfmc.account import Account
from lettermill.delivery.refusals import retry_after
from lettermill.patience import Clock

EARLY_SECONDS = 60.0


class NotGranted(Exception):  # noqa: N818 (it says what happened)
    """No token is to be had, so nothing was asked of the account with one. `str()` tells no secret."""

    def __init__(self, reason: str, *, signal: Signal, wait: float | None = None) -> None:
        self.signal, self.wait = signal, wait
        super().__init__(reason)


@dataclass(frozen=True)
class Grant:
    token: str = field(repr=False)
    ends_at: float


@dataclass
class _Held:
    """What a process holds for one client of one account: its grant, or the last refusal and until when it stands."""

    lock: Lock = field(default_factory=Lock)
    grant: Grant | None = None
    refusal: NotGranted | None = None
    refused_until: float = 0.0


_HELD: dict[tuple[str, str, str], _Held] = {}


@dataclass(frozen=True)
class Tokens:
    """The tokens of one client; every instance of the same client in this process gives the same token."""

    account: Account
    secret: Credential
    clock: Clock

    def token(self) -> str:
        """A token that does not end within a minute. Raises NotGranted."""
        with self._held.lock:
            grant = self._held.grant
            if grant is None or self.clock.time() >= grant.ends_at - EARLY_SECONDS:
                grant = self._held.grant = self._asked()
            return grant.token

    def renew(self, refused: str) -> None:
        """Get another token, unless somebody else has in the meantime. Raises NotGranted."""
        with self._held.lock:
            if self._held.grant is None or self._held.grant.token == refused:
                self._held.grant = None
                self._held.grant = self._asked()

    @property
    def _held(self) -> _Held:
        key = (self.account.auth_host, self.account.client_id, self.account.account_id)
        return _HELD.setdefault(key, _Held())

    def _asked(self) -> Grant:
        """A grant from the endpoint; while that wants to be left alone, its refusal again with what is left to wait."""
        held, now = self._held, self.clock.time()
        if held.refusal is not None and now < held.refused_until:
            raise NotGranted(str(held.refusal), signal=held.refusal.signal, wait=held.refused_until - now)
        try:
            return _granted(self._reply(), at=now)
        except NotGranted as refusal:
            held.refusal, held.refused_until = refusal, self.clock.time() + (refusal.wait or 0.0)
            raise

    def _reply(self) -> Reply:
        asked = {
            "grant_type": "client_credentials",
            "client_id": self.account.client_id,
            "client_secret": self.secret.text,
            **({"account_id": self.account.account_id} if self.account.account_id else {}),
        }
        exchange = Exchange(self.account.auth_host, timeout=self.account.timeout_seconds)
        try:
            return exchange.post_json("/v2/token", orjson.dumps(asked))
        except (NotSent, CutOff) as error:
            raise NotGranted(f"the token endpoint: {error}", signal=Signal.FAILING) from None
        finally:
            exchange.close()


def _granted(reply: Reply, *, at: float) -> Grant:
    document = reply.json()
    if reply.status == 200 and isinstance(document, dict):
        token, lasts = document.get("access_token"), document.get("expires_in")
        if isinstance(token, str) and token and isinstance(lasts, int | float):
            return Grant(token, at + lasts)
    reason = f"the token endpoint answered {reply.status} and no token"
    if reply.status == 429 or reply.status >= 500:
        signal = Signal.THROTTLED if reply.status == 429 else Signal.FAILING
        raise NotGranted(reason, signal=signal, wait=retry_after(reply))
    raise NotGranted(reason, signal=Signal.BLOCKED)
