"""Messages to anybody's own receiver: JSON in batches, signed by Standard Webhooks, https://www.standardwebhooks.com.

A call is `{"type": "messages", "data": [...]}`, each message with all that was rendered. Any 2xx takes it. A receiver
may tell of each message, in `{"results": [{"message_id": ..., "status": "accepted", "reason": ...}]}`, whose status is
accepted, rejected or deferred. `webhook-id` is made of the ids of the messages, so the same ones have the same id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import orjson

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, Exchange, NotSent, Reply
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
from lettermill.delivery.refusals import retry_after
from lettermill.errors import DeliveryError
from lettermill.patience import Clock
from lettermill.webhook_signing import signed_headers, signing_key

LIMITS = Limits(messages=100, bytes=5_000_000, connections=4)
"""Ours: a receiver says what it takes."""

BEGINNING, END = b'{"type":"messages","data":[', b"]}"
RESULTS: Mapping[str, Status] = {
    "accepted": Status.HANDED_OVER,
    "rejected": Status.REJECTED,
    "deferred": Status.DEFERRED,
}


@dataclass(frozen=True)
class Account:
    """The conf of `delivery.providers.<name>`. `url` receives the calls; `key` refers to its secret, `whsec_...`.

    `dedupes` says that the receiver takes a message once however often it comes: by its message_id or, where a call
    holds one message, by webhook-id. Then a call that was cut off is offered again; otherwise it is unknown.
    `tells_results` says that it tells of each message, so that an answer without results is no success.
    """

    url: str
    key: str
    dedupes: bool = False
    tells_results: bool = False
    timeout_seconds: float = 30.0
    limits: Limits = LIMITS


@dataclass(frozen=True)
class Webhook:
    """One receiver; the clock tells when a call is signed."""

    name: str
    account: Account
    key: Credential
    clock: Clock = field(repr=False)

    @property
    def limits(self) -> Limits:
        return self.account.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:  # noqa: ARG002 (a call is dated when it is signed)
        body = orjson.dumps(asdict(message))
        if len(body) > self.limits.bytes - self.limits.envelope:
            raise Unpackable(f"the message has {len(body):,} bytes, of {self.limits.bytes:,} allowed")
        return Parcel(message.message_id, message.address, body)

    def connect(self) -> "Connected":
        return Connected(self, Exchange(_origin(self.account.url), self.account.timeout_seconds))


@dataclass
class Connected:
    """Connections to one receiver that are kept."""

    provider: Webhook
    exchange: Exchange

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (the messages are the key)
        body = BEGINNING + b",".join(parcel.body for parcel in parcels) + END
        account = self.provider.account
        key = signing_key(self.provider.key.text, place=account.key)
        headers = signed_headers(body, key=key, call_id=call_id(parcels), at=self.provider.clock.time())
        try:
            reply = self.exchange.post_json(account.url.removeprefix(_origin(account.url)), body, headers=headers)
        except NotSent as error:
            return answered(parcels, Status.DEFERRED, reason=str(error), signal=Signal.FAILING)
        except CutOff as error:
            return answered(parcels, self._in_doubt, reason=str(error), signal=Signal.FAILING)
        if 200 <= reply.status < 300:
            return self._taken(reply, parcels)
        return self._refused(reply, parcels)

    @property
    def _in_doubt(self) -> Status:
        """What may have been taken: offered again where that does nothing twice."""
        return Status.DEFERRED if self.provider.account.dedupes else Status.UNKNOWN

    def _taken(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        document = reply.json()
        results = document.get("results") if isinstance(document, dict) else None
        if not isinstance(results, list):
            if not self.provider.account.tells_results:
                return answered(parcels, Status.HANDED_OVER, reference=call_id(parcels))
            reason = f"{reply.status} without results"
            return answered(parcels, Status.UNKNOWN, reason=reason, signal=Signal.FAILING)
        told = {str(one.get("message_id")): one for one in results if isinstance(one, dict)}
        outcomes = tuple(_outcome(parcel, told.get(parcel.message_id), call_id(parcels)) for parcel in parcels)
        signal = Signal.FAILING if any(one.status == Status.UNKNOWN for one in outcomes) else Signal.FINE
        return Answer(outcomes, signal=signal, said=next((one.reason for one in outcomes if one.reason), ""))

    def _refused(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        hidden = (self.provider.key.text, *(parcel.to for parcel in parcels))
        said = plain_words(f"{reply.status}: {reply.body.decode(errors='replace')}", hidden=hidden)
        if reply.status == 429:
            return answered(parcels, Status.DEFERRED, reason=said, signal=Signal.THROTTLED, wait=retry_after(reply))
        if reply.status >= 500:
            status = Status.DEFERRED if reply.status == 503 else self._in_doubt
            return answered(parcels, status, reason=said, signal=Signal.FAILING, wait=retry_after(reply))
        if reply.status in (400, 422) or (reply.status == 413 and len(parcels) == 1):
            return answered(parcels, Status.REJECTED, reason=said)
        return answered(parcels, Status.DEFERRED, reason=said, signal=Signal.BLOCKED)

    def renew(self) -> None:
        mend = "agree on a secret with the receiver, and write it where its reference points"
        raise DeliveryError("the receiver does not take our signature", place=self.provider.account.key, mend=mend)

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002
        """Unknown: a receiver is only told, and never asked."""
        return [Outcome(each, Status.UNKNOWN, reason="the receiver cannot be asked") for each in message_ids]

    def close(self) -> None:
        self.exchange.close()


def call_id(parcels: Sequence[Parcel]) -> str:
    """The webhook-id of a call: the same for the same messages, whenever they are offered."""
    ids = "\n".join(sorted(parcel.message_id for parcel in parcels))
    return f"msg_{sha256(ids.encode()).hexdigest()}"


def _outcome(parcel: Parcel, result: Mapping[str, Any] | None, reference: str) -> Outcome:
    if result is None:
        return Outcome(parcel.message_id, Status.UNKNOWN, reason="the receiver told nothing of it")
    status = RESULTS.get(str(result.get("status")), Status.UNKNOWN)
    if status == Status.HANDED_OVER:
        return Outcome(parcel.message_id, status, reference=str(result.get("reference") or reference))
    reason = plain_words(f"{result.get('status')}: {result.get('reason') or ''}", hidden=[parcel.to])
    return Outcome(parcel.message_id, status, reason=reason)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Webhook:
    """This receiver; `secret` resolves the reference to what calls are signed with. ConfigError if none."""
    key = secret(account.key)
    signing_key(key.text, place=account.key)
    return Webhook(name, account, key, clock)
