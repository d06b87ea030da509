"""Attributes by bulk imports: an accepted import is looked at until it is complete, then its errors are read.

Never by way of subscriptions: those calls lift the suppressions of whom they name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, Exchange, NotSent, Reply
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Answer, Call, Limits, Outcome, Parcel, Signal, Status, Unpackable, answered
from lettermill.delivery.providers.klaviyo.account import Account
from lettermill.delivery.providers.klaviyo.answers import WRONG_CONF, failed, refused, row_of, words_of
from lettermill.delivery.providers.klaviyo.mails import no_other_key
from lettermill.delivery.refusals import look_again_in
from lettermill.patience import Clock

PATH = "/api/profile-bulk-import-jobs"
HEAD = b'{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":['
TAIL = b"]}}}}"
OF_KLAVIYO = frozenset({"first_name", "last_name", "organization", "locale", "title", "image", "phone_number"})
"""Attributes that Klaviyo has a place for; all others are properties of the profile."""


@dataclass(frozen=True)
class Profiles:
    """The provider of attributes of one account."""

    name: str
    account: Account
    secret: Credential
    clock: Clock

    @property
    def limits(self) -> Limits:
        return self.account.profile_limits

    def pack(self, profile: Profile, *, at: datetime) -> Parcel:  # noqa: ARG002 (Klaviyo dates profiles itself)
        """The profile with its external_id; null clears a field. Raises Unpackable."""
        own = {name: value for name, value in profile.attributes.items() if name in OF_KLAVIYO}
        properties = {name: value for name, value in profile.attributes.items() if name not in OF_KLAVIYO}
        attributes = {
            **own,
            **({"email": profile.email} if profile.email is not None else {}),
            "external_id": profile.person_id,
            **({"properties": properties} if properties else {}),
        }
        body = orjson.dumps({"type": "profile", "attributes": attributes})
        if len(body) > self.account.profile_bytes:
            raise Unpackable(f"it is {len(body):,} bytes, a profile takes {self.account.profile_bytes:,}")
        return Parcel(profile.person_id, profile.email or "", body)

    def connect(self) -> "ImportConnection":
        return ImportConnection(self.account, self.account.exchange(self.secret), self.clock)


@dataclass
class ImportConnection:
    """An open way to the profiles of an account."""

    account: Account
    exchange: Exchange = field(repr=False)
    clock: Clock

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (a profile twice is the same)
        """Import the profiles, and wait until Klaviyo has told what became of them."""
        content = HEAD + b",".join(parcel.body for parcel in parcels) + TAIL
        try:
            reply = self.exchange.call("POST", PATH, content=content)
        except (NotSent, CutOff) as error:
            return failed(parcels, error)
        if reply.status != 202:
            return refused(parcels, reply)
        job = _data(reply)
        if not isinstance(job, dict) or not job.get("id"):
            return answered(parcels, Status.UNKNOWN, reason="answered 202 without the id of an import")
        return self._settled(parcels, quote(str(job["id"]), safe=""))

    def _settled(self, parcels: Sequence[Parcel], job: str) -> Answer:
        """Look at the import until it is done. What is not known in time is safe to import again."""
        until = self.clock.time() + self.account.poll_longest_seconds
        status = "queued"
        while self.clock.time() < until:
            reply = self._read(f"{PATH}/{job}")
            if reply is not None and reply.status in WRONG_CONF:
                return refused(parcels, reply)
            attributes = _attributes(_data(reply))
            status = str(attributes.get("status", status))
            if status == "complete":
                return self._by_row(parcels, job, attributes, until=until)
            if status == "cancelled":
                return answered(parcels, Status.DEFERRED, reason="the import was cancelled", reference=job)
            self._wait(reply)
        reason = f"the import is {status} after {self.account.poll_longest_seconds:,.0f} s"
        return answered(parcels, Status.DEFERRED, reason=reason, signal=Signal.FAILING, reference=job)

    def _by_row(self, parcels: Sequence[Parcel], job: str, counts: dict[str, Any], *, until: float) -> Answer:
        """An outcome for each row; where the import's counts and its errors do not add up, the rest is unknown."""
        errors = self._errors(job, until=until) if counts.get("failed_count") else []
        places = {parcel.message_id: at for at, parcel in enumerate(parcels)}
        reasons = {_place(error, places): words_of(error) for error in errors}
        told = len(reasons.keys() - {None})
        gap = _gap(counts, rows=len(parcels), told=told)
        rest = Status.UNKNOWN if gap else Status.HANDED_OVER
        outcomes = (
            Outcome(parcel.message_id, Status.REJECTED, job, reasons[at])
            if at in reasons
            else Outcome(parcel.message_id, rest, job, gap or None)
            for at, parcel in enumerate(parcels)
        )
        return Answer(tuple(outcomes), said=gap)

    def _errors(self, job: str, *, until: float) -> list[dict[str, Any]]:
        """The errors of an import, page by page, as far as they come in time."""
        errors: list[dict[str, Any]] = []
        path = f"{PATH}/{job}/import-errors?page%5Bsize%5D=100"
        while path and self.clock.time() < until:
            reply = self._read(path)
            rows = _data(reply)
            if reply is None or not isinstance(rows, list):
                self._wait(reply)
                continue
            errors += [_attributes(row) for row in rows]
            path = next_page(reply)
        return errors

    def _read(self, path: str) -> Reply | None:
        try:
            return self.exchange.call("GET", path)
        except (NotSent, CutOff):
            return None

    def _wait(self, reply: Reply | None) -> None:
        self.clock.sleep(look_again_in(reply, poll_seconds=self.account.poll_seconds))

    def renew(self) -> None:
        raise no_other_key(self.account.base_url)

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002 (nothing to ask)
        """Profiles are not read back: what is unknown is imported again."""
        return [Outcome(one, Status.UNKNOWN, reason="profiles are not read back") for one in message_ids]

    def close(self) -> None:
        self.exchange.close()


def next_page(reply: Reply) -> str:
    """Path and query of the page after this one, on the same host whatever the link says; empty at the end."""
    document = reply.json()
    links = document.get("links") if isinstance(document, dict) else None
    link = urlsplit(str(links.get("next") or "")) if isinstance(links, dict) else urlsplit("")
    return f"{link.path}?{link.query}" if link.path else ""


def _data(reply: Reply | None) -> Any:
    document = reply.json() if reply is not None and reply.status in (200, 202) else None
    return document.get("data") if isinstance(document, dict) else None


def _attributes(resource: Any) -> dict[str, Any]:
    attributes = resource.get("attributes") if isinstance(resource, dict) else None
    return attributes if isinstance(attributes, dict) else {}


def _gap(counts: dict[str, Any], *, rows: int, told: int) -> str:
    """Where the counts of a complete import and the rows sent do not add up; empty where they do."""
    total, done, failures = (counts.get(f"{name}_count") or 0 for name in ("total", "completed", "failed"))
    # Whether the completed ones include the failed ones is not published.
    if total == rows and done in (rows, rows - failures) and told == failures:
        return ""
    return f"of {rows} rows {total} were counted, {done} completed, {failures} failed, {told} errors told"


def _place(error: dict[str, Any], places: dict[str, int]) -> int | None:
    """Which row an error is of: where it points, else whose payload it gives back."""
    at = row_of(error)
    if at is not None:
        return at if at in places.values() else None
    payload = error.get("original_payload")
    if not isinstance(payload, dict):
        return None
    owner = payload.get("external_id") or _attributes(payload).get("external_id")
    return places.get(str(owner))


def profile_provider(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Profiles:
    """The provider of attributes of an account."""
    return Profiles(name, account, secret(account.key), clock)
