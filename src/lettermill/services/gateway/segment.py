"""Segment's HTTP tracking API, so that its libraries work when their host is changed.

Paths, key (basic auth, or `writeKey` in the body as browsers send it), sizes and answers are Segment's:
https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/. The one-letter paths are those that
analytics.js calls.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lettermill.services.gateway.doors import Gateway, unknown_key
from lettermill.services.gateway.keyring import Key
from lettermill.services.gateway.segment_events import Arrival, Taken, batch_of, event_of, taken

KINDS = ("track", "identify", "page", "screen", "group", "alias")
SUCCESS = b'{"success": true}'
TOLD_IDS = 20


def segment_routes(gateway: Gateway) -> APIRouter:
    """The routes below `/v1`."""
    routes = APIRouter()

    def call(kind: str) -> None:
        async def one(request: Request) -> Response:
            return await _take_event(gateway, request, kind=kind)

        for path in (f"/v1/{kind}", f"/v1/{kind[0]}"):
            routes.add_api_route(path, one, methods=["POST"])

    for kind in KINDS:
        call(kind)

    async def batch(request: Request) -> Response:
        return await _take_batch(gateway, request)

    for path in ("/v1/batch", "/v1/b", "/v1/import"):
        routes.add_api_route(path, batch, methods=["POST"])
    return routes


async def _take_event(gateway: Gateway, request: Request, *, kind: str) -> Response:
    limits = gateway.settings.limits
    key = gateway.key_of(request, right="write")
    async with gateway.bodies.reading(request, max_bytes=limits.batch_bytes, too_large=400) as body:
        event = event_of(body, limits=limits)
        key = key or _key_in(gateway, request, event.get("writeKey"))
        found = taken(body, event, arrival=_arrival(gateway, request, key, kind=kind))
        return await _answer(gateway, request, [found], key)


async def _take_batch(gateway: Gateway, request: Request) -> Response:
    limits = gateway.settings.limits
    key = gateway.key_of(request, right="write")
    async with gateway.bodies.reading(request, max_bytes=limits.batch_bytes, too_large=400) as body:
        batch = batch_of(body, limits=limits)
        inside = batch.write_key or next((event.get("writeKey") for _, event in batch.events), None)
        key = key or _key_in(gateway, request, inside)
        arrival = _arrival(gateway, request, key, sent_at=batch.sent_at, context=batch.context)
        found = [taken(text, event, arrival=arrival) for text, event in batch.events]
        return await _answer(gateway, request, found, key)


def _key_in(gateway: Gateway, request: Request, write_key: Any) -> Key:
    if not isinstance(write_key, str):
        raise unknown_key()
    return gateway.known(request, write_key, right="write")


def _arrival(gateway: Gateway, request: Request, key: Key, **rest: Any) -> Arrival:
    address = request.client.host if gateway.settings.keep_address and request.client else None
    return Arrival(source=gateway.source_of(key), received_at=gateway.clock(), address=address, **rest)


async def _answer(gateway: Gateway, request: Request, found: Sequence[Taken], key: Key) -> Response:
    await gateway.take(request, [each.line for each in found], door="segment", key=key)
    made = [each.made_id for each in found if each.made_id]
    headers = {"X-Message-Ids-Made": str(len(made)), "X-Message-Id": ", ".join(made[:TOLD_IDS])} if made else {}
    return Response(SUCCESS, media_type="application/json", headers=headers)
