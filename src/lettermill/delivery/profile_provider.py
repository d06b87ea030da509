"""What a provider that keeps people's attributes answers to, and one that tells what became of addresses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from lettermill.delivery.provider import Callee, Parcel

Kind = Literal["unsubscribed", "resubscribed", "bounced", "complained"]


@dataclass(frozen=True)
class Profile:
    """The attributes of one person that a destination lacks; a value of None clears the attribute there.

    Values are what JSON has: text, numbers, booleans, lists; moments are ISO 8601 texts in UTC.
    """

    person_id: str
    email: str | None = field(repr=False)
    attributes: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Statement:
    """What a provider knows of an address: bounced for good, complained, or what its owner chose there."""

    address: str = field(repr=False)
    kind: Kind
    at: datetime
    reason: str = ""
    topic: str = "all"


class ProfileProvider(Callee, Protocol):
    """A destination of attributes. Its parcels and outcomes go by person_id in place of message_id."""

    def pack(self, profile: Profile, *, at: datetime) -> Parcel:
        """The profile as this provider takes it. Raises Unpackable."""


class StatementSource(Protocol):
    """A provider that can be asked who bounced, complained or left."""

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """Every statement of that time, once each, page by page. Raises DeliveryError where it cannot be had."""
