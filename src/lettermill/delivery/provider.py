"""What every provider answers to: messages in, one outcome each. Pace, retries and once-only stand outside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from lettermill.patience import Rate


@dataclass(frozen=True)
class Message:
    """One rendered mail, as it is handed over; `mode` is live, or test for a mail to a seed."""

    message_id: str
    person_id: str
    address: str
    campaign: str
    occurrence: str
    locale: str
    subject: str
    preheader: str
    html: str
    text: str
    unsubscribe_url: str
    template_version: str
    mode: str = "live"


class Status(StrEnum):
    """What a provider did with a message; all but deferred are states of delivery.outbox."""

    HANDED_OVER = "handed_over"  # the provider has it; whether it arrives, feedback will tell
    REJECTED = "rejected"  # it never will
    DEFERRED = "deferred"  # it was refused for now, and is certain not to be sent: safe to offer again
    UNKNOWN = "unknown"  # it may or may not have it


@dataclass(frozen=True)
class Outcome:
    """The answer for one message. `reference` is the provider's id, or file and line; `reason` its words."""

    message_id: str
    status: Status
    reference: str | None = None
    reason: str | None = None


class Signal(StrEnum):
    """What an answer says of the account, beside what it says of each message."""

    FINE = "fine"
    THROTTLED = "throttled"  # too many calls: wait, as long as the provider says
    FAILING = "failing"  # a fault of theirs, or no connection: wait, and stop after several
    EXPIRED = "expired"  # the credential has run out: renew it, once
    BLOCKED = "blocked"  # quota of the day, account blocked, wrong key: stop, and tell somebody


@dataclass(frozen=True)
class Answer:
    """What one call came to: an outcome for each parcel of it, in their order.

    `wait` is for how many seconds the provider asks to be left alone; `said` are its words, without any address.
    """

    outcomes: tuple[Outcome, ...]
    signal: Signal = Signal.FINE
    wait: float | None = None
    said: str = ""


@dataclass(frozen=True)
class Parcel:
    """A message as this provider takes it: `body` is its part of a call's body, encoded; `to` for an envelope.

    What a parcel may not hold in its `repr`, it does not: bodies and addresses stay out of logs.
    """

    message_id: str
    to: str = field(repr=False)
    body: bytes = field(repr=False)


class Unpackable(Exception):  # noqa: N818 (it says what the message is)
    """This provider can never take the message: `str()` says why, without the address. It is rejected uncalled."""


@dataclass(frozen=True)
class Call:
    """Which call this is, for a provider that keeps an idempotency key or names a file: unique in the lake."""

    wave: str
    batch: int
    number: int

    @property
    def key(self) -> str:
        return f"{self.wave}/{self.batch:05d}/{self.number:03d}"


@dataclass(frozen=True)
class Limits:
    """What a provider allows, as it published; every one of them may be set in conf.

    A call holds at most `messages`, and `bytes` of body of which `envelope` bytes are the call's own. `calls` bounds
    the calls of the whole account, `recipients` its messages; `connections` those open at once.
    """

    messages: int
    bytes: int
    envelope: int = 256
    calls: tuple[Rate, ...] = ()
    recipients: tuple[Rate, ...] = ()
    connections: int = 8


class Connection(Protocol):
    """An open way to a provider, for one call at a time."""

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        """Make one call, and answer for each parcel. Never raises for what the provider or the network does."""

    def renew(self) -> None:
        """Get a fresh credential, where there is such a thing. A call may be under way meanwhile.

        Raises DeliveryError where none is to be had.
        """

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:
        """What became of messages whose call was cut off, as far as the provider can tell: unknown, where it cannot."""

    def close(self) -> None: ...


class Callee(Protocol):
    """An account that can be called: small, frozen, and sent to the workers; its secrets are left out of its `repr`."""

    @property
    def name(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def connect(self) -> Connection: ...


class Provider(Callee, Protocol):
    """An account that takes mails."""

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        """The message as this provider takes it; `at` stands where a mail needs a date. Raises Unpackable."""


def answered(
    parcels: Iterable[Parcel],
    status: Status,
    *,
    reason: str | None = None,
    signal: Signal = Signal.FINE,
    wait: float | None = None,
    reference: str | None = None,
) -> Answer:
    """One answer for all parcels of a call."""
    outcomes = tuple(Outcome(parcel.message_id, status, reference, reason) for parcel in parcels)
    return Answer(outcomes, signal=signal, wait=wait, said=reason or "")
