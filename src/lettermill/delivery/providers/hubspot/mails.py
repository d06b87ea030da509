"""Mails by HubSpot's single send: one a call, each at most once, by the message's id as its `sendId`.

Since HubSpot mails one `sendId` once for ever, a call that was cut off is made again without fear: where the first had
arrived, the second is answered as known. A mail that HubSpot has queued counts as handed over, though it may still drop
it: HubSpot could only be asked of each mail by a call of its own, which counts as those do that send.
Source: HubSpot's pages on transactional e-mail and its single send.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lettermill.delivery.bearer import OneByOne, as_text, bearer_exchange, body_of_one, deferred_after_cut, plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Answer, Limits, Message, Outcome, Parcel, Signal, Status
from lettermill.delivery.providers.hubspot.account import Account, packed
from lettermill.delivery.providers.hubspot.answers import ROLLING_SECONDS, refused
from lettermill.errors import ConfigError

PROPERTIES = ("message_id", "subject", "preheader", "html", "text", "unsubscribe_url")
TAKEN = {"SENT", "QUEUED", "IDEMPOTENT_IGNORE", "IDEMPOTENT_FAIL"}
"""Results of a send that HubSpot has, or had before under the same `sendId`."""
OURS = {"PORTAL_SUSPENDED", "MISSING_CONTENT", "MISSING_TEMPLATE_PROPERTIES", "INVALID_FROM_ADDRESS"}
"""Results that blame the account, the e-mail or the conf: no message of ours is at fault."""
THROTTLED = "THROTTLED"
UNDER_WAY = {"PENDING", "PROCESSING", "COMPLETE"}


@dataclass(frozen=True)
class HubSpotMails:
    """HubSpot as a provider of mails; see Account."""

    account: Account
    name: str
    credential: Credential

    @property
    def limits(self) -> Limits:
        return self.account.mails

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002 (HubSpot dates its mails itself)
        """The whole body of a call. Raises Unpackable where it is larger than a call may be."""
        sender = {"from": self.account.sender} if self.account.sender else {}
        content = {
            "emailId": self.account.email_id,
            "message": {"to": message.address, "sendId": message.message_id, **sender},
            "customProperties": {name: getattr(message, name) for name in PROPERTIES},
        }
        return packed(message.message_id, message.address, content, limits=self.limits)

    def connect(self) -> OneByOne:
        return OneByOne(
            self.name,
            bearer_exchange(self.account.base_url, self.credential, timeout=self.account.timeout_seconds),
            self.account.send_path.format(version=self.account.version),
            body_of_one,
            self._read,
            deferred_after_cut,
        )

    def _read(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        if not 200 <= reply.status < 300:
            return refused(reply, parcels, hidden=[self.credential.text, *(one.to for one in parcels)])
        return _sent(parcels[0].message_id, reply.json())


def _sent(message_id: str, document: Any) -> Answer:
    """What the state of a send comes to: `sendResult` where there is one, else `status`."""
    state = document if isinstance(document, dict) else {}
    reference, status, result = (as_text(state.get(name)) for name in ("statusId", "status", "sendResult"))

    def one(outcome: Status, *, reason: str | None = None, signal: Signal = Signal.FINE) -> Answer:
        wait = ROLLING_SECONDS["TEN_SECONDLY_ROLLING"] if signal == Signal.THROTTLED else None
        return Answer((Outcome(message_id, outcome, reference, reason),), signal, wait, said=reason or "")

    if result in TAKEN:
        return one(Status.HANDED_OVER)
    if result == THROTTLED:
        return one(Status.DEFERRED, reason=result, signal=Signal.THROTTLED)
    if result in OURS:
        return one(Status.DEFERRED, reason=result, signal=Signal.BLOCKED)
    if result or status == "CANCELED":
        return one(Status.REJECTED, reason=plain_words(result or "cancelled by HubSpot"))
    if status in UNDER_WAY and reference:
        return one(Status.HANDED_OVER)
    return one(Status.UNKNOWN, reason="accepted, but its state is not told")


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> HubSpotMails:
    """Raises ConfigError where no e-mail is named."""
    if not account.email_id:
        raise ConfigError(
            f"{name} has no email_id",
            place=f"delivery.providers.{name}",
            mend="make an e-mail for the single send in HubSpot and write its content id as email_id",
        )
    return HubSpotMails(account, name, secret(account.key))
