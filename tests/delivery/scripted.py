"""A provider that answers as a test has written down, and keeps a book of what it was asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lettermill.delivery.account_sharing import AccountShare, account_of
from lettermill.delivery.breaker import Breaker, RetryBudget
from lettermill.delivery.handing import Terms
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Answer, Call, Limits, Message, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.stopping import Stopping
from lettermill.errors import DeliveryError
from lettermill.patience import Patience

Script = Callable[[Sequence[Parcel]], Answer]


def accepted(parcels):
    return answered(parcels, Status.HANDED_OVER, reference="r1")


def throttled(parcels, wait=7.0):
    return answered(parcels, Status.DEFERRED, reason="429", signal=Signal.THROTTLED, wait=wait)


def failing(parcels):
    return answered(parcels, Status.DEFERRED, reason="503", signal=Signal.FAILING)


def cut_off(parcels):
    return answered(parcels, Status.UNKNOWN, reason="cut off", signal=Signal.FAILING)


def expired(parcels):
    return answered(parcels, Status.DEFERRED, reason="401", signal=Signal.EXPIRED)


def blocked(parcels):
    return answered(parcels, Status.DEFERRED, reason="quota of the day", signal=Signal.BLOCKED)


def each(*statuses):
    """An answer of one status for each parcel."""
    return lambda parcels: Answer(tuple(Outcome(p.message_id, s) for p, s in zip(parcels, statuses, strict=True)))


@dataclass
class Scripted:
    """Answers call by call from `script`, and accepts when that is used up. `book` holds the ids of every call."""

    script: list[Script] = field(default_factory=list)
    limits: Limits = field(default_factory=lambda: Limits(messages=2, bytes=1_000))
    renewals: int = 0
    can_renew: bool = True
    book: list[tuple[str, list[str]]] = field(default_factory=list)
    name: str = "scripted"
    open_connections: int = 0

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002
        return Parcel(message.message_id, message.address, message.html.encode())

    def connect(self) -> "Scripted":
        self.open_connections += 1
        return self

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        self.book.append((call.key, [parcel.message_id for parcel in parcels]))
        return self.script.pop(0)(parcels) if self.script else accepted(parcels)

    def renew(self) -> None:
        self.renewals += 1
        if not self.can_renew:
            raise DeliveryError("the key is refused", place="delivery.providers.scripted", mend="renew it")

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002
        return [Outcome(one, Status.UNKNOWN) for one in message_ids]

    def close(self) -> None:
        self.open_connections -= 1


def terms(provider: Any, journal: Any, clock: Any, **changed: Any) -> Terms:
    """Terms of the wave `w` for one task; jitter is always at its most."""
    pace = changed.pop("pace", None) or Pace(provider.limits, share=1.0, clock=clock)
    given = {
        "fence": lambda: True,
        "not_after": clock.time() + 3_600.0,
        "chance": lambda: 1.0,
        "patience": Patience(attempts=3, base_seconds=1.0),
        "account": AccountShare(account_of(provider, journal), "w", pace, clock),
        "breaker": Breaker(clock),
        "budget": RetryBudget(),
        "stop": Stopping(journal, "w", clock),
    }
    return Terms(wave="w", provider=provider, journal=journal, clock=clock, **(given | changed))


def parcels(*ids: str, body: bytes = b"{}") -> list[Parcel]:
    return [Parcel(one, f"{one}@example.com", body) for one in ids]
