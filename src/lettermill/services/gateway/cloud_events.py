"""CloudEvents 1.0 over HTTP: structured, binary and batched.

Each is kept in the structured form, as one line of JSON, with `receivedAt` beside its attributes. A source of its own
takes them, since what a type means in our words is that source's mapping. The standard is at
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md.
"""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lettermill.gateway_settings import GatewayLimits
from lettermill.services.gateway.doors import Gateway, unknown_key
from lettermill.services.gateway.json_text import items, members, on_one_line, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.segment_events import instant, iso
from lettermill.services.gateway.sink import Line

STRUCTURED, BATCHED = "application/cloudevents+json", "application/cloudevents-batch+json"
REQUIRED = ("id", "source", "type")
TEXTS = (*REQUIRED, "specversion", "datacontenttype", "dataschema", "subject", "time")
NAME = re.compile(r"[a-z0-9]{1,40}")
IS_JSON = re.compile(r"[^;]*[/+]json\s*(;.*)?", re.IGNORECASE)
OURS = "receivedAt"


def cloud_event_routes(gateway: Gateway) -> APIRouter:
    """The route `/cloudevents`."""
    routes = APIRouter()
    limits = gateway.settings.limits

    async def take(request: Request) -> Response:
        key = gateway.key_of(request, right="write")
        if key is None:
            raise unknown_key()
        async with gateway.bodies.reading(request, max_bytes=limits.batch_bytes) as body:
            texts = texts_of(body, request.headers, limits=limits)
            source, now = gateway.settings.cloud_events, gateway.clock()
            lines = [Line(source, line_of(text, received_at=now)) for text in texts]
            await gateway.take(request, lines, door="cloudevents", key=key)
        return Response(status_code=204)

    routes.add_api_route("/cloudevents", take, methods=["POST"])
    return routes


def texts_of(body: bytes, headers: Mapping[str, str], *, limits: GatewayLimits) -> list[bytes]:
    """The events of a call in structured form, as text. Raises Refusal: 400, or 415 for a format that is not JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == STRUCTURED:
        texts, events = [body], [parsed(body, max_depth=limits.depth)]
    elif kind == BATCHED:
        events = parsed(body, max_depth=limits.depth)
        if not isinstance(events, list):
            raise Refusal(400, "no_batch", "a batch is a list of events")
        texts = list(items(body))
    elif kind.startswith("application/cloudevents"):
        raise Refusal(415, "format", "events come in JSON, alone or in a batch")
    else:
        texts = [_from_headers(body, headers, limits=limits)]
        events = [orjson.loads(texts[0])]
    if len(events) > limits.batch_events:
        raise Refusal(400, "too_many", f"more than {limits.batch_events} events in a batch")
    for place, (text, event) in enumerate(zip(texts, events, strict=True)):
        _check(event, size=len(text), limits=limits, name=f"event {place}")
    return texts


def line_of(text: bytes, *, received_at: datetime) -> bytes:
    """The event as one line, with the instant at which it came in place of any that it claims."""
    kept = [written + b":" + value for name, written, value in members(text) if name != OURS]
    return on_one_line(b"{" + b",".join((b'"receivedAt":' + orjson.dumps(iso(received_at)), *kept)) + b"}")


def _check(event: Any, *, size: int, limits: GatewayLimits, name: str) -> None:
    if not isinstance(event, dict):
        raise Refusal(400, "no_object", f"{name} is no JSON object")
    if size > limits.event_bytes:
        raise Refusal(400, "event_too_large", f"{name} is larger than {limits.event_bytes} bytes")
    if event.get("specversion") != "1.0":
        raise Refusal(400, "specversion", f"{name} is not of specversion 1.0")
    lacking = [each for each in REQUIRED if not event.get(each)]
    if lacking:
        raise Refusal(400, "attribute", f"{name} lacks {', '.join(lacking)}")
    if any(not isinstance(event[each], str) for each in TEXTS if event.get(each) is not None):
        raise Refusal(400, "attribute", f"{name} has an attribute that is no text")
    if event.get("time") is not None and instant(event["time"]) is None:
        raise Refusal(400, "time", f"{name} has a time that is no RFC 3339 instant")
    if event.get("data") is not None and event.get("data_base64") is not None:
        raise Refusal(400, "data", f"{name} has data twice")


def _from_headers(body: bytes, headers: Mapping[str, str], *, limits: GatewayLimits) -> bytes:
    """The structured form of an event in binary mode: attributes in headers `ce-...`, data in the body."""
    told = {name[3:].lower(): value for name, value in headers.items() if name.lower().startswith("ce-")}
    if not told:
        raise Refusal(400, "no_event", "neither a content type of CloudEvents nor headers ce-...")
    if any(not NAME.fullmatch(name) for name in told):
        raise Refusal(400, "attribute", "a header ce-... is no attribute: lower-case letters and digits")
    attributes = {name: _decoded(value) for name, value in told.items()}
    content_type = headers.get("content-type")
    if content_type:
        attributes["datacontenttype"] = content_type
    written = orjson.dumps(attributes)[1:-1]
    return b"{" + written + _data(body, content_type or "application/json", limits=limits) + b"}"


def _data(body: bytes, content_type: str, *, limits: GatewayLimits) -> bytes:
    if not body:
        return b""
    if IS_JSON.fullmatch(content_type):
        parsed(body, max_depth=limits.depth)
        return b',"data":' + body
    try:
        return b',"data":' + orjson.dumps(body.decode())
    except UnicodeDecodeError:
        return b',"data_base64":' + orjson.dumps(base64.b64encode(body).decode())


def _decoded(value: str) -> str:
    """A header's value, whose other characters than printable ASCII are percent-encoded UTF-8."""
    try:
        return unquote_to_bytes(value.strip('"')).decode()
    except UnicodeDecodeError:
        raise Refusal(400, "attribute", "a header ce-... is no percent-encoded UTF-8") from None
