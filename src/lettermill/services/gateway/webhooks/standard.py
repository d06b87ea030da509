"""Standard Webhooks, https://www.standardwebhooks.com: HMAC-SHA256 over id, timestamp and body.

Resend, Svix and others sign so, some with headers `svix-...` instead of `webhook-...`.
"""

import base64
import binascii
import hmac
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from lettermill.services.gateway.json_text import items, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.segment_events import instant
from lettermill.services.gateway.webhooks.provider import (
    BOUNCED,
    CLICKED,
    DEFERRED,
    DELIVERED,
    NO_MORE_MAIL,
    OPENED,
    SENT,
    SPAM,
    UNSUBSCRIBED,
    Call,
    Report,
    check_age,
    fields,
    forged,
)

NAMES = {
    "email.sent": SENT,
    "email.delivered": DELIVERED,
    "email.delivery_delayed": DEFERRED,
    "email.bounced": BOUNCED,
    "email.complained": SPAM,
    "email.opened": OPENED,
    "email.clicked": CLICKED,
    "email.unsubscribed": UNSUBSCRIBED,
}
"""Types that are known from providers of mail; another type is its event's name as it stands."""
SECRET_PREFIX = b"whsec_"


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:
    name, told, signatures = (_header(call, part) for part in ("id", "timestamp", "signature"))
    if not (name and told and signatures):
        raise forged()
    signed = f"{name}.{told}.".encode() + call.body
    ours = [b"v1," + base64.b64encode(hmac.new(secret_of(key), signed, sha256).digest()) for key in keys]
    if not any(hmac.compare_digest(mine, each.encode()) for mine in ours for each in signatures.split()):
        raise forged()
    check_age(told, received_at=call.received_at, window=window)


def reports(call: Call, *, max_depth: int) -> list[Report]:
    document = parsed(call.body, max_depth=max_depth)
    events = document if isinstance(document, list) else [document]
    raws = list(items(call.body)) if isinstance(document, list) else [call.body]
    return list(_reports(events, raws, call_id=_header(call, "id")))


def secret_of(key: bytes) -> bytes:
    """The bytes of a secret `whsec_<base64>`, with or without prefix and padding. One that is none, or empty, signs
    nothing: anybody could sign with it."""
    text = key.strip().removeprefix(SECRET_PREFIX)
    try:
        secret = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise forged() from None
    if not secret:
        raise forged()
    return secret


def _reports(events: Sequence[Any], raws: Sequence[bytes], *, call_id: str) -> Iterator[Report]:
    for place, (event, raw) in enumerate(zip(events, raws, strict=True)):
        if not isinstance(event, dict):
            raise Refusal(400, "no_object", "an event of the call is no JSON object")
        kind = str(event.get("type") or "")
        name = NAMES.get(kind, kind)
        at = instant(event.get("timestamp")) or instant(event.get("created_at"))
        event_id = call_id if len(events) == 1 else f"{call_id}/{place}"
        yield Report(name, event_id, raw, at, _properties(event.get("data"), name))


def _properties(data: Any, name: str) -> dict[str, Any]:
    told = fields(data)
    tags = fields(told.get("tags"))
    to = told.get("to")
    found = {
        "email_id": told.get("message_id") or tags.get("message_id"),
        "campaign_id": tags.get("campaign"),
        "email": to[0] if isinstance(to, list) and len(to) == 1 else to if isinstance(to, str) else None,
        "reference": told.get("email_id"),
    }
    if name == UNSUBSCRIBED:
        found |= NO_MORE_MAIL
    if name == BOUNCED:
        kind = str(fields(told.get("bounce")).get("type", ""))
        found["bounce_type"] = "soft" if kind.lower() in ("transient", "temporary") else "hard"
    if name == CLICKED:
        click = fields(told.get("click"))
        found |= {"link_url": click.get("link"), "user_agent": click.get("userAgent")}
    return found


def _header(call: Call, part: str) -> str:
    return call.headers.get(f"webhook-{part}") or call.headers.get(f"svix-{part}") or ""
