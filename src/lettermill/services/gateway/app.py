"""The gateway as an ASGI application."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import orjson
from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lettermill.services.gateway.doors import Gateway, told_of
from lettermill.services.gateway.frame import OUR_FAULT, Frame, refusal_response
from lettermill.services.gateway.refusals import Refusal

BROWSERS = "/v1/"


def application(gateway: Gateway, doors: Iterable[APIRouter]) -> ASGIApp:
    """The gateway with these doors; its sink is started and closed with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gateway.sink.start()
        try:
            yield
        finally:
            gateway.sink.close()

    app = FastAPI(title="lettermill gateway", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(Refusal, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _no_route)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _our_fault)
    for routes in doors:
        app.include_router(routes)
    _add_watching(app, gateway)
    return Frame(ForBrowsers(app, gateway.settings.origins), gateway.counters)


class ForBrowsers:
    """CORS for what pages of other sites may call, and for nothing else."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self.app = app
        self.open = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type", "Content-Encoding", "X-Request-Id"],
            expose_headers=["X-Request-Id", "X-Message-Id", "X-Message-Ids-Made", "Retry-After"],
            max_age=86_400,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = scope["type"] == "http" and scope["path"].startswith(BROWSERS)
        await (self.open if is_open else self.app)(scope, receive, send)


async def _refused(request: Request, refusal: Refusal) -> Response:
    return refusal_response(refusal, told_of(request))


async def _our_fault(request: Request, _: Exception) -> Response:
    return refusal_response(OUR_FAULT, told_of(request))


async def _no_route(request: Request, error: HTTPException) -> Response:
    words = {404: "nothing is at this path", 405: "this path takes another method"}
    cause = {404: "no_path", 405: "method"}.get(error.status_code, "http")
    reason = words.get(error.status_code, "the request is not one we take")
    return refusal_response(Refusal(error.status_code, cause, reason, error.headers or {}), told_of(request))


def _add_watching(app: FastAPI, gateway: Gateway) -> None:
    """`/healthz/live`: the process answers. `/healthz` and `/healthz/ready`: events would become durable."""

    async def live() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def ready() -> Response:
        fault = gateway.sink.fault()
        body = {"status": "unready", "reason": fault} if fault else {"status": "ok"}
        return Response(orjson.dumps(body), status_code=503 if fault else 200, media_type="application/json")

    async def metrics() -> Response:
        return Response(generate_latest(gateway.counters.registry), media_type=CONTENT_TYPE_LATEST)

    app.add_api_route("/healthz/live", live)
    app.add_api_route("/healthz", ready)
    app.add_api_route("/healthz/ready", ready)
    app.add_api_route("/metrics", metrics)
