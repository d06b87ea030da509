"""HubSpot, signature version 3: HMAC-SHA256 over method, address, body and time.

HubSpot's webhooks tell of contacts, not of mails: an opt-out is an event here, an open is not. A contact is named by
the number it has there, as in the pulled source `hubspot_contacts`.
https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lettermill.services.gateway.json_text import items, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.webhooks.provider import (
    NO_MORE_MAIL,
    UNSUBSCRIBED,
    Call,
    Report,
    at_millis,
    check_lately,
    forged,
    is_signed,
    lasting_id,
)

SIGNATURE, TIMESTAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
"""What HubSpot decodes in the address before it signs; every other escape stays as it is."""
OPT_OUT = "hs_email_optout"
RECORDS = "hubspot_contacts"


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:
    told = call.headers.get(TIMESTAMP, "")
    if not (told.isascii() and told.isdecimal() and len(told) <= 15):
        raise forged()
    address = DECODED.sub(lambda found: chr(int(found[0][1:], 16)), call.url)
    signed = f"{call.method}{address}".encode() + call.body + told.encode()
    if not is_signed(call.headers.get(SIGNATURE, ""), signed=signed, keys=keys, written=base64.b64encode):
        raise forged()
    check_lately(int(told) / 1000, received_at=call.received_at, window=window)


def reports(call: Call, *, max_depth: int) -> list[Report]:
    events = parsed(call.body, max_depth=max_depth)
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Refusal(400, "no_batch", "the body is no list of events")
    return [_report(event, raw) for event, raw in zip(events, items(call.body), strict=True)]


def _report(event: Mapping[str, Any], raw: bytes) -> Report:
    kind, property_, value = (event.get(name) for name in ("subscriptionType", "propertyName", "propertyValue"))
    at = event.get("occurredAt")
    # The attempt is left out: it counts how often one event was told.
    stays = [event.get(name) for name in ("portalId", "subscriptionId", "eventId", "objectId")]
    event_id = lasting_id(*stays, kind, property_, value, at)
    found: dict[str, Any] = {"provider_event_id": _text(event.get("eventId"))}
    if str(kind).startswith("contact.") and event.get("objectId") is not None:
        found["record"] = f"{RECORDS}/{event['objectId']}"
    if property_ == OPT_OUT and str(value).lower() == "true":
        return Report(UNSUBSCRIBED, event_id, raw, at_millis(at), found | NO_MORE_MAIL)
    # An opt-out that is taken back there may be an import's or a colleague's doing: it is nobody's own word.
    return Report(f"Hubspot {kind}", event_id, raw, at_millis(at), found)


def _text(told: Any) -> str | None:
    return None if told is None else str(told)
