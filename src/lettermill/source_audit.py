"""The audit of sources: what came from each by a moment, what was refused of it, and what was expected."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Row

from lettermill.ingest.arrivals import Arrivals, Audited, arrivals, held_against
from lettermill.ingest.sources import Source
from lettermill.lake import Lake
from lettermill.quality.refusals import refusals
from lettermill.tables import ingest, quality

RAW = {"events": (ingest.EVENTS, "received_at"), "records": (ingest.RECORDS, "extracted_at")}
"""The raw table of each kind of source, and its column with the source's own time."""
WHOLE_ROWS = [quality.EVENTS.name, quality.PEOPLE.name, quality.PRODUCTS.name, quality.SOCIAL_ENGAGEMENT.name]
"""Tables whose refusals are rows as they came; an order's refused lines are parts of a row that was taken."""


def audited_sources(lake: Lake, sources: Mapping[str, Source], *, as_of: datetime) -> list[Audited]:
    """Every declared source, in the order of the map; tables that nobody wrote yet count as empty."""
    within = {name: source.expected.span for name, source in sources.items() if source.expected is not None}
    came: dict[str, Arrivals] = {}
    for table, claimed in RAW.values():
        if lake.exists(table):
            rows = arrivals(lake.read(table), claimed=claimed, as_of=as_of, within=within).collect()
            came |= {row["source"]: _arrivals(row) for row in rows}
    refused: dict[str, dict[tuple[str, str], int]] = {}
    if lake.exists(quality.QUARANTINE):
        for row in refusals(lake.read(quality.QUARANTINE), refused_by=WHOLE_ROWS).collect():
            refused.setdefault(row["source"], {})[row["disposition"], row["reason"]] = row["rows"]
    return [
        held_against(name, source, came.get(name, Arrivals()), as_of=as_of, refusals=refused.get(name, {}))
        for name, source in sources.items()
    ]


def _arrivals(row: Row) -> Arrivals:
    last = row["last"] and row["last"].astimezone(UTC)
    return Arrivals(last, row["rows"], row["today"], row["recent"], row["ahead"])


def as_data(audited: Audited) -> dict[str, Any]:
    """One audited source as JSON has it."""
    expected, came = audited.source.expected, audited.arrivals
    return {
        "source": audited.name,
        "kind": audited.source.kind,
        "holds": audited.source.holds,
        "owner": audited.source.owner,
        "state": audited.state,
        "last_arrival": came.last.isoformat() if came.last else None,
        "lag_seconds": audited.lag.total_seconds() if audited.lag is not None else None,
        "expected_within_seconds": expected.span.total_seconds() if expected else None,
        "rows": came.rows,
        "rows_today": came.today,
        "rows_recent": came.recent,
        "rows_expected": list(expected.rows) if expected and expected.rows else None,
        "rows_ahead": came.ahead,
        "refused": audited.refused,
        "refused_share": round(audited.refused_share, 6),
        "duplicates": audited.duplicates,
        "reasons": dict(audited.reasons),
    }
