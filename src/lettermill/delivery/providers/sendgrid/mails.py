"""Mails by SendGrid's mail send, one call for each.

A call may hold a thousand personalizations, but they share its content: what differs between them is put in by
substitutions, of at most 10,000 bytes for a personalization, far less than a rendered mail. Substituting would also
read people's data for further tags. So each message is a call of its own and its bodies stand in it as they are; a
refusal, which is always of the whole call, is then of one message.

There is no idempotency key: a call that was cut off may have been taken. The settings named `bypass_` are never used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from lettermill.delivery.bearer import OneByOne, bearer_exchange, body_of_one, unknown_after_cut
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Reply
from lettermill.delivery.mime import BREAKS, one_line
from lettermill.delivery.provider import Answer, Limits, Message, Parcel, Unpackable
from lettermill.delivery.providers.sendgrid.account import Account
from lettermill.delivery.providers.sendgrid.answers import answer_of

PATH = "/v3/mail/send"


@dataclass(frozen=True)
class SendGrid:
    """Mail send of one account."""

    name: str
    account: Account
    key: Credential

    @property
    def limits(self) -> Limits:
        return self.account.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002 (SendGrid dates the mail)
        body = orjson.dumps(mail(message, account=self.account))
        if len(body) > self.limits.bytes:
            raise Unpackable(f"the mail has {len(body):,} bytes, of {self.limits.bytes:,} allowed")
        return Parcel(message.message_id, message.address, body)

    def connect(self) -> OneByOne:
        return OneByOne(
            self.name,
            bearer_exchange(self.account.base_url, self.key, timeout=self.account.timeout_seconds),
            PATH,
            body_of_one,
            self._read,
            unknown_after_cut,
        )

    def _read(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        return answer_of(reply, parcels, hidden=(self.key.text, *(one.to for one in parcels)))


def mail(message: Message, *, account: Account) -> dict[str, Any]:
    """A message as the body of a call. Its custom arguments come back with each event of it."""
    if any(BREAKS.search(text) for text in (message.address, message.unsubscribe_url)):
        raise Unpackable("its address or its link breaks a line")
    parts = {"text/plain": message.text, "text/html": message.html}
    content = [{"type": kind, "value": body} for kind, body in parts.items() if body]
    subject = one_line(message.subject)
    if not (content and subject):
        raise Unpackable("a mail needs a subject and a body")
    whole = {
        "personalizations": [
            {
                "to": [{"email": message.address}],
                "custom_args": {"message_id": message.message_id, "campaign": message.campaign},
            }
        ],
        "from": {"email": account.sender_address, "name": one_line(account.sender)},
        "subject": subject,
        "content": content,
        "headers": {
            "List-Unsubscribe": f"<{message.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        # SendGrid's own unsubscription would stand beside ours, and be known to SendGrid alone.
        "tracking_settings": {"subscription_tracking": {"enable": False}},
    }
    return whole | ({"reply_to": {"email": account.reply_to}} if account.reply_to else {})


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> SendGrid:
    """Mails of this account; `secret` resolves the reference to its key."""
    return SendGrid(name, account, secret(account.key))
