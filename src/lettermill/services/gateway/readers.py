"""What the links in a mail lead to: unsubscribing, in one click as RFC 8058 has it, and choosing what to get.

A link holds a signed token of its message and no address. Looking at a page changes nothing, so that the scanners
that follow every link of a mail unsubscribe nobody.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from lettermill.campaigns.tokens import message_of_token
from lettermill.rendering.pages import render_page
from lettermill.services.gateway.choices import (
    EVERY_TOPIC,
    NO_MORE_MAIL,
    Choice,
    choices_of_form,
    choices_of_json,
    events_of,
)
from lettermill.services.gateway.doors import Gateway
from lettermill.services.gateway.forms import form_of
from lettermill.services.gateway.json_text import parsed
from lettermill.services.gateway.refusals import Refusal

ONE_CLICK = "List-Unsubscribe"
FORM_BYTES = 16 * 1024
ANYBODY = "readers"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Robots-Tag": "noindex",
}


def reader_routes(gateway: Gateway, *, token_keys: Mapping[str, bytes], shop: Mapping[str, str]) -> APIRouter:
    """The routes below `/mail`: `token_keys` are the keys that tokens may be signed with, by id."""
    routes = APIRouter()
    topics = gateway.settings.preferences.topics

    def message_of(token: str) -> str | None:
        gateway.pace.admit(ANYBODY)
        return message_of_token(token, keys=token_keys)

    async def show(request: Request, token: str) -> Response:
        page = "unsubscribe" if request.url.path.startswith("/mail/unsubscribe/") else "preferences"
        if message_of(token) is None:
            return _page("unknown", shop, status=404)
        return _page(page, shop, topics=topics, token=token)

    async def unsubscribe(request: Request, token: str) -> Response:
        message_id = message_of(token)
        if message_id is None:
            return _unknown(request, shop)
        async with gateway.bodies.reading(request, max_bytes=FORM_BYTES) as body:
            form = form_of(body, content_type=request.headers.get("content-type", ""))
            if form.get(ONE_CLICK, "").lower() != "one-click":
                raise Refusal(400, "no_one_click", "the form must say List-Unsubscribe=One-Click")
            via = "page" if form.get("via") == "page" else "one click"
            await _keep(gateway, request, [NO_MORE_MAIL], message_id, via=via)
        if via == "page":
            return _page("unsubscribed", shop, token=token)
        return Response(b"unsubscribed\n", media_type="text/plain")

    async def choose(request: Request, token: str) -> Response:
        message_id = message_of(token)
        if message_id is None:
            return _unknown(request, shop)
        as_json = request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
        async with gateway.bodies.reading(request, max_bytes=FORM_BYTES) as body:
            if as_json:
                choices = choices_of_json(parsed(body, max_depth=4), topics=topics)
            else:
                form = form_of(body, content_type=request.headers.get("content-type", ""))
                choices = choices_of_form(form, topics=topics)
            await _keep(gateway, request, choices, message_id, via="api" if as_json else "page")
        if as_json:
            return Response(b'{"success": true}', media_type="application/json")
        return _page("saved", shop, token=token, said=[_in_words(choice, topics) for choice in choices])

    for page, post in (("unsubscribe", unsubscribe), ("preferences", choose)):
        routes.add_api_route(f"/mail/{page}/{{token}}", show, methods=["GET", "HEAD"])
        routes.add_api_route(f"/mail/{page}/{{token}}", post, methods=["POST"])
    return routes


async def _keep(gateway: Gateway, request: Request, choices: list[Choice], message_id: str, *, via: str) -> None:
    preferences = gateway.settings.preferences
    lines = events_of(
        choices, message_id=message_id, received_at=gateway.clock(), preferences=preferences, via=via
    )  # fmt: skip
    gateway.pace.charge(ANYBODY, events=len(lines))
    await gateway.take(request, lines, door="readers")


def _unknown(request: Request, shop: Mapping[str, str]) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return _page("unknown", shop, status=404)
    raise Refusal(404, "no_token", "the link is not one of ours, or not whole")


def _in_words(choice: Choice, topics: Mapping[str, str]) -> str:
    yes = choice.state == "granted"
    if choice.purpose == "profiling":
        return "We choose what suits you." if yes else "You get the same mail as everybody else."
    if choice.topic == EVERY_TOPIC:
        return "You get our mail." if yes else "You get no more mail from us."
    return f"{topics[choice.topic]}: {'yes' if yes else 'no more'}."


@cache
def _source(name: str) -> str:
    return (files("lettermill.services.gateway") / name).read_text(encoding="utf-8")


def _page(page: str, shop: Mapping[str, str], *, status: int = 200, **context: object) -> Response:
    known = {"page": page, "shop": shop, "topics": {}, "token": "", "said": []} | context
    html = render_page(_source("reader_page.html.j2"), partials={"style": _source("reader_page.css.j2")}, context=known)
    return Response(html, status_code=status, media_type="text/html", headers=HEADERS)
