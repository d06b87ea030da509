"""Segment's tracking calls as lines: what was sent, unchanged, with what the gateway adds to it.

https://segment.com/docs/connections/spec/common/ says what the fields are, and how a wrong clock is corrected:
`timestamp = receivedAt - (sentAt - originalTimestamp)`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from lettermill.gateway_settings import GatewayLimits
from lettermill.services.gateway.json_text import items, members, on_one_line, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.sink import Line

OURS = {"messageId", "type", "timestamp", "originalTimestamp", "receivedAt", "writeKey"}
"""Fields that the gateway writes itself, or, the key, never writes."""


@dataclass(frozen=True)
class Arrival:
    """What is the same for all events of a call. `kind` is the call's path, None where each event says its own type;
    `context` is a batch's, as it was written; `address` is the caller's, where it is to be kept."""

    source: str
    received_at: datetime
    kind: str | None = None
    sent_at: Any = None
    context: bytes | None = None
    address: str | None = None


@dataclass(frozen=True)
class Taken:
    """A line, and the event id that was made for it, if it had none."""

    line: Line
    made_id: str | None


@dataclass(frozen=True)
class Batch:
    """The events of a batch, each as it was written and as read, and the batch's own fields."""

    events: list[tuple[bytes, Any]]
    sent_at: Any
    context: bytes | None
    write_key: Any


def batch_of(body: bytes, *, limits: GatewayLimits) -> Batch:
    """Cut a batch. Raises Refusal (400), with the place of the event that is wrong; then none is taken."""
    document = parsed(body, max_depth=limits.depth + 2)
    if not isinstance(document, dict):
        raise Refusal(400, "no_object", "the body is no JSON object")
    events = document.get("batch")
    if not isinstance(events, list):
        raise Refusal(400, "no_batch", "`batch` is missing, or no list")
    if len(events) > limits.batch_events:
        raise Refusal(400, "too_many", f"more than {limits.batch_events} events in a batch")
    raw = {name: value for name, _, value in members(body)}
    cut = list(zip(items(raw["batch"]), events, strict=True))
    for place, (text, event) in enumerate(cut):
        _check_event(text, event, limits=limits, name=f"batch[{place}]")
    has_context = isinstance(document.get("context"), dict)
    return Batch(cut, document.get("sentAt"), raw["context"] if has_context else None, document.get("writeKey"))


def event_of(body: bytes, *, limits: GatewayLimits) -> Mapping[str, Any]:
    """Read a call that is one event. Raises Refusal (400)."""
    event = parsed(body, max_depth=limits.depth)
    _check_event(body, event, limits=limits, name="the event")
    read: Mapping[str, Any] = event
    return read


def _check_event(text: bytes, event: Any, *, limits: GatewayLimits, name: str) -> None:
    if not isinstance(event, dict):
        raise Refusal(400, "no_object", f"{name} is no JSON object")
    if len(text) > limits.event_bytes:
        raise Refusal(400, "event_too_large", f"{name} is larger than {limits.event_bytes} bytes")


def taken(text: bytes, event: Mapping[str, Any], *, arrival: Arrival) -> Taken:
    """The line of one event: `text` as it was sent, `event` as it was read."""
    has_id = event.get("messageId") not in (None, "")
    message_id = event["messageId"] if has_id else uuid4().hex
    added: dict[str, Any] = {"messageId": message_id}
    kind = arrival.kind or event.get("type")
    if kind is not None:
        added["type"] = kind
    added |= _times(event, arrival)
    line = b"".join((b"{", orjson.dumps(added)[1:-1], *_rest(text, event, arrival), b"}"))
    who = event.get("userId") or event.get("anonymousId")
    key = who.encode() if isinstance(who, str) else None
    return Taken(Line(arrival.source, line, key), None if has_id else message_id)


def _times(event: Mapping[str, Any], arrival: Arrival) -> dict[str, Any]:
    """`timestamp` corrected for the sender's clock; a time that cannot be read stays as it is, for quality to judge."""
    received = arrival.received_at
    told = event.get("originalTimestamp") if event.get("timestamp") is None else event["timestamp"]
    found: dict[str, Any] = {"receivedAt": iso(received)}
    if told is None:
        return found | {"timestamp": iso(received)}
    at = instant(told)
    sent = instant(event.get("sentAt") or arrival.sent_at)
    if at is None or sent is None:
        return found | {"timestamp": told, "originalTimestamp": told}
    try:
        return found | {"timestamp": iso(received - (sent - at)), "originalTimestamp": told}
    except OverflowError:
        return found | {"timestamp": told, "originalTimestamp": told}


def _rest(text: bytes, event: Mapping[str, Any], arrival: Arrival) -> Iterator[bytes]:
    """The members that are not ours, each with a comma before it."""
    context: bytes | None = None
    for name, written, value in members(text):
        if name == "context" and isinstance(event["context"], dict):
            context = value  # joined with the batch's below; of two the last, as parsers do
        elif name not in OURS and not (name == "context" and event["context"] is None):
            yield on_one_line(b"," + written + b":" + value)
    if event.get("sentAt") is None and arrival.sent_at is not None:
        yield b',"sentAt":' + orjson.dumps(arrival.sent_at)
    if event.get("context") is None or context is not None:
        joined = dict(_context(context, event, arrival))
        if joined or context is not None:
            yield on_one_line(b',"context":{' + b",".join(joined.values()) + b"}")


def _context(own: bytes | None, event: Mapping[str, Any], arrival: Arrival) -> Iterator[tuple[str, bytes]]:
    """What the batch says of all its events, under what the event says itself."""
    has_address = "ip" in (event.get("context") or {})
    if arrival.address and not has_address:
        yield "ip", b'"ip":' + orjson.dumps(arrival.address)
    for written in (arrival.context, own):
        if written is not None:
            yield from ((name, key + b":" + value) for name, key, value in members(written))


def instant(told: Any) -> datetime | None:
    """An instant in ISO 8601, UTC where it names no zone; None for anything else."""
    if not isinstance(told, str) or not 10 <= len(told) <= 40:
        return None
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def iso(at: datetime) -> str:
    """An instant as Segment writes it: UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
