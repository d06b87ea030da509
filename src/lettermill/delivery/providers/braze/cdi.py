"""Rows for Braze's Cloud Data Ingestion: a table in its form, from which Braze takes what is new by itself.

Braze takes the rows whose UPDATED_AT is after the last it took; where more rows have that last moment than before, it
takes all of that moment again. So no two rows here share a moment, and a later hand-over begins after the last one.
Source: Braze's pages on Cloud Data Ingestion.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.batch_rows import rows_by_batch
from lettermill.delivery.profile_provider import Profile
from lettermill.delivery.profile_rows import profile_of
from lettermill.delivery.provider import Outcome, Status, Unpackable
from lettermill.delivery.providers.braze.account import RESERVED, RowLimits, as_json

TICK = timedelta(microseconds=1)
"""How far apart rows are: Spark knows no less."""
ROWS = "person_id string, updated_at timestamp, payload string, reason string"
ARROW = pa.schema(
    [
        ("person_id", pa.string()),
        ("updated_at", pa.timestamp("us", tz="UTC")),
        ("payload", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class CdiTable:
    """Braze as a reader of delivery.braze_cdi: attributes are written there, and nothing is called."""

    limits: RowLimits


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


def first_moments(sizes: Mapping[int, int], *, at: datetime, after: datetime | None) -> dict[int, datetime]:
    """The moment of the first row of each batch, by its number, so that batches of these sizes share no moment.

    `at` and `after` as for cdi_rows.
    """
    moment = at if after is None else max(at, after + TICK)
    moments = {}
    for batch in sorted(sizes):
        moments[batch] = moment
        moment += sizes[batch] * TICK
    return moments


def table_rows(
    profiles: DataFrame, *, moments: Mapping[int, datetime], destination: str, limits: RowLimits
) -> DataFrame:
    """Rows for delivery.braze_cdi of rows of profile_rows.in_batches; those that Braze would never take have a `reason`
    in place of moment and payload. `moments` are those of first_moments."""

    def made(rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number, of_batch in rows_by_batch(rows):
            profiles = (profile_of(row) for row in of_batch)
            written = cdi_rows(profiles, at=moments[number], after=None, limits=limits)
            yield pa.RecordBatch.from_pylist([_as_row(one) for one in written], schema=ARROW)

    ordered = profiles.repartition("batch").sortWithinPartitions("batch", "person_id")
    return ordered.mapInArrow(made, ROWS).withColumn("destination", F.lit(destination))


def _as_row(one: CdiRow | Outcome) -> dict[str, Any]:
    if isinstance(one, Outcome):
        return {"person_id": one.message_id, "reason": one.reason}
    return {"person_id": one.external_id, "updated_at": one.updated_at, "payload": one.payload}
