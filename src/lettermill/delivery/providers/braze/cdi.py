"""Rows for Braze's Cloud Data Ingestion: a table in its form, from which Braze takes what is new by itself.

Braze takes the rows whose UPDATED_AT is after the last it took; where more rows have that last moment than before, it
takes all of that moment again. So no two rows here share a moment, and a later hand-over begins after the last one.
Source: Braze's pages on Cloud Data Ingestion.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.provider import Outcome, Status, Unpackable
from lettermill.delivery.providers.braze.account import RESERVED, as_json

TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class RowLimits:
    """What Braze takes in one row."""

    attributes: int = 250
    bytes: int = 1_000_000


@dataclass(frozen=True)
class CdiRow:
    """One row of the table: EXTERNAL_ID, UPDATED_AT (UTC) and PAYLOAD, a text of JSON without the id."""

    external_id: str
    updated_at: datetime
    payload: str = field(repr=False)


def cdi_rows(
    profiles: Iterable[Profile], *, at: datetime, after: datetime | None, limits: RowLimits | None = None
) -> Iterator[CdiRow | Outcome]:
    """A row for each profile, in their order, or an outcome that says why Braze would never take it.

    `at` is when the rows are written, `after` the last UPDATED_AT that the table has had, ever. Rows are a microsecond
    apart, so that a table written at once stays out of the future, of which Braze would make its mark.
    """
    start = at.astimezone(UTC)
    moment = start if after is None else max(start, after.astimezone(UTC) + TICK)
    for profile in profiles:
        try:
            row = CdiRow(profile.person_id, moment, cdi_payload(profile, limits=limits or RowLimits()))
        except Unpackable as refusal:
            yield Outcome(profile.person_id, Status.REJECTED, reason=str(refusal))
        else:
            yield row
            moment += TICK


def cdi_payload(profile: Profile, *, limits: RowLimits) -> str:
    """The attributes of one person as JSON; null clears one. Raises Unpackable above what Braze takes in a row."""
    address = {"email": profile.email} if profile.email else {}
    attributes = address | dict(profile.attributes)
    taken = sorted(RESERVED & attributes.keys())
    if taken:
        raise Unpackable(f"Braze keeps the name {', '.join(taken)} for itself")
    if len(attributes) > limits.attributes:
        raise Unpackable(f"it has {len(attributes)} attributes, Braze takes {limits.attributes} in a row")
    payload = as_json(attributes)
    if len(payload) > limits.bytes:
        raise Unpackable(f"it is {len(payload):,} bytes, Braze takes {limits.bytes:,} in a row")
    return payload.decode()
