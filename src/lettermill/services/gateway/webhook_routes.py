"""`/webhooks/<name>`: what providers report, believed only when they signed these very bytes, lately."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lettermill.delivery.groups import topic_of
from lettermill.gateway_settings import Webhook
from lettermill.services.gateway.doors import Gateway
from lettermill.services.gateway.json_text import on_one_line
from lettermill.services.gateway.made_events import made_event
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.sink import Line
from lettermill.services.gateway.webhooks.provider import (
    Call,
    Challenge,
    Challenged,
    Provider,
    Report,
    no_certificate,
    provider_named,
)

challenges = logging.getLogger("lettermill.gateway.challenges")


@dataclass(frozen=True)
class Listener:
    """One webhook of conf, with its provider's file and its keys looked up. `topics` are what the provider's groups of
    mails are here, by their ids there."""

    settings: Webhook
    provider: Provider
    keys: Sequence[bytes]
    topics: Mapping[str, str]

    def verified(self, call: Call) -> Challenge | None:
        """The challenge that a call is, or None for one that its provider signed. Raises Refusal for any other."""
        asks: Challenged | None = getattr(self.provider, "challenge", None)
        challenge = asks(call, self.keys, self.settings.window) if asks else None
        if challenge is None:
            self.provider.verify(call, keys=self.keys, window=self.settings.window)
        return challenge

    def url(self, request: Request) -> str:
        """The address that was called, as the provider knows it."""
        if self.settings.url is None:
            return str(request.url)
        return self.settings.url + (f"?{request.url.query}" if request.url.query else "")


def listener(settings: Webhook, *, keys: Sequence[bytes], topics: Mapping[str, str]) -> Listener:
    """Raises ConfigError for a provider that has no file."""
    return Listener(settings, provider_named(settings.provider), keys, topics)


def webhook_routes(
    gateway: Gateway, *, listeners: Mapping[str, Listener], certificate: Callable[[str], bytes] = no_certificate
) -> APIRouter:
    """A route for each webhook of conf, by its name there. `certificate` gets a certificate by its address."""
    routes = APIRouter()

    async def take(request: Request, name: str) -> Response:
        known = listeners.get(name)
        if known is None:
            raise Refusal(404, "no_webhook", "no webhook of this name is declared")
        gateway.pace.admit(f"webhook {name}")
        limits = gateway.settings.limits
        async with gateway.bodies.reading(request, max_bytes=limits.webhook_bytes) as body:
            url = known.url(request)
            call = Call(body, request.headers, gateway.clock(), request.method, url, certificate)
            challenge = await run_in_threadpool(known.verified, call)  # it may wait for a certificate
            if challenge is not None:
                challenges.warning("webhook %s is not answered yet: %s", name, challenge.words)
                return Response(b'{"success": true}', media_type="application/json")
            reports = known.provider.reports(call, max_depth=limits.depth)
            gateway.pace.charge(f"webhook {name}", events=len(reports))
            await gateway.take(request, [_line(each, known, call) for each in reports], door="webhooks")
        return Response(b'{"success": true}', media_type="application/json")

    routes.add_api_route("/webhooks/{name}", take, methods=["POST"])
    return routes


def _line(report: Report, known: Listener, call: Call) -> Line:
    """The event, with the provider's own words beside ours, unchanged."""
    group = report.properties.get("topic")
    named = {} if group is None else {"topic": topic_of(group, known.topics)}
    return made_event(
        report.name,
        source=known.settings.source,
        properties={**report.properties, **named},
        received_at=call.received_at,
        occurred_at=report.occurred_at,
        event_id=f"{known.settings.provider}:{report.event_id}",
        provider=known.settings.provider,
        payload=orjson.Fragment(on_one_line(report.raw)),
    )
