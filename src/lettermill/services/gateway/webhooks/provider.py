"""What a provider's file has to say, and finding it by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True)
class Call:
    """One call as it came: the raw body, and the headers by lower-case name."""

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime


@dataclass(frozen=True)
class Report:
    """One event: its name in Segment's words, and an id that is the same when the provider tells it again."""

    name: str
    event_id: str
    raw: bytes
    occurred_at: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


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
    if abs(received_at.timestamp() - int(told)) > window:
        raise Refusal(401, "replayed", f"the call was signed more than {window} s ago, or ahead of time")
