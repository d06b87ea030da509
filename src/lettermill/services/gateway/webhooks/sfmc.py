"""Salesforce Marketing Cloud's Event Notification Service: HMAC-SHA256 over the body, many events per call.

Nothing says when a call was signed, and it may be told again for days: its id, made of what stays, makes it one event.
Whether the key that Marketing Cloud shows is text or the base64 of bytes, its pages tell differently; both are taken.
https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/ens-get-started.html
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from lettermill.services.gateway.json_text import items, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.webhooks.provider import (
    BOUNCED,
    CLICKED,
    DROPPED,
    NO_MORE_MAIL,
    OPENED,
    SENT,
    UNSUBSCRIBED,
    Call,
    Challenge,
    Report,
    at_millis,
    fields,
    forged,
    is_signed,
    lasting_id,
)

SIGNATURE = "x-sfmc-ens-signature"
NAMES = {
    "TransactionalSendEvents.EmailSent": SENT,
    "TransactionalSendEvents.EmailNotSent": DROPPED,
    "TransactionalSendEvents.EmailBounced": BOUNCED,
    "EngagementEvents.EmailOpen": OPENED,
    "EngagementEvents.EmailClick": CLICKED,
    "EngagementEvents.EmailUnsubscribe": UNSUBSCRIBED,
}
CHALLENGED = {"callbackId", "verificationKey"}
PLAIN = re.compile(r"[A-Za-z0-9+/=_-]{1,200}")


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:  # noqa: ARG001 (nothing says how old a call is)
    given = call.headers.get(SIGNATURE, "")
    if not is_signed(given, signed=call.body, keys=[*keys, *_decoded(keys)], written=base64.b64encode):
        raise forged()


def challenge(call: Call, keys: Sequence[bytes], window: int) -> Challenge | None:  # noqa: ARG001
    """The first call of all, which nobody can have signed yet: it is answered by a call of ours, with our token."""
    try:
        told = fields(orjson.loads(call.body)) if len(call.body) < 2_000 else {}
    except orjson.JSONDecodeError:
        return None
    if {*told} != CHALLENGED or not all(isinstance(each, str) and PLAIN.fullmatch(each) for each in told.values()):
        return None
    return Challenge(
        f"if you have just created this callback, POST {orjson.dumps(told).decode()} to /platform/v1/ens-verify"
    )


def reports(call: Call, *, max_depth: int) -> list[Report]:
    events = parsed(call.body, max_depth=max_depth)
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Refusal(400, "no_batch", "the body is no list of events")
    return [_report(event, raw) for event, raw in zip(events, items(call.body), strict=True)]


def _report(event: Mapping[str, Any], raw: bytes) -> Report:
    type_, at = str(event.get("eventCategoryType") or ""), event.get("timestampUTC")
    info, composite = fields(event.get("info")), fields(event.get("composite"))
    name = NAMES.get(type_, type_)
    link = info.get("url") or info.get("link")
    stays = [composite.get(part) for part in ("jobId", "batchId", "listId", "subscriberId", "emailId")]
    found = {
        "email_id": info.get("messageKey"),
        "email": info.get("to"),
        "link_url": link,
        "reason": info.get("reason"),
        "user_agent": info.get("userAgent"),
    }
    if name == UNSUBSCRIBED:
        found |= NO_MORE_MAIL
    if name == BOUNCED:
        told = str(info.get("bounceType") or info.get("bounceCategory") or "hard").lower()
        found["bounce_type"] = "hard" if "hard" in told else "soft"
    return Report(name, lasting_id(type_, *stays, info.get("messageKey"), at, link), raw, at_millis(at), found)


def _decoded(keys: Sequence[bytes]) -> Iterator[bytes]:
    for key in keys:
        try:
            yield base64.b64decode(key.strip(), validate=True)
        except binascii.Error:
            continue
