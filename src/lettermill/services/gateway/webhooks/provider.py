"""What a provider's file has to say, and finding it by name."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from lettermill.errors import ConfigError
from lettermill.services.gateway.refusals import Refusal

PACKAGE = "lettermill.services.gateway.webhooks"
DELIVERED, OPENED, CLICKED = "Email Delivered", "Email Opened", "Email Link Clicked"
BOUNCED, SPAM, UNSUBSCRIBED = "Email Bounced", "Email Marked as Spam", "Unsubscribed"
DEFERRED, DROPPED, SENT = "Email Deferred", "Email Dropped", "Email Sent"
PREFERENCES = "Preferences Changed"
NO_MORE_MAIL = {"channel": "email", "topic": "all", "purpose": "mail", "state": "suppressed"}
"""The properties of an unsubscription from all mail."""


def no_certificate(_url: str) -> bytes:
    """Where no certificates are to be had, nothing is signed by one."""
    raise forged()


@dataclass(frozen=True)
class Call:
    """One call as it came: the raw body, the headers by lower-case name, and the address that was called.

    `certificate` gives the PEM certificate at an address that the provider's file has found to be the provider's own.
    """

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    method: str = "POST"
    url: str = ""
    certificate: Callable[[str], bytes] = no_certificate


@dataclass(frozen=True)
class Report:
    """One event: its name in Segment's words, and an id that is the same when the provider tells it again."""

    name: str
    event_id: str
    raw: bytes
    occurred_at: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Challenge:
    """A call that reports nothing, but asks for an answer before the provider reports anything.

    `words` say what somebody has to do to answer it, for the log; the gateway itself calls nobody.
    """

    words: str


Challenged = Callable[[Call, Sequence[bytes], int], Challenge | None]
"""What a provider's module may have as `challenge`: it takes call, keys and window; None for any other call."""


class Provider(Protocol):
    """A provider's module."""

    def verify(self, call: Call, *, keys: Sequence[bytes], window: int) -> None:
        """Raises Refusal (401) for a call that none of `keys` signed, or that is older than `window` seconds."""

    def reports(self, call: Call, *, max_depth: int) -> list[Report]:
        """The events of a verified call. Raises Refusal (400) for a body that is no such call."""


def provider_named(name: str) -> Provider:
    """The provider's module. Raises ConfigError naming those that there are."""
    known = sorted(module.name for module in iter_modules(import_module(PACKAGE).__path__) if module.name != "provider")
    if name not in known:
        raise ConfigError(f"no webhook provider {name!r}", place="gateway.webhooks", mend=f"one of: {', '.join(known)}")
    return cast(Provider, import_module(f"{PACKAGE}.{name}"))


def forged() -> Refusal:
    """What a call is told that nobody we know has signed: nothing that would help to sign it."""
    return Refusal(401, "forged", "the signature is missing, or not one of ours over these bytes")


def check_age(told: str, *, received_at: datetime, window: int) -> None:
    """Raises Refusal (401) for a time, in seconds since 1970, further than `window` from now, or for none."""
    if not told.isdecimal() or len(told) > 12:
        raise forged()
    check_lately(int(told), received_at=received_at, window=window)


def check_lately(seconds: float, *, received_at: datetime, window: int) -> None:
    """Raises Refusal (401) for an instant, in seconds since 1970, further than `window` from now."""
    if abs(received_at.timestamp() - seconds) > window:
        raise Refusal(401, "replayed", f"the call was signed more than {window} s ago, or ahead of time")


def is_signed(given: str, *, signed: bytes, keys: Sequence[bytes], written: Callable[[bytes], bytes]) -> bool:
    """Whether `given` is the HMAC-SHA256 of `signed` under one of `keys`, as `written` writes it down."""
    ours = [written(hmac.digest(key.strip(), signed, "sha256")) for key in keys if key.strip()]
    return any(hmac.compare_digest(mine, given.encode()) for mine in ours)


def lasting_id(*stays: Any) -> str:
    """An event's id, of what stays when the provider tells it again."""
    return sha256("\n".join(str(each) for each in stays).encode()).hexdigest()


def fields(value: Any) -> dict[str, Any]:
    """The members of a JSON object; none for anything else."""
    return value if isinstance(value, dict) else {}


def at_seconds(told: Any) -> datetime | None:
    """An instant in seconds since 1970, as a number or its text; None for anything else."""
    try:
        return datetime.fromtimestamp(float(told), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def at_millis(told: Any) -> datetime | None:
    """An instant in milliseconds since 1970; None for anything else."""
    return at_seconds(told / 1000) if isinstance(told, int | float) else None
