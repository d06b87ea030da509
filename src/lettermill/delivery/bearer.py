"""Connections of a provider that knows an account by a key in the head of each call, which nobody here can renew."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, Exchange, NotSent, Reply
from lettermill.delivery.provider import Answer, Call, Outcome, Parcel, Signal, Status, answered
from lettermill.errors import DeliveryError

LONGEST_WORDS = 300
ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]]+@[^\s<>\"'(),;:\[\]]+")


@dataclass
class BearerConnection:
    """Each call is `request(parcels)` posted to `path`, and `read` makes an answer of what comes back.

    `after_cut` says what a call that was cut off leaves of a parcel: unknown, or deferred where offering it again does
    nothing twice.
    """

    name: str
    exchange: Exchange
    path: str
    request: Callable[[Sequence[Parcel]], bytes]
    read: Callable[[Reply, Sequence[Parcel]], Answer]
    after_cut: Callable[[Parcel], Status]

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (the protocol's)
        """Make one call, and answer for each parcel; never raises for what the provider or the network does."""
        try:
            reply = self.exchange.post_json(self.path, self.request(parcels))
        except NotSent as error:
            return answered(parcels, Status.DEFERRED, reason=str(error), signal=Signal.FAILING)
        except CutOff as error:
            outcomes = tuple(Outcome(one.message_id, self.after_cut(one), reason=str(error)) for one in parcels)
            return Answer(outcomes, signal=Signal.FAILING, said=str(error))
        return self.read(reply, parcels)

    def renew(self) -> None:
        """Raises DeliveryError: a key is made by a person, in the provider's settings."""
        raise DeliveryError(
            f"the key of {self.name} is not accepted",
            place=f"delivery.providers.{self.name}",
            mend="put a key that is right for this host, and has the permissions, where its reference points",
        )

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002 (the protocol's)
        """Unknown for each: the provider cannot be asked by our ids."""
        return [Outcome(one, Status.UNKNOWN, reason=f"{self.name} cannot be asked by our ids") for one in message_ids]

    def close(self) -> None:
        self.exchange.close()


class OneByOne(BearerConnection):
    """A connection of which each call holds one message, and that message's parcel is its body."""

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        """Make one call. Several messages are deferred without one, since no call can hold them."""
        if len(parcels) != 1:
            words = f"a call holds one mail, not {len(parcels)}: see the limit of messages in conf"
            return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.BLOCKED)
        return super().send(parcels, call=call)


def body_of_one(parcels: Sequence[Parcel]) -> bytes:
    """The `request` of such a connection."""
    return parcels[0].body


def unknown_after_cut(parcel: Parcel) -> Status:  # noqa: ARG001 (no parcel differs)
    """For a provider that may have taken a call, and would take it twice."""
    return Status.UNKNOWN


def deferred_after_cut(parcel: Parcel) -> Status:  # noqa: ARG001 (no parcel differs)
    """For a provider to which the same call twice is as good as once."""
    return Status.DEFERRED


def bearer_exchange(base_url: str, credential: Credential, *, timeout: float) -> Exchange:
    """The way to a provider's host, with the key in the head of every call."""
    return Exchange(base_url, timeout=timeout, headers={"Authorization": f"Bearer {credential.text}"})


def plain_words(text: str, *, hidden: Iterable[str] = ()) -> str:
    """A provider's words as they may be kept: on one line, short, without addresses and without what is `hidden`."""
    for word in filter(None, hidden):
        text = text.replace(word, "[hidden]")
    words = " ".join(ADDRESS.sub("[address]", text).split())
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"


def as_text(value: Any) -> str | None:
    """The text of an answer's field; null for anything else, and for an empty one."""
    return value if isinstance(value, str) and value else None
