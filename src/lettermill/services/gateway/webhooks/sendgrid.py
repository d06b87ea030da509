"""SendGrid's Event Webhook: ECDSA over timestamp and body, many events per call.

The key of conf is the public key that SendGrid shows, base64 of its DER. SendGrid's own event id changes when it tells
an event again, so ours is made of what stays: mail, event, address, time and link.
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import base64
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from lettermill.services.gateway.json_text import items, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.webhooks.provider import (
    BOUNCED,
    CLICKED,
    DEFERRED,
    DELIVERED,
    DROPPED,
    NO_MORE_MAIL,
    OPENED,
    PREFERENCES,
    SENT,
    SPAM,
    UNSUBSCRIBED,
    Call,
    Report,
    at_seconds,
    check_age,
    forged,
    lasting_id,
)

SIGNATURE, TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"
NAMES = {
    "processed": SENT,
    "deferred": DEFERRED,
    "delivered": DELIVERED,
    "bounce": BOUNCED,
    "dropped": DROPPED,
    "open": OPENED,
    "click": CLICKED,
    "spamreport": SPAM,
    "unsubscribe": UNSUBSCRIBED,
    "group_unsubscribe": PREFERENCES,
    "group_resubscribe": PREFERENCES,
}
GROUP_STATES = {"group_unsubscribe": "denied", "group_resubscribe": "granted"}


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:
    told = call.headers.get(TIMESTAMP, "")
    given = call.headers.get(SIGNATURE, "")
    try:
        signature = base64.b64decode(given, validate=True)
    except ValueError:
        raise forged() from None
    if base64.b64encode(signature).decode() != given:  # bits that say nothing may not be changed either
        raise forged()
    signed = told.encode() + call.body
    if not any(_fits(_public(key), signature, signed) for key in keys):
        raise forged()
    check_age(told, received_at=call.received_at, window=window)


def reports(call: Call, *, max_depth: int) -> list[Report]:
    events = parsed(call.body, max_depth=max_depth)
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Refusal(400, "no_batch", "the body is no list of events")
    return [_report(event, raw) for event, raw in zip(events, items(call.body), strict=True)]


def _report(event: dict[str, Any], raw: bytes) -> Report:
    kind = str(event.get("event") or "")
    stays = [
        event.get("sg_message_id") or event.get("smtp-id"),
        kind,
        event.get("email"),
        event.get("timestamp"),
        event.get("url"),
    ]
    at = at_seconds(event.get("timestamp"))
    return Report(NAMES.get(kind, kind), lasting_id(*stays), raw, at, _properties(event, kind))


def _properties(event: dict[str, Any], kind: str) -> dict[str, Any]:
    found = {
        "email_id": event.get("message_id"),  # a custom argument of ours
        "campaign_id": event.get("campaign"),
        "email": event.get("email"),
        "reference": str(event.get("sg_message_id") or "").partition(".")[0] or None,
        "provider_event_id": event.get("sg_event_id"),
        "link_url": event.get("url"),
        "reason": event.get("reason"),
        "by_machine": event.get("sg_machine_open"),
        "user_agent": event.get("useragent"),
    }
    if kind == "bounce":
        found["bounce_type"] = "soft" if event.get("type") == "blocked" else "hard"
    if kind == "unsubscribe":
        found |= NO_MORE_MAIL
    if kind in GROUP_STATES:
        found |= {**NO_MORE_MAIL, "topic": str(event.get("asm_group_id")), "state": GROUP_STATES[kind]}
    return found


def _public(key: bytes) -> EllipticCurvePublicKey | None:
    text = b"".join(line for line in key.split() if not line.startswith(b"-"))
    try:
        found = load_der_public_key(base64.b64decode(text))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, EllipticCurvePublicKey) else None


def _fits(key: EllipticCurvePublicKey | None, signature: bytes, signed: bytes) -> bool:
    if key is None:
        return False
    try:
        key.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
