"""Amazon SES through SNS: RSA by a certificate of SNS over the parts of a notification, one event each.

SNS signs for every customer alike, so a key of conf names the topic that is believed: its ARN. Certificates come from
SNS's own hosts alone; a key that is a PEM certificate is one handed in, and then none is fetched.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from lettermill.services.gateway.json_text import parsed
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
    PREFERENCES,
    SENT,
    SPAM,
    UNSUBSCRIBED,
    Call,
    Challenge,
    Report,
    check_lately,
    fields,
    forged,
    lasting_id,
)

SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""What of a message is signed, by its type, in this order; a part that is not there is left out."""
HASHES = {"1": SHA1(), "2": SHA256()}
HOST = r"https://sns\.(?P<region>[a-z0-9-]{1,32})\.amazonaws\.com(?:\.cn)?/"
CERTIFICATE = re.compile(HOST + r"SimpleNotificationService-[0-9a-f]{32}\.pem")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:(?P<region>[a-z0-9-]{1,32}):\d{12}:[A-Za-z0-9_-]{1,256}")
TOKEN = re.compile(r"[0-9A-Fa-f]{1,1000}")
PEM = b"-----BEGIN CERTIFICATE-----"
NAMES = {
    "Send": SENT,
    "Delivery": DELIVERED,
    "DeliveryDelay": DEFERRED,
    "Open": OPENED,
    "Click": CLICKED,
    "Bounce": BOUNCED,
    "Complaint": SPAM,
    "Reject": DROPPED,
    "Rendering Failure": DROPPED,
}
PART = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
STATES = {"optin": "granted", "optout": "denied"}
RECIPIENTS = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")


def verify(call: Call, *, keys: Sequence[bytes], window: int) -> None:
    _verified(call, keys, window)


def challenge(call: Call, keys: Sequence[bytes], window: int) -> Challenge | None:
    """A topic asks whether we want its messages: signed as they are, and answered by whoever made the subscription."""
    if call.headers.get("x-amz-sns-message-type", "Notification") == "Notification":
        return None
    told = _verified(call, keys, window)
    topic, token = told["TopicArn"], str(told.get("Token"))
    if told["Type"] == "Notification":  # the header is not signed, the type is
        return None
    if told["Type"] == "UnsubscribeConfirmation" or not TOKEN.fullmatch(token):
        return Challenge(f"{topic} says that it will send nothing more here")
    return Challenge(
        f"if you have subscribed us, run: aws sns confirm-subscription --topic-arn {topic} --token {token}"
    )


def reports(call: Call, *, max_depth: int) -> list[Report]:
    envelope = fields(parsed(call.body, max_depth=max_depth))
    message = envelope.get("Message")
    if envelope.get("Type") != "Notification" or not isinstance(message, str):
        raise Refusal(400, "no_notification", "the body is no notification")
    raw = message.encode()
    if not raw.startswith(b"{"):
        return []  # what SES writes, once, when an event destination is set up: a sentence
    event = parsed(raw, max_depth=max_depth)
    return list(_reports(fields(event), raw, sns_id=envelope.get("MessageId")))


def _verified(call: Call, keys: Sequence[bytes], window: int) -> dict[str, Any]:
    try:
        told = fields(orjson.loads(call.body))
    except orjson.JSONDecodeError:
        raise forged() from None
    names, hashed = SIGNED.get(str(told.get("Type"))), HASHES.get(str(told.get("SignatureVersion")))
    topic = TOPIC.fullmatch(str(told.get("TopicArn")))
    topics = [key.strip().decode(errors="replace") for key in keys if not key.strip().startswith(PEM)]
    if names is None or hashed is None or topic is None or topic[0] not in topics:
        raise forged()
    if not all(isinstance(told[name], str) for name in names if name in told):
        raise forged()
    signed = "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()
    signature = _exact(str(told.get("Signature")))
    certificates = [key for key in keys if key.strip().startswith(PEM)]
    for pem in certificates or [_fetched(call, str(told.get("SigningCertURL")), region=topic["region"])]:
        try:
            _public(pem).verify(signature, signed, PKCS1v15(), hashed)
        except InvalidSignature:
            continue
        at = instant(told.get("Timestamp"))
        check_lately(at.timestamp() if at else 0, received_at=call.received_at, window=window)
        return told
    raise forged()


def _exact(given: str) -> bytes:
    try:
        signature = base64.b64decode(given, validate=True)
    except ValueError:
        raise forged() from None
    if base64.b64encode(signature).decode() != given:  # bits that say nothing may not be changed either
        raise forged()
    return signature


def _fetched(call: Call, url: str, *, region: str) -> bytes:
    place = CERTIFICATE.fullmatch(url)
    if place is None or place["region"] != region:
        raise forged()
    return call.certificate(url)


def _public(pem: bytes) -> RSAPublicKey:
    try:
        key = load_pem_x509_certificate(pem).public_key()
    except ValueError:
        raise forged() from None
    if not isinstance(key, RSAPublicKey):
        raise forged()
    return key


def _reports(event: Mapping[str, Any], raw: bytes, *, sns_id: Any) -> Iterator[Report]:
    kind = str(event.get("eventType") or event.get("notificationType") or "")
    mail, about = fields(event.get("mail")), fields(event.get(PART.get(kind, kind.lower())))
    tags = fields(mail.get("tags"))
    told = about.get("timestamp") or mail.get("timestamp")
    addresses = _recipients(about) or _recipients({"recipients": mail.get("destination")}) or [None]
    for address, (name, words) in product(addresses, _words(kind, about)):
        found = {
            "email_id": _first(tags.get("message_id")),
            "campaign_id": _first(tags.get("campaign")),
            "email": address,
            "reference": mail.get("messageId"),
            "provider_event_id": sns_id,
            "link_url": about.get("link"),
            "user_agent": about.get("userAgent"),
        }
        event_id = lasting_id(mail.get("messageId"), kind, address, told, about.get("link"), words.get("topic"))
        yield Report(name, event_id, raw, instant(told), found | words)


def _words(kind: str, about: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Our names for an event, with the properties that belong to each: one, but for a choice of several topics."""
    if kind == "Bounce":
        return [(BOUNCED, {"bounce_type": "hard" if about.get("bounceType") == "Permanent" else "soft"})]
    if kind == "Complaint" and about.get("complaintFeedbackType") == "not-spam":
        return [("Email Marked as Not Spam", {})]
    if kind == "Subscription":
        return list(_choices(fields(about.get("newTopicPreferences"))))
    return [(NAMES.get(kind, kind), {})]


def _choices(chosen: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a reader chose on the page of SES's own list management."""
    if chosen.get("unsubscribeAll"):
        yield UNSUBSCRIBED, dict(NO_MORE_MAIL)
        return
    topics = chosen.get("topicSubscriptionStatus")
    for topic in map(fields, topics if isinstance(topics, list) else []):
        state = STATES.get(str(topic.get("subscriptionStatus")).lower())
        if state:
            yield PREFERENCES, {**NO_MORE_MAIL, "topic": topic.get("topicName"), "state": state}


def _recipients(about: Mapping[str, Any]) -> list[Any]:
    listed: list[Any] = next((about[name] for name in RECIPIENTS if isinstance(about.get(name), list)), [])
    return [fields(one).get("emailAddress") if isinstance(one, dict) else one for one in listed]


def _first(told: Any) -> Any:
    return told[0] if isinstance(told, list) and told else told
