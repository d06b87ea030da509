"""Mails by SES, in one of two modes.

`raw`: one call for each mail, which leaves with the head and the bytes that we made. `bulk`: up to fifty in a call, by
a template that has nothing but a place for subject, text and html, filled with each mail's own; SES makes the head, and
adds our List-Unsubscribe. SES escapes nothing of what it puts in, and such a template knows simple substitutions alone.

There is no idempotency key: a call that was cut off may have been taken.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import formataddr
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from lettermill.delivery.credentials import Credential
from lettermill.delivery.mime import mime, one_line
from lettermill.delivery.provider import (
    Answer,
    Call,
    Limits,
    Message,
    Outcome,
    Parcel,
    Signal,
    Status,
    Unpackable,
    answered,
)
from lettermill.delivery.providers.ses.account import DATA_BYTES, Access, Account
from lettermill.delivery.providers.ses.answers import by_entry, refused
from lettermill.errors import DeliveryError

TEMPLATE = {"Subject": "{{subject}}", "Text": "{{text}}", "Html": "{{html}}"}
UNTAGGABLE = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True)
class Ses:
    """Mails of one account."""

    name: str
    access: Access

    @property
    def limits(self) -> Limits:
        return self.access.account.allowed

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        account = self.access.account
        plain = replace(message, address=ascii_address(message.address))
        body = _raw(plain, account, at=at) if account.mode == "raw" else _entry(plain)
        if len(body) > self.limits.bytes - self.limits.envelope:
            raise Unpackable(f"the mail has {len(body):,} bytes, of {self.limits.bytes:,} allowed")
        return Parcel(message.message_id, plain.address, body)

    def connect(self) -> "Connected":
        return Connected(self.access, self.access.client())


def ascii_address(address: str) -> str:
    """An address as SES takes it: no letters of other scripts before the @, and the domain in Punycode."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Unpackable("SES takes no addresses in other scripts") from None


def _raw(message: Message, account: Account, *, at: datetime) -> bytes:
    """The tags on a line of their own, and the mail."""
    if len(message.html) + len(message.text) > account.allowed.bytes:
        raise Unpackable(f"its bodies are above the {account.allowed.bytes:,} bytes that SES takes")
    try:
        mail = mime(message, sender=account.sender, sender_address=account.sender_address, date=at)
    except ValueError as error:
        raise Unpackable(str(error)) from None
    return json.dumps(_tags(message)).encode() + b"\n" + mail


def _entry(message: Message) -> bytes:
    """An entry of a bulk call, in the ASCII in which boto3 will send it."""
    data = orjson.dumps({"subject": one_line(message.subject), "text": message.text, "html": message.html})
    if len(data) > DATA_BYTES:
        raise Unpackable(f"its parts have {len(data):,} bytes, of {DATA_BYTES:,} allowed")
    if one_line(message.unsubscribe_url) != message.unsubscribe_url or one_line(message.address) != message.address:
        raise Unpackable("its address or its link breaks a line")
    entry = {
        "Destination": {"ToAddresses": [message.address]},
        "ReplacementTags": _tags(message),
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data.decode()}},
        "ReplacementHeaders": [
            {"Name": "List-Unsubscribe", "Value": f"<{message.unsubscribe_url}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ],
    }
    return json.dumps(entry).encode()


def _tags(message: Message) -> list[dict[str, str]]:
    named = {"message_id": message.message_id, "campaign": message.campaign}
    return [{"Name": name, "Value": UNTAGGABLE.sub("_", value)[:256]} for name, value in named.items()]


@dataclass
class Connected:
    """A client of one account, and of one thread."""

    access: Access
    client: Any = field(repr=False)

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (no idempotency key)
        if len(parcels) > self.access.account.allowed.messages:
            return answered(parcels, Status.DEFERRED, reason="too many messages for a call", signal=Signal.BLOCKED)
        try:
            if self.access.account.mode == "bulk":
                return by_entry(self._bulk(parcels), parcels)
            taken = self._whole(parcels[0])
        except (ClientError, BotoCoreError) as error:
            return refused(error, parcels, hidden=(*self.access.secrets, *(one.to for one in parcels)))
        if not taken.get("MessageId"):
            return answered(parcels, Status.UNKNOWN, reason="SES told no id of the mail", signal=Signal.FAILING)
        return answered(parcels, Status.HANDED_OVER, reference=taken["MessageId"])

    def _whole(self, parcel: Parcel) -> Mapping[str, Any]:
        tags, _, mail = parcel.body.partition(b"\n")
        account = self.access.account
        taken: Mapping[str, Any] = self.client.send_email(
            FromEmailAddress=account.sender_address,
            Destination={"ToAddresses": [parcel.to]},
            Content={"Raw": {"Data": mail}},
            EmailTags=json.loads(tags),
            ConfigurationSetName=account.configuration_set,
        )
        return taken

    def _bulk(self, parcels: Sequence[Parcel]) -> Sequence[Mapping[str, Any]]:
        account = self.access.account
        taken = self.client.send_bulk_email(
            FromEmailAddress=_from(account),
            DefaultContent={"Template": {"TemplateContent": TEMPLATE, "TemplateData": "{}"}},
            BulkEmailEntries=[json.loads(parcel.body) for parcel in parcels],
            ConfigurationSetName=account.configuration_set,
        )
        return taken.get("BulkEmailEntryResults") or []

    def renew(self) -> None:
        """Ask the machine for fresh credentials; a key of conf is what it is."""
        key = self.access.key
        if key is not None:
            mend = f"make a new access key, and write it to {key.reference}"
            raise DeliveryError("SES takes the access key no more", place=key.reference, mend=mend)
        self.client = self.access.client()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002
        """Unknown: SES can only be asked by the id that it gave."""
        return [Outcome(each, Status.UNKNOWN, reason="SES cannot be asked for it") for each in message_ids]

    def close(self) -> None:
        self.client.close()


def _from(account: Account) -> str:
    """The sender as a head has it: another script in encoded words, since SES takes ASCII."""
    return formataddr((one_line(account.sender), account.sender_address))


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> Ses:
    """Mails of this account; `secret` resolves the reference to its key, where it has one."""
    return Ses(name, Access(account, secret(account.key) if account.key else None))
