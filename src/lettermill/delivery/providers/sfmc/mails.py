"""Transactional sends: up to 500 recipients a call, each with its rendered parts as attributes.

The send definition's e-mail shows the attributes `subject`, `preheader`, `html` and `text`, and links
`unsubscribe_url`. A recipient's messageKey is its message_id: Salesforce takes a key once in 72 hours, so a call that
was cut off is offered again within that time, and what it had taken comes back as taken.

The account's own suppression lists and exclusion scripts do not hold here; the fence of the hand-over does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, NotSent
from lettermill.delivery.provider import Answer, Call, Limits, Message, Outcome, Parcel, Status, Unpackable
from lettermill.delivery.providers.sfmc.account import Account, required
from lettermill.delivery.providers.sfmc.answers import by_recipient, failed, refused
from lettermill.delivery.providers.sfmc.session import Session
from lettermill.delivery.providers.sfmc.tokens import NotGranted, Tokens
from lettermill.delivery.refusals import kept_words
from lettermill.patience import Clock

PATH = "/messaging/v1/email/messages"
LONGEST_KEY = 100
EVENTS = {"EmailSent": Status.HANDED_OVER, "EmailQueued": Status.HANDED_OVER, "EmailNotSent": Status.REJECTED}


@dataclass(frozen=True)
class Mails:
    """The provider of mails of one account."""

    name: str
    account: Account
    secret: Credential
    clock: Clock

    @property
    def limits(self) -> Limits:
        return self.account.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002 (the account dates its mails itself)
        """The message as a recipient. Raises Unpackable."""
        if len(message.message_id) > LONGEST_KEY:
            raise Unpackable(f"its message_id is longer than a messageKey, {LONGEST_KEY} characters")
        body = orjson.dumps(_recipient(message))
        if len(body) + self.limits.envelope > self.limits.bytes:
            raise Unpackable(f"it is {len(body):,} bytes, a call takes {self.limits.bytes:,}")
        return Parcel(message.message_id, message.address, body)

    def connect(self) -> "MailConnection":
        return MailConnection(self.account, Session(Tokens(self.account, self.secret, self.clock)))


def _recipient(message: Message) -> dict[str, Any]:
    attributes = {
        "subject": message.subject,
        "preheader": message.preheader,
        "html": message.html,
        "text": message.text,
        "unsubscribe_url": message.unsubscribe_url,
        "campaign": message.campaign,
        "locale": message.locale,
    }
    return {
        "contactKey": message.person_id,
        "to": message.address,
        "messageKey": message.message_id,
        "attributes": attributes,
    }


@dataclass
class MailConnection:
    """An open way to the transactional sends of an account."""

    account: Account
    session: Session

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (messageKeys make a call unique)
        """Make one call, and answer for each recipient."""
        head = b'{"definitionKey":' + orjson.dumps(self.account.definition_key) + b',"recipients":['
        content = head + b",".join(parcel.body for parcel in parcels) + b"]}"
        try:
            reply = self.session.write("POST", PATH, content)
        except (NotGranted, NotSent, CutOff) as error:
            return failed(parcels, error)
        document = reply.json()
        named = isinstance(document, dict) and isinstance(document.get("responses"), list)
        if reply.status < 300 or (reply.status == 400 and named and document["responses"]):
            return by_recipient(parcels, document if isinstance(document, dict) else {})
        return refused(parcels, reply)

    def renew(self) -> None:
        self.session.renew()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002 (it only reads)
        """What became of messages, one call for each: meant for the few whose call was cut off.

        A key that the account does not know is free to be offered: should it be taken yet, it is not taken twice.
        """
        return [self._found(message_id) for message_id in message_ids]

    def _found(self, message_id: str) -> Outcome:
        try:
            reply = self.session.read(f"{PATH}/{quote(message_id, safe='')}")
        except (NotGranted, NotSent, CutOff) as error:
            return Outcome(message_id, Status.UNKNOWN, reason=str(error))
        document = reply.json()
        if reply.status == 404:
            return Outcome(message_id, Status.DEFERRED, reason="the account does not know its messageKey")
        if reply.status != 200 or not isinstance(document, Mapping):
            return Outcome(message_id, Status.UNKNOWN, reason=f"the account answered {reply.status} to its key")
        event = str(document.get("eventCategoryType", "")).rpartition(".")[2]
        info = document.get("info")
        words = str(info.get("statusMessage") or "") if isinstance(info, Mapping) else ""
        reference = str(document.get("requestId") or "") or None
        return Outcome(message_id, EVENTS.get(event, Status.UNKNOWN), reference, kept_words(f"{event} {words}".strip()))

    def close(self) -> None:
        self.session.close()


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Mails:
    """The provider of mails of an account. Raises ConfigError where it names no definition_key."""
    required(account.definition_key, key="definition_key")
    return Mails(name, account, secret(account.client_secret), clock)
