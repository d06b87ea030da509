"""Values inside JSON documents by dotted path, and instants as servers write them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 10**11
"""Numbers from here on are milliseconds: as seconds they would lie beyond the year 5000."""


def value_at(document: Any, path: str) -> Any:
    """What stands at `a.b.0.c`; None where a step is not there. The empty path is the document itself."""
    for step in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def instant(value: Any) -> datetime | None:
    """An instant in ISO 8601 with a zone, or as a number of seconds or milliseconds since 1970; None if it is none."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float) or (isinstance(value, str) and value.strip().isdecimal()):
            number = float(value)
            return EPOCH + timedelta(**{"milliseconds" if number >= MILLISECONDS_FROM else "seconds": number})
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
    return read.astimezone(UTC) if read and read.tzinfo else None


def written(moment: datetime, form: str) -> str:
    """The instant as a request carries it: `iso` to the millisecond, `epoch_ms` or `epoch_s`."""
    if form == "iso":
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(microseconds(moment) // (1_000 if form == "epoch_ms" else 1_000_000))


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)
