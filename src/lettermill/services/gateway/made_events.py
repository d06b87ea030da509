"""Events that the gateway makes itself, in Segment's words: what readers chose, and what providers report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson

from lettermill.services.gateway.segment_events import iso
from lettermill.services.gateway.sink import Line


def made_event(
    name: str,
    *,
    source: str,
    properties: Mapping[str, Any],
    received_at: datetime,
    occurred_at: datetime | None = None,
    event_id: str | None = None,
    **kept: Any,
) -> Line:
    """A track call named `name`. `kept` are further fields, such as a provider's own payload as it came."""
    event = {
        "messageId": event_id or uuid4().hex,
        "type": "track",
        "event": name,
        "timestamp": iso(occurred_at or received_at),
        "receivedAt": iso(received_at),
        "properties": {key: value for key, value in properties.items() if value is not None},
        **kept,
    }
    who = properties.get("email_id")
    return Line(source, orjson.dumps(event), who.encode() if isinstance(who, str) else None)
