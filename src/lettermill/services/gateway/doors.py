"""What every door of the gateway shares: who calls, how much they may, and the way to the sink."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from lettermill.gateway_settings import GatewaySettings
from lettermill.services.gateway.body import Bodies
from lettermill.services.gateway.frame import Counters, Told
from lettermill.services.gateway.keyring import Key, Keyring, Right
from lettermill.services.gateway.pace import Pace
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.sink import Line, Sink

Clock = Callable[[], datetime]


def unknown_key() -> Refusal:
    """Made anew for each call: an exception that is raised again keeps the traces of all times before."""
    return Refusal(401, "unknown_key", "no key, or one that is not known here", {"WWW-Authenticate": "Basic"})


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Gateway:
    """What the doors are given."""

    settings: GatewaySettings
    sources: frozenset[str]
    sink: Sink
    keyring: Keyring
    pace: Pace
    bodies: Bodies
    counters: Counters
    clock: Clock = utc_now

    def key_of(self, request: Request, *, right: Right) -> Key | None:
        """The key in the Authorization header, basic or bearer; None without the header. Raises Refusal (401, 403)."""
        secret = _secret_of(request.headers.get("authorization"))
        return None if secret is None else self.known(request, secret, right=right)

    def admit_any(self, request: Request) -> None:
        """Let a caller with any key on; what the key may do is asked later. Raises Refusal (401)."""
        secret = _secret_of(request.headers.get("authorization"))
        if secret is None or self.keyring.find(secret) is None:
            raise unknown_key()

    def known(self, request: Request, secret: str, *, right: Right) -> Key:
        """The key that `secret` is, if it may do this now. Raises Refusal: 401 unknown, 403 not this, 429 too fast."""
        key = self.keyring.find(secret)
        if key is None:
            raise unknown_key()
        told_of(request).key_id = key.id
        if key.right != right:
            raise Refusal(403, "wrong_key", f"this key is not for this; make one with the right to {right}")
        self.pace.admit(key.id)
        return key

    def source_of(self, key: Key) -> str:
        """The source a key writes to. Raises Refusal (403) where conf no longer has it."""
        source = key.source or self.settings.source
        if source not in self.sources:
            raise Refusal(403, "no_source", "the key's source is not declared; declare it, or make another key")
        return source

    async def take(self, request: Request, lines: Sequence[Line], *, door: str, key: Key | None = None) -> None:
        """Bring lines to the sink, and count them when they are durable. Raises Refusal (503) if they are not."""
        if key is not None:
            self.pace.charge(key.id, events=len(lines))
        if not lines:
            return
        with self.counters.waiting():
            await self.sink.put(lines)
        told = told_of(request)
        told.events = len(lines)
        for source in {line.source for line in lines}:
            taken = sum(line.source == source for line in lines)
            self.counters.events.labels(door, source).inc(taken)


def told_of(request: Request) -> Told:
    """What is told about the request to its frame."""
    told: Told = request.scope["told"]
    return told


def _secret_of(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            raise unknown_key() from None
    raise unknown_key()
