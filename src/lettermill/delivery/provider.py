"""What every provider answers to: messages in, one outcome each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


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
    DEFERRED = "deferred"  # not now: safe to offer again
    UNKNOWN = "unknown"  # it may or may not have it


@dataclass(frozen=True)
class Outcome:
    """The answer for one message. `reference` is the provider's id, or file and line; `reason` its words."""

    message_id: str
    status: Status
    reference: str | None = None
    reason: str | None = None


class Provider(Protocol):
    """Does one thing. Pace, retries and once-only stand outside it."""

    name: str

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Hand messages over and answer each once. Raises only for a fault of ours."""
        ...

    def recover(self) -> Iterator[Outcome]:
        """Answer for what a hand-over that was cut off had already completed."""
        ...
