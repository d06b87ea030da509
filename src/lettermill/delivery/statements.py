"""What a provider was asked and said of addresses, as events in Segment's words: the road that webhooks take."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from lettermill.delivery.profile_provider import Statement

LINES = "source string, origin string, position bigint, raw string, day_ends_at timestamp"
"""The columns of `statement_events`, which ingest.events.events_of_lines makes rows of ingest.events of."""

Line = tuple[str, str, int, str, datetime]


def statement_events(
    statements: Iterable[Statement], *, provider: str, source: str, received_at: datetime
) -> Iterator[Line]:
    """One line of LINES for each statement, received when it was pulled; told again, it has the origin it had.

    The address stands in `raw` alone, under the event's properties, as the gateway writes that of a webhook.
    """
    for statement in statements:
        event_id = _id(statement)
        raw = {
            "messageId": f"{provider}:{event_id}",
            "type": "track",
            "event": _name(statement),
            "timestamp": _iso(statement.at),
            "receivedAt": _iso(received_at),
            "properties": {"email": statement.address, **_said(statement)},
            "provider": provider,
        }
        origin = f"{provider}/statements/{event_id}"
        yield source, origin, _micros(statement.at), orjson.dumps(raw).decode(), received_at


def _name(statement: Statement) -> str:
    return {
        "unsubscribed": "Unsubscribed",
        "resubscribed": "Preferences Changed",
        "bounced": "Email Bounced",
        "complained": "Email Marked as Spam",
    }[statement.kind]


def _said(statement: Statement) -> dict[str, Any]:
    reason = {"reason": statement.reason} if statement.reason else {}
    if statement.kind == "bounced":
        return {**reason, "bounce_type": "hard"}  # a provider lists those that bounced for good
    if statement.kind == "complained":
        return reason
    state = "granted" if statement.kind == "resubscribed" else "suppressed"
    return {**reason, "channel": "email", "topic": statement.topic, "purpose": "mail", "state": state}


def _id(statement: Statement) -> str:
    """What a statement is known by, whoever asks for it and whenever: what it says, of whom and since when."""
    stays = (statement.kind, statement.address.strip().lower(), statement.topic, str(_micros(statement.at)))
    return sha256("\n".join(stays).encode()).hexdigest()


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
