"""Test mode: what is handed over in it is marked, and goes to addresses on the allow-list alone."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lettermill.delivery.provider import (
    Answer,
    Call,
    Connection,
    Limits,
    Message,
    Outcome,
    Parcel,
    Provider,
    Signal,
    Status,
    Unpackable,
)
from lettermill.errors import DeliveryError

MARK = "[TEST] "
TEST = "test"
OFF_THE_LIST = "test mode does not mail an address that is not on the allow-list"
PLAIN = re.compile(r"""[^\s@<>,;:"]+@[^\s@<>,;:"]+""")
"""One mailbox: no list, no name around it, nothing quoted."""


def marked(message: Message) -> Message:
    """The message as a test: told by its subject, and by its `mode` to whoever reads the payload."""
    return replace(message, subject=MARK + message.subject, mode=TEST)


def is_allowed_address(address: str, *, allowed: Collection[str]) -> bool:
    """Whether the allow-list has the address itself, or its domain as `@domain`."""
    mailbox = _normal(address)
    domain = mailbox[mailbox.find("@") :]
    return bool(PLAIN.fullmatch(mailbox)) and not {mailbox, domain}.isdisjoint(_normal(one) for one in allowed)


def require_allowed(messages: Iterable[Message], *, allowed: Collection[str]) -> None:
    """Raise DeliveryError, naming the addresses, where a message would go to one that is not on the allow-list."""
    strangers = sorted({one.address for one in messages if not is_allowed_address(one.address, allowed=allowed)})
    if strangers:
        raise DeliveryError(
            f"test mode does not mail {', '.join(strangers)}",
            place="delivery.test_addresses",
            mend="put the address or its @domain on the list in conf, or correct the seed",
        )


@dataclass(frozen=True)
class AllowListed:
    """A provider that takes marked messages to allowed addresses; a call with one other parcel in it is not made."""

    provider: Provider
    allowed: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def limits(self) -> Limits:
        return self.provider.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        """As the provider packs it. Raises Unpackable for an address off the list, and for what has no mark."""
        if not is_allowed_address(message.address, allowed=self.allowed):
            raise Unpackable(OFF_THE_LIST)
        if message.mode != TEST or not message.subject.startswith(MARK):
            raise Unpackable("the message is not marked as a test")
        return self.provider.pack(message, at=at)

    def connect(self) -> Connection:
        return AllowListedConnection(self.provider.connect(), self.allowed)


@dataclass(frozen=True)
class AllowListedConnection:
    """A way to a provider that only parcels to allowed addresses take."""

    connection: Connection
    allowed: tuple[str, ...]

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        """Make the call if all of it may go. Else reject those that may not, defer the others, and stop."""
        strange = [not is_allowed_address(parcel.to, allowed=self.allowed) for parcel in parcels]
        if not any(strange):
            return self.connection.send(parcels, call=call)
        outcomes = (
            Outcome(parcel.message_id, Status.REJECTED if is_strange else Status.DEFERRED, reason=OFF_THE_LIST)
            for parcel, is_strange in zip(parcels, strange, strict=True)
        )
        return Answer(tuple(outcomes), signal=Signal.BLOCKED, said=OFF_THE_LIST)

    def renew(self) -> None:
        self.connection.renew()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:
        return self.connection.lookup(message_ids, call=call)

    def close(self) -> None:
        self.connection.close()


def _normal(address: str) -> str:
    return unicodedata.normalize("NFC", address.strip()).lower()
