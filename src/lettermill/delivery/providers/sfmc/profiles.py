"""Attributes as rows of a data extension, upserted asynchronously: one request, its status, and its results.

The synchronous rowset is left alone: its errors cannot be told apart by row. An accepted request is looked at until it
is done; before it is picked up its status is missing, as that of a request unknown. Results come in the order of the
rows, and are fetched only where there are errors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, NotSent, Reply
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Answer, Call, Limits, Outcome, Parcel, Signal, Status, Unpackable, answered
from lettermill.delivery.providers.sfmc.account import Account, required
from lettermill.delivery.providers.sfmc.answers import failed, is_blocked, refused, words_of
from lettermill.delivery.providers.sfmc.session import Session
from lettermill.delivery.providers.sfmc.tokens import NotGranted, Tokens
from lettermill.delivery.refusals import look_again_in
from lettermill.patience import Clock

DEADLOCK = "Rerun the transaction."
"""How the message of a row ends that lost to another transaction of the same data extension."""


@dataclass(frozen=True)
class Profiles:
    """The provider of attributes of one account."""

    name: str
    account: Account
    secret: Credential
    clock: Clock

    @property
    def limits(self) -> Limits:
        return self.account.row_limits

    def pack(self, profile: Profile, *, at: datetime) -> Parcel:  # noqa: ARG002 (a row is dated by the data extension)
        """The profile as a row: flat, so a list is a text of JSON. Raises Unpackable."""
        row = {name: _flat(value) for name, value in profile.attributes.items()}
        if self.account.address_column:
            row[self.account.address_column] = profile.email
        body = orjson.dumps(row | {self.account.key_column: profile.person_id})
        if len(body) + self.limits.envelope > self.limits.bytes:
            raise Unpackable(f"it is {len(body):,} bytes, a call takes {self.limits.bytes:,}")
        return Parcel(profile.person_id, profile.email or "", body)

    def connect(self) -> "RowConnection":
        return RowConnection(self.account, Session(Tokens(self.account, self.secret, self.clock)), self.clock)


def _flat(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list | tuple | dict) else value


@dataclass
class RowConnection:
    """An open way to the rows of a data extension."""

    account: Account
    session: Session
    clock: Clock

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (a row twice is the same row)
        """Write the rows, and wait until the account has told what became of them."""
        path = f"/data/v1/async/dataextensions/key:{quote(self.account.data_extension_key, safe='')}/rows"
        content = b'{"items":[' + b",".join(parcel.body for parcel in parcels) + b"]}"
        try:
            reply = self.session.write("PUT", path, content)
        except (NotGranted, NotSent, CutOff) as error:
            return failed(parcels, error)
        if reply.status >= 300:
            return refused(parcels, reply)
        document = reply.json()
        request = document.get("requestId") if isinstance(document, dict) else None
        if not request:
            return answered(parcels, Status.UNKNOWN, reason=f"answered {reply.status} without a requestId")
        try:
            return self._settled(parcels, quote(str(request), safe=""))
        except NotGranted as error:
            return failed(parcels, error)

    def _settled(self, parcels: Sequence[Parcel], request: str) -> Answer:
        """Look at the request until it is done. What is not known in time is safe to write again."""
        until = self.clock.time() + self.account.poll_longest_seconds
        last = "not picked up"
        while self.clock.time() < until:
            reply = self._read(f"/data/v1/async/{request}/status")
            if reply is not None and is_blocked(reply):
                return refused(parcels, reply)
            status = _status(reply)
            last = str(status.get("requestStatus", last))
            if last in ("Complete", "Error"):
                if last == "Complete" and status.get("resultStatus") == "OK" and not status.get("hasErrors"):
                    return answered(parcels, Status.HANDED_OVER, reference=request)
                return self._by_row(parcels, request, until=until)
            self.clock.sleep(look_again_in(reply, poll_seconds=self.account.poll_seconds))
        reason = f"the request is {last} after {self.account.poll_longest_seconds:,.0f} s"
        return answered(parcels, Status.DEFERRED, reason=reason, signal=Signal.FAILING, reference=request)

    def _by_row(self, parcels: Sequence[Parcel], request: str, *, until: float) -> Answer:
        """An outcome for each row of a request that has errors, page by page."""
        items: list[Any] = []
        page = 1
        while len(items) < len(parcels) and self.clock.time() < until:
            reply = self._read(f"/data/v1/async/{request}/results?$page={page}")
            document = reply.json() if reply is not None and reply.status == 200 else None
            if not isinstance(document, dict) or not isinstance(document.get("items"), list):
                self.clock.sleep(look_again_in(reply, poll_seconds=self.account.poll_seconds))
                continue
            if not document["items"]:
                break
            items += document["items"]
            page += 1
        if len(items) != len(parcels):
            reason = f"{len(items):,} results came for {len(parcels):,} rows"
            return answered(parcels, Status.UNKNOWN, reason=reason, reference=request)
        rows = zip(parcels, items, strict=True)
        return Answer(tuple(_of_row(parcel, item, request) for parcel, item in rows))

    def _read(self, path: str) -> Reply | None:
        """An answer, or none for now. Raises NotGranted where there will be none."""
        try:
            return self.session.read(path)
        except NotGranted as error:
            if error.signal == Signal.BLOCKED:
                raise
        except (NotSent, CutOff):
            pass
        return None

    def renew(self) -> None:
        self.session.renew()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002 (nothing to ask)
        """Rows are not read back: what is unknown is written again."""
        return [
            Outcome(one, Status.UNKNOWN, reason="rows of a data extension are not read back") for one in message_ids
        ]

    def close(self) -> None:
        self.session.close()


def _status(reply: Reply | None) -> dict[str, Any]:
    document = reply.json() if reply is not None and reply.status == 200 else None
    status = document.get("status") if isinstance(document, dict) else None
    return status if isinstance(status, dict) else {}


def _of_row(parcel: Parcel, item: Any, request: str) -> Outcome:
    status = item.get("status") if isinstance(item, dict) else None
    if status == "OK":
        return Outcome(parcel.message_id, Status.HANDED_OVER, request)
    if status != "Error":
        return Outcome(parcel.message_id, Status.UNKNOWN, request, "its result says neither OK nor Error")
    words = words_of(item)
    passes = words.endswith(DEADLOCK)
    return Outcome(parcel.message_id, Status.DEFERRED if passes else Status.REJECTED, request, words)


def profile_provider(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Profiles:
    """The provider of attributes of an account. Raises ConfigError where it names no data_extension_key."""
    required(account.data_extension_key, key="data_extension_key")
    return Profiles(name, account, secret(account.client_secret), clock)
