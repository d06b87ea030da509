"""Properties of contacts to HubSpot by its batch upsert, whose every row is told apart by an id of ours.

Without such ids one bad row would fail its call. Values are texts to HubSpot; an empty text clears a property.
Source: HubSpot's pages on the batch upsert of CRM objects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from lettermill.delivery.bearer import BearerConnection, as_text, bearer_exchange, deferred_after_cut, plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Reply
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Answer, Call, Limits, Outcome, Parcel, Status, Unpackable
from lettermill.delivery.providers.hubspot.account import Account, packed
from lettermill.delivery.providers.hubspot.answers import refused

TRACE = "objectWriteTraceId"
EMAIL = "email"
BETWEEN = ";"
"""Stands between the values of a property that may have several."""


@dataclass
class Upserts(BearerConnection):
    """Keeps a contact that is twice in a call out of it: HubSpot would refuse the whole."""

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        """Make one call, and answer for each parcel; the second of a contact is deferred."""
        first: dict[str, Parcel] = {}
        for parcel in parcels:
            first.setdefault(parcel.to.lower(), parcel)
        kept = [parcel for parcel in parcels if first[parcel.to.lower()] is parcel]
        answer = super().send(kept, call=call)
        if len(kept) == len(parcels):
            return answer
        said = {outcome.message_id: outcome for outcome in answer.outcomes}
        again = "its contact is in this call already"
        outcomes = tuple(
            said[one.message_id]
            if first[one.to.lower()] is one
            else Outcome(one.message_id, Status.DEFERRED, reason=again)
            for one in parcels
        )
        return replace(answer, outcomes=outcomes)


@dataclass(frozen=True)
class HubSpotProfiles:
    """HubSpot as a keeper of properties. The `to` of a parcel is what HubSpot knows the contact by."""

    account: Account
    name: str
    credential: Credential

    @property
    def limits(self) -> Limits:
        return self.account.contacts

    def pack(self, profile: Profile, *, at: datetime) -> Parcel:  # noqa: ARG002 (properties have no date)
        """One input of the batch. Raises Unpackable for what HubSpot cannot hold."""
        by_email = self.account.id_property == EMAIL
        known_by = profile.email if by_email else profile.person_id
        if not known_by:
            raise Unpackable("it has no address, by which HubSpot knows a contact")
        address = {EMAIL: profile.email} if profile.email else {}
        content = {
            "id": known_by,
            "idProperty": self.account.id_property,
            TRACE: profile.person_id,
            "properties": address | {name: _as_text(name, value) for name, value in profile.attributes.items()},
        }
        return packed(profile.person_id, known_by, content, limits=self.limits)

    def connect(self) -> Upserts:
        return Upserts(
            self.name,
            bearer_exchange(self.account.base_url, self.credential, timeout=self.account.timeout_seconds),
            self.account.contacts_path.format(version=self.account.version),
            _request,
            self._read,
            deferred_after_cut,  # the same properties may be written again: the last write wins
        )

    def _read(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        hidden = [self.credential.text, *(one.to for one in parcels)]
        document = reply.json()
        content = document if isinstance(document, dict) else {}
        failed = _failed(content, hidden=hidden)
        if 200 <= reply.status < 300:
            return _written(parcels, done=_done(content), failed=failed)
        answer = refused(reply, parcels, hidden=hidden)
        named = failed.keys() & {one.message_id for one in parcels}
        if reply.status != 400 or not named:
            return answer
        return replace(answer, outcomes=tuple(_of_a_bad_call(one, failed=failed) for one in parcels))


def _as_text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        texts = [_as_text(name, one) for one in value]
        if any(BETWEEN in text for text in texts):
            raise Unpackable(f"a value of {name} has a {BETWEEN}, which stands between values")
        return BETWEEN.join(texts)
    return orjson.dumps(value).decode()


def _request(parcels: Sequence[Parcel]) -> bytes:
    return b'{"inputs":[' + b",".join(one.body for one in parcels) + b"]}"


def _done(content: Mapping[str, Any]) -> dict[str, str | None]:
    """HubSpot's ids of the contacts written, by ours."""
    results = content.get("results")
    rows = [row for row in results if isinstance(row, dict)] if isinstance(results, list) else []
    return {row[TRACE]: as_text(row.get("id")) for row in rows if as_text(row.get(TRACE))}


def _failed(content: Mapping[str, Any], *, hidden: Sequence[str]) -> dict[str, str]:
    """The words for each row that an error names by our id."""
    errors = content.get("errors")
    failed: dict[str, str] = {}
    for error in errors if isinstance(errors, list) else []:
        context = error.get("context") if isinstance(error, dict) else None
        traces = context.get(TRACE) if isinstance(context, dict) else None
        for trace in traces if isinstance(traces, list) else [traces] if traces else []:
            failed[str(trace)] = plain_words(str(error.get("message", "")), hidden=hidden)
    return failed


def _written(parcels: Sequence[Parcel], *, done: Mapping[str, str | None], failed: Mapping[str, str]) -> Answer:
    """Each row is done or failed; one that is neither is unknown: HubSpot also does nothing and says success."""
    outcomes = []
    for one in parcels:
        if one.message_id in failed:
            outcomes.append(Outcome(one.message_id, Status.REJECTED, reason=failed[one.message_id]))
        elif one.message_id in done:
            outcomes.append(Outcome(one.message_id, Status.HANDED_OVER, done[one.message_id]))
        else:
            outcomes.append(Outcome(one.message_id, Status.UNKNOWN, reason="neither written nor refused"))
    missing = sum(outcome.status == Status.UNKNOWN for outcome in outcomes)
    said = f"of {len(outcomes)} contacts {missing} are neither written nor refused" if missing else ""
    return Answer(tuple(outcomes), said=said)


def _of_a_bad_call(parcel: Parcel, *, failed: Mapping[str, str]) -> Outcome:
    if parcel.message_id in failed:
        return Outcome(parcel.message_id, Status.REJECTED, reason=failed[parcel.message_id])
    return Outcome(parcel.message_id, Status.DEFERRED, reason="another row of its call was refused")


def profile_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> HubSpotProfiles:
    return HubSpotProfiles(account, name, secret(account.key))
