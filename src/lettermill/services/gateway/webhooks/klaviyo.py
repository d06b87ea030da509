"""Klaviyo's system webhooks: HMAC-SHA256 in hex over body and time, many events per call.

A flow's own webhook is not signed, and so not taken.
https://developers.klaviyo.com/en/docs/working_with_system_webhooks
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lettermill.http_times import moment_in
from lettermill.services.gateway.json_text import items, members, parsed
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.segment_events import instant
from lettermill.services.gateway.webhooks.provider import (
    BOUNCED,
    CLICKED,
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
    check_lately,
    fields,
    forged,
    is_signed,
    lasting_id,
)

SIGNATURE, TIMESTAMP = "klaviyo-signature", "klaviyo-timestamp"
TOPIC = "event:klaviyo."
NAMES = {
    "email_sent": SENT,
    "received_email": DELIVERED,
    "email_delivered": DELIVERED,
    "opened_email": OPENED,
    "clicked_email": CLICKED,
    "bounced_email": BOUNCED,
    "dropped_email": DROPPED,
    "marked_email_as_spam": SPAM,
    "unsubscribed_from_email_marketing": UNSUBSCRIBED,
    "unsubscribed": UNSUBSCRIBED,
}
MACHINE = ("machine_open", "Machine Open", "Apple Privacy Open")


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:
    told, given = call.headers.get(TIMESTAMP, ""), call.headers.get(SIGNATURE, "")
    written = lambda digest: digest.hex().encode()  # noqa: E731
    if not is_signed(given, signed=call.body + told.encode(), keys=keys, written=written):
        raise forged()
    at = moment_in(told)
    if at is None:
        raise forged()
    check_lately(at, received_at=call.received_at, window=window)


def reports(call: Call, *, max_depth: int) -> list[Report]:
    events = fields(parsed(call.body, max_depth=max_depth)).get("data")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise Refusal(400, "no_batch", "the body has no list `data` of events")
    text = {name: value for name, _, value in members(call.body)}["data"]
    return list(_reports(events, list(items(text))))


def _reports(events: Sequence[Mapping[str, Any]], raws: Sequence[bytes]) -> Iterator[Report]:
    for event, raw in zip(events, raws, strict=True):
        topic = str(event.get("topic") or "")
        name = NAMES.get(topic.removeprefix(TOPIC), topic)
        payload = fields(event.get("payload"))
        about = fields(fields(payload.get("data") or payload).get("attributes"))
        told = fields(about.get("event_properties"))
        found = {
            "email_id": told.get("message_id"),
            "email": _address(payload, told),
            "provider_event_id": event.get("external_id"),
            "link_url": told.get("URL"),
            "by_machine": next((told[one] for one in MACHINE if one in told), None),
        }
        if name == UNSUBSCRIBED:
            found |= NO_MORE_MAIL
        if name == BOUNCED:
            found["bounce_type"] = "soft" if "soft" in str(told.get("Bounce Type", "")).lower() else "hard"
        at = instant(about.get("datetime")) or at_seconds(about.get("timestamp"))
        yield Report(name, str(event.get("external_id") or "") or lasting_id(topic, raw), raw, at, found)


def _address(payload: Mapping[str, Any], told: Mapping[str, Any]) -> str | None:
    """The address of the profile that the event includes, or that it names itself."""
    included = payload.get("included")
    for each in included if isinstance(included, list) else []:
        if address := fields(fields(each).get("attributes")).get("email"):
            return str(address)
    return told.get("Recipient Email Address")
