"""Around every request: an id, a line in the log, the counters, and an answer even where our own code fails.

Neither log nor counters hold anything of the sender: no address, key, path parameter or query.
"""

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lettermill.services.gateway.refusals import Refusal

access = logging.getLogger("lettermill.gateway.access")
errors = logging.getLogger("lettermill.gateway.errors")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}
OUR_FAULT = Refusal(500, "our_fault", "something is wrong here; try again later")
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Counters:
    """What `/metrics` tells. Labels are words of ours alone."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        named: dict[str, Any] = {"namespace": "lettermill_gateway", "registry": self.registry}
        self.requests = Counter("requests", "Requests answered", ("route", "method", "status"), **named)
        self.refused = Counter("refused", "Requests refused, by cause", ("route", "cause"), **named)
        self.events = Counter("events", "Events that became durable", ("door", "source"), **named)
        self.seconds = Histogram("request_seconds", "From the first byte to the answer", ("route",), **named)
        self.durable = Histogram("durable_seconds", "How long events waited for the sink", **named)
        self.open = Gauge("requests_open", "Requests being answered", **named)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Measure how long the sink takes."""
        started = monotonic()
        yield
        self.durable.observe(monotonic() - started)


@dataclass
class Told:
    """What a route tells its frame about the request; it stands in `scope["told"]`."""

    request_id: str
    key_id: str = ""
    events: int = 0
    cause: str = ""


@dataclass(frozen=True)
class Frame:
    """The outermost layer."""

    app: ASGIApp
    counters: Counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        told = scope["told"] = Told(given if REQUEST_ID.fullmatch(given) else uuid4().hex)
        started, status = monotonic(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = told.request_id
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        with self.counters.open.track_inprogress():
            try:
                await self.app(scope, receive, answer)
            except Exception as error:
                self._failed(told, error)
        self._note(scope, told, status=status, seconds=monotonic() - started)

    def _failed(self, told: Told, error: Exception) -> None:
        # The error's own words may quote what was sent; its type and place do not.
        places = "".join(traceback.format_tb(error.__traceback__))
        errors.error("request %s failed: %s\n%s", told.request_id, type(error).__name__, places)
        told.cause = OUR_FAULT.cause

    def _note(self, scope: Scope, told: Told, *, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.counters.requests.labels(route, method, str(status)).inc()
        self.counters.seconds.labels(route).observe(seconds)
        if told.cause:
            self.counters.refused.labels(route, told.cause).inc()
        line = {
            "request_id": told.request_id, "method": method, "route": route, "status": status, "cause": told.cause,
            "key": told.key_id, "events": told.events, "ms": round(seconds * 1000, 1),
        }  # fmt: skip
        access.info(orjson.dumps(line).decode())


def refusal_response(refusal: Refusal, told: Told) -> Response:
    """The answer to a request that is not taken, in Segment's shape, with the id to ask about it."""
    told.cause = refusal.cause
    body = {"success": False, "message": refusal.reason, "cause": refusal.cause, "requestId": told.request_id}
    content = orjson.dumps(body)
    return Response(content, status_code=refusal.status, media_type="application/json", headers=dict(refusal.headers))
