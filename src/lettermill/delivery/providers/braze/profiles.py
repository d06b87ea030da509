"""Attributes of people, and events, to Braze over /users/track, which names each refused object by array and index.

Attributes of one person must not be in two calls at once: Braze keeps whichever it worked off last. Attributes come
from the sync. Events come from no job: a mail, which is what Klaviyo takes as an event, has texts too long for Braze's,
and so goes by a triggered campaign. Whoever has events of their own packs them here, and hands them over as all else
is, by tasks.hand_over, where one that was cut off is unknown and never told again.
Source: Braze's pages on /users/track and on the event object.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lettermill.delivery.bearer import BearerConnection, bearer_exchange
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Reply
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Answer, Limits, Parcel, Status, Unpackable
from lettermill.delivery.providers.braze.account import RESERVED, RESERVED_OF_EVENTS, Account, as_json
from lettermill.delivery.providers.braze.answers import accepted, places, queued, refused, taken_apart
from lettermill.delivery.providers.braze.cdi import CdiTable

PATH = "/users/track"
ATTRIBUTES, EVENTS = "attributes", "events"


@dataclass(frozen=True)
class Event:
    """Something that a person did, by an id of ours; Braze gives it an id of its own and tells no two apart."""

    event_id: str
    person_id: str
    name: str
    at: datetime
    properties: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class BrazeProfiles:
    """Braze as a keeper of attributes. The `to` of a parcel is the array of the call that it goes into."""

    account: Account
    name: str
    credential: Credential

    @property
    def limits(self) -> Limits:
        return self.account.objects

    def pack(self, profile: Profile, *, at: datetime) -> Parcel:  # noqa: ARG002 (attributes have no date)
        """The attributes that are said; null clears one. Raises Unpackable for a name that Braze keeps for itself."""
        taken = sorted(RESERVED & profile.attributes.keys())
        if taken:
            raise Unpackable(f"Braze keeps the name {', '.join(taken)} for itself")
        address = {"email": profile.email} if profile.email else {}
        known = {"external_id": profile.person_id, "_update_existing_only": not self.account.creates_people}
        return self._within(Parcel(profile.person_id, ATTRIBUTES, as_json({**known, **address, **profile.attributes})))

    def pack_event(self, event: Event) -> Parcel:
        """An event; its outcome goes by `event_id`. Raises Unpackable for what Braze takes in none."""
        self._require_properties(event.properties)
        content = {
            "external_id": event.person_id,
            "name": event.name,
            "time": event.at.astimezone(UTC).isoformat(),
            "properties": dict(event.properties),
            "_update_existing_only": not self.account.creates_people,
        }
        parcel = Parcel(event.event_id, EVENTS, as_json(content))
        if len(parcel.body) > self.account.event_bytes:
            raise Unpackable(f"it is {len(parcel.body):,} bytes, Braze takes {self.account.event_bytes:,} of an event")
        return self._within(parcel)

    def _require_properties(self, properties: Mapping[str, Any]) -> None:
        most = self.account.event_characters
        for name, value in properties.items():
            if name in RESERVED_OF_EVENTS or name.startswith("$"):
                raise Unpackable(f"Braze keeps the name {name[:most]} for itself")
            if not 0 < len(name) <= most:
                raise Unpackable(f"a property's name has {len(name):,} characters, Braze takes 1 to {most:,}")
            if isinstance(value, str) and len(value) > most:
                raise Unpackable(f"its {name} has {len(value):,} characters, Braze takes {most:,}")

    def _within(self, parcel: Parcel) -> Parcel:
        most = self.limits.bytes - self.limits.envelope
        if len(parcel.body) > most:
            raise Unpackable(f"it is {len(parcel.body):,} bytes, Braze takes {most:,} in a call")
        return parcel

    def connect(self) -> BearerConnection:
        return BearerConnection(
            self.name,
            bearer_exchange(self.account.base_url, self.credential, timeout=self.account.timeout_seconds),
            PATH,
            _request,
            self._read,
            _after_cut,
        )

    def _read(self, reply: Reply, parcels: Sequence[Parcel]) -> Answer:
        document = reply.json()
        said, at = taken_apart(document, hidden=[self.credential.text]), places([one.to for one in parcels])
        if not 200 <= reply.status < 300:
            return refused(reply, parcels, said=said, at=at)
        if said.message == "queued":
            return queued(parcels)
        counts = document if isinstance(document, dict) else {}
        doubts = [
            doubt for array in (ATTRIBUTES, EVENTS) if (doubt := _miscount(array, counts, rows=said.rows, at=at)) != ""
        ]
        return accepted(parcels, said=said, at=at, reference=None, doubts=doubts)


def _miscount(
    array: str, counts: Mapping[str, Any], *, rows: Mapping[tuple[str, int], str], at: Sequence[tuple[str, int]]
) -> str:
    """What does not add up in an array: those done and those refused must be those sent."""
    sent = [place for place in at if place[0] == array]
    due = len([place for place in sent if place not in rows])
    done = counts.get(f"{array}_processed", 0)
    return "" if done == due else f"of {len(sent)} {array} {done} are done, where {due} are not refused"


def _request(parcels: Sequence[Parcel]) -> bytes:
    arrays = {array: [one.body for one in parcels if one.to == array] for array in (ATTRIBUTES, EVENTS)}
    parts = [b'"%s":[%s]' % (array.encode(), b",".join(bodies)) for array, bodies in arrays.items() if bodies]
    return b"{" + b",".join(parts) + b"}"


def _after_cut(parcel: Parcel) -> Status:
    """The same attributes may be written again, the last write wins; an event written again has happened twice."""
    return Status.DEFERRED if parcel.to == ATTRIBUTES else Status.UNKNOWN


def profile_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> BrazeProfiles | CdiTable:
    """What takes attributes by the account's road: the calls, or the table that Braze reads."""
    if account.profiles == "cdi":
        return CdiTable(account.rows)
    return BrazeProfiles(account, name, secret(account.key))
