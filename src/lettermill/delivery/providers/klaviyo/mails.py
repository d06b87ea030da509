"""Mails as events: a flow of the account starts on the metric and sends what the event brings.

The flow's e-mail shows `event.subject`, `event.preheader`, `event.extra.html` and `event.extra.text`; bodies are below
`$extra`, which Klaviyo keeps for what is shown and never segmented by. An event's unique_id is its message_id, which
Klaviyo takes once for a profile and metric. An accepted call is queued: what Klaviyo then drops, it tells nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, Exchange, NotSent
from lettermill.delivery.provider import Answer, Call, Limits, Message, Outcome, Parcel, Status, Unpackable, answered
from lettermill.delivery.providers.klaviyo.account import Account
from lettermill.delivery.providers.klaviyo.answers import failed, refused
from lettermill.errors import DeliveryError

PATH = "/api/event-bulk-create-jobs"
HEAD = b'{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":{"data":['
TAIL = b"]}}}}"


@dataclass(frozen=True)
class Mails:
    """The provider of mails of one account."""

    name: str
    account: Account
    secret: Credential

    @property
    def limits(self) -> Limits:
        return self.account.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        """The message as an event that occurred `at`. Raises Unpackable."""
        properties = _properties(message)
        for name, value in {**properties, **properties["$extra"]}.items():
            if isinstance(value, str) and len(value.encode()) > self.account.string_bytes:
                size = f"{len(value.encode()):,} bytes"
                raise Unpackable(f"its {name} is {size}, a string of an event takes {self.account.string_bytes:,}")
        return Parcel(message.message_id, message.address, orjson.dumps(self._event(message, properties, at=at)))

    def _event(self, message: Message, properties: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
        person = {"email": message.address, "external_id": message.person_id}
        event = {
            "properties": properties,
            "time": at.isoformat(timespec="seconds"),
            "metric": {"data": {"type": "metric", "attributes": {"name": self.account.metric}}},
            "unique_id": message.message_id,
        }
        attributes = {
            "profile": {"data": {"type": "profile", "attributes": person}},
            "events": {"data": [{"type": "event", "attributes": event}]},
        }
        return {"type": "event-bulk-create", "attributes": attributes}

    def connect(self) -> "EventConnection":
        return EventConnection(self.account.exchange(self.secret), self.account.base_url)


def _properties(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "campaign": message.campaign,
        "occurrence": message.occurrence,
        "locale": message.locale,
        "mode": message.mode,
        "subject": message.subject,
        "preheader": message.preheader,
        "unsubscribe_url": message.unsubscribe_url,
        "$extra": {"html": message.html, "text": message.text},
    }


@dataclass
class EventConnection:
    """An open way to the events of an account."""

    exchange: Exchange = field(repr=False)
    place: str

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (unique_ids make a call unique)
        """Make one call; where it is refused for some rows, the others were not taken."""
        content = HEAD + b",".join(parcel.body for parcel in parcels) + TAIL
        try:
            reply = self.exchange.call("POST", PATH, content=content)
        except (NotSent, CutOff) as error:
            return failed(parcels, error)
        return answered(parcels, Status.HANDED_OVER) if reply.status == 202 else refused(parcels, reply)

    def renew(self) -> None:
        raise no_other_key(self.place)

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002 (nothing to ask)
        """Klaviyo finds no event by its unique_id."""
        return [Outcome(one, Status.UNKNOWN, reason="events are not found by their unique_id") for one in message_ids]

    def close(self) -> None:
        self.exchange.close()


def no_other_key(place: str) -> DeliveryError:
    """A private key is there until somebody revokes it."""
    mend = "put a private key of the account, with the scopes it needs, where its secret is"
    return DeliveryError("Klaviyo refused the key, and there is no other", place=place, mend=mend)


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> Mails:
    """The provider of mails of an account."""
    return Mails(name, account, secret(account.key))
