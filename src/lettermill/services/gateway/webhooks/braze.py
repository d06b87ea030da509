"""Braze: Currents by HTTP, and the postback of transactional mails. Neither is signed; both carry a shared secret.

The secret stands in `Authorization: Bearer ...` (Currents), or as `token` in the address that Braze was given (the
postback takes nothing else). It says who calls, not that nobody changed the body on the way: that is for TLS.
https://www.braze.com/docs/user_guide/data/distribution/braze_currents/event_glossary/message_engagement_events
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from lettermill.services.gateway.json_text import items, members, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.segment_events import instant
from lettermill.services.gateway.webhooks.provider import (
    BOUNCED,
    CLICKED,
    DEFERRED,
    DELIVERED,
    DROPPED,
    NO_MORE_MAIL,
    OPENED,
    SENT,
    SPAM,
    UNSUBSCRIBED,
    Call,
    Report,
    at_seconds,
    fields,
    forged,
    lasting_id,
)

EMAIL = "users.messages.email."
NAMES = {
    "Send": SENT,
    "Delivery": DELIVERED,
    "Deferral": DEFERRED,
    "Retry": DEFERRED,
    "Open": OPENED,
    "Click": CLICKED,
    "Bounce": BOUNCED,
    "SoftBounce": BOUNCED,
    "MarkAsSpam": SPAM,
    "Unsubscribe": UNSUBSCRIBED,
    "Abort": DROPPED,
}
POSTBACK = {"sent": SENT, "delivered": DELIVERED, "bounced": BOUNCED, "aborted": DROPPED}
"""The statuses of a transactional mail; `processed` lies between sent and delivered and says nothing of its own."""


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:  # noqa: ARG001 (nothing says how old a call is)
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    given = [bearer] if scheme.lower() == "bearer" else parse_qs(urlsplit(call.url).query).get("token", [])
    if not any(hmac.compare_digest(key.strip(), each.encode()) for key in keys for each in given[:1]):
        raise forged()


def reports(call: Call, *, max_depth: int) -> list[Report]:
    document = parsed(call.body, max_depth=max_depth)
    if isinstance(document, dict) and "status" in document and "metadata" in document:
        return [_postback(document, call.body)]
    events, text = document, call.body
    if isinstance(document, dict):
        events = document.get("events")
        text = {name: value for name, _, value in members(call.body)}.get("events", b"")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Refusal(400, "no_batch", "the body has no list of events")
    return list(_currents(events, list(items(text))))


def _currents(events: Sequence[Mapping[str, Any]], raws: Sequence[bytes]) -> Iterator[Report]:
    for event, raw in zip(events, raws, strict=True):
        flat = {**event, **fields(event.get("user")), **fields(event.get("properties"))}
        type_ = str(event.get("event_type") or event.get("name") or "")
        kind = type_.removeprefix(EMAIL)
        found = {
            "email_id": _extras(flat).get("message_id"),
            "campaign_id": flat.get("campaign_name"),
            "email": flat.get("email_address"),
            "reference": flat.get("dispatch_id"),
            "provider_event_id": event.get("id"),
            "link_url": flat.get("url"),
            "user_agent": flat.get("user_agent"),
            "by_machine": flat.get("machine_open"),
        }
        if kind == "Unsubscribe":
            found |= NO_MORE_MAIL
        if NAMES.get(kind) == BOUNCED:
            found["bounce_type"] = "soft" if kind == "SoftBounce" else "hard"
        name = NAMES.get(kind, type_) if type_.startswith(EMAIL) else type_
        event_id = str(event.get("id") or "") or lasting_id(type_, raw)
        yield Report(name, event_id, raw, at_seconds(flat.get("time")), found)


def _extras(flat: Mapping[str, Any]) -> dict[str, Any]:
    """What a campaign's `message_extras` tag put on record: JSON in a text."""
    told = flat.get("message_extras")
    try:
        return fields(orjson.loads(told)) if isinstance(told, str) else fields(told)
    except orjson.JSONDecodeError:
        return {}


def _postback(document: Mapping[str, Any], raw: bytes) -> Report:
    status, about = str(document["status"]), fields(document["metadata"])
    found = {
        "email_id": about.get("external_send_id"),
        "campaign_id": about.get("campaign_api_id"),
        "reference": document.get("dispatch_id"),
        "reason": about.get("reason"),
    }
    if status == "bounced":
        found["bounce_type"] = "hard"
    event_id = lasting_id(document.get("dispatch_id"), status)
    return Report(POSTBACK.get(status, f"Email {status.title()}"), event_id, raw, _at(about, status), found)


def _at(about: Mapping[str, Any], status: str) -> datetime | None:
    return instant(about.get(f"{status}_at"))
