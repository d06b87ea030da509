"""What the one suite over all mail providers needs of each: a module here, named like the provider.

Such a module has `TRAITS`, what differs between providers as data, and `harness()`, a context manager that gives a
`Harness`: the fake at work, and how a provider is made that talks to it.
"""

import pkgutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib import import_module
from typing import Protocol

from lettermill.delivery.provider import Call, Limits, Message, Parcel, Provider, Status
from tests.delivery.fakes import Book, Fault, Switchboard

AT = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Traits:
    """What a provider promises, where providers differ."""

    faults: frozenset[Fault] = frozenset(Fault)
    """The faults that it can have at all."""
    is_remote: bool = True
    """Whether there is a connection to be made, so that there may be none."""
    refuses_rows: bool = True
    """Whether one message of a call is refused without the others."""
    failed: Status = Status.DEFERRED
    """What a fault of theirs (5xx) leaves: deferred where nothing was taken for certain, else unknown."""
    is_keyed: bool = False
    """Whether a call may be made again after a cut, because the provider knows the messages again: deferred, then."""
    looks_up: bool = False
    """Whether the provider can be asked what became of messages after a cut."""
    renews: bool = False
    """Whether a fresh credential can be had; without it, an expired one blocks the account."""
    wait: tuple[float, float] | None = (17, 18)
    """From and up to how many seconds a call throttled with THROTTLE_SECONDS is deferred; null where none are told."""
    has_headers: bool = False
    """Whether messages leave as mails with a head (`Entry.headers`)."""


class Fake(Protocol):
    """What the suite asks of a fake."""

    faults: Switchboard
    book: Book
    renewals: int


@dataclass(frozen=True)
class Harness:
    """A fake at `url`, and `provider(url=..., timeout=...)`, which makes a provider of the published limits."""

    fake: Fake
    url: str
    provider: Callable[..., Provider]
    refused: Callable[[Message], Message]
    """Makes of a message one that the fake refuses by itself, with words that name its address."""
    secrets: tuple[str, ...]

    def made(self, *, timeout: float = 60.0) -> Provider:
        return self.provider(url=self.url, timeout=timeout)


class HarnessModule(Protocol):
    TRAITS: Traits

    def harness(self) -> AbstractContextManager[Harness]: ...


def modules() -> dict[str, HarnessModule]:
    """Every module below this package, by its name."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}") for name in names}


def with_trait(holds: Callable[[Traits], bool]) -> list[str]:
    return [name for name, module in modules().items() if holds(module.TRAITS)]


def message(number: int, **changes: str) -> Message:
    """A message whose every part can be told apart from that of any other."""
    made = Message(
        message_id=sha256(f"message {number}".encode()).hexdigest(),
        person_id=f"person-{number}",
        address=f"reader-{number}@mail.example",
        campaign="spring",
        occurrence="2024-05-01",
        locale="de-DE",
        subject=f"Grüße № {number} an dich",
        preheader=f"Nur heute, {number}",
        html=f"<p>Für dich № {number}, „gut“ &amp; günstig</p>",
        text=f"Für dich № {number}, „gut“ & günstig",
        unsubscribe_url=f"https://mail.example/u/token-{number}",
        template_version="v1",
    )
    return replace(made, **changes)


def messages(count: int, **changes: str) -> list[Message]:
    return [message(number, **changes) for number in range(count)]


def packed(provider: Provider, those: Sequence[Message]) -> list[Parcel]:
    return [provider.pack(one, at=AT) for one in those]


def calls() -> Iterator[Call]:
    """Calls of one batch, one after the other."""
    number = 0
    while True:
        number += 1
        yield Call("spring-1", 1, number)


def split(parcels: Sequence[Parcel], limits: Limits) -> Iterator[list[Parcel]]:
    """The fewest calls, in order, that keep to the limits of one call: as full as they allow."""
    waiting: list[Parcel] = []
    size = limits.envelope
    for parcel in parcels:
        if waiting and (len(waiting) == limits.messages or size + len(parcel.body) > limits.bytes):
            yield waiting
            waiting, size = [], limits.envelope
        waiting.append(parcel)
        size += len(parcel.body)
    if waiting:
        yield waiting


def nowhere() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"
