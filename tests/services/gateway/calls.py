"""Calls as each provider of mail makes them, signed by code of our own: for tests and for the figures."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHSEC = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENDGRID = ec.derive_private_key(7, ec.SECP256R1())
SENDGRID_PUBLIC = base64.b64encode(SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
SECRET = b"c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = f"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{'0a' * 16}.pem"
PUBLIC_URL = "https://events.shop.example/webhooks/hubspot"

Headers = dict[str, str]


@dataclass(frozen=True)
class Signer:
    """How one provider calls: `event` stands for what it reports, `call` signs events at an instant.

    `signature` and `time` name what carries them: a header, or a part of the body; None where there is none.
    """

    event: Any
    call: Callable[[list[Any], datetime], tuple[bytes, Headers]]
    keys: tuple[bytes, ...]
    signature: str
    time: str | None = None
    url: str | None = None


def standard(events: list[Any], at: datetime, *, key: bytes = WHSEC, id_: str = "msg_1") -> tuple[bytes, Headers]:
    body, told = json.dumps(events[0]).encode(), str(int(at.timestamp()))
    secret = base64.b64decode(key.removeprefix(b"whsec_"))
    signature = hmac.new(secret, f"{id_}.{told}.".encode() + body, sha256).digest()
    signed = "v1," + base64.b64encode(signature).decode()
    return body, {"webhook-id": id_, "webhook-timestamp": told, "webhook-signature": signed}


def sendgrid(events: list[Any], at: datetime) -> tuple[bytes, Headers]:
    body, told = json.dumps(events).encode(), str(int(at.timestamp()))
    signature = base64.b64encode(SENDGRID.sign(told.encode() + body, ec.ECDSA(SHA256()))).decode()
    name = "X-Twilio-Email-Event-Webhook"
    return body, {f"{name}-Signature": signature, f"{name}-Timestamp": told}


def braze(events: list[Any], _: datetime) -> tuple[bytes, Headers]:
    return json.dumps({"events": events}).encode(), {"Authorization": f"Bearer {SECRET.decode()}"}


def sfmc(events: list[Any], _: datetime) -> tuple[bytes, Headers]:
    body = json.dumps(events).encode()
    return body, {"x-sfmc-ens-signature": base64.b64encode(hmac.digest(SECRET, body, "sha256")).decode()}


def hubspot(events: list[Any], at: datetime, *, url: str = PUBLIC_URL) -> tuple[bytes, Headers]:
    body, told = json.dumps(events).encode(), str(int(at.timestamp() * 1000))
    signed = hmac.digest(SECRET, f"POST{url}".encode() + body + told.encode(), "sha256")
    return body, {
        "X-HubSpot-Signature-v3": base64.b64encode(signed).decode(),
        "X-HubSpot-Request-Timestamp": told,
    }


def klaviyo(events: list[Any], at: datetime) -> tuple[bytes, Headers]:
    body, told = json.dumps({"data": events, "meta": {"version": 1}}).encode(), format_datetime(at, usegmt=True)
    signature = hmac.digest(SECRET, body + told.encode(), "sha256").hex()
    return body, {"Klaviyo-Signature": signature, "Klaviyo-Timestamp": told}


def ses(events: list[Any], at: datetime, *, version: str = "2", **parts: str) -> tuple[bytes, Headers]:
    """A notification of SNS; `parts` change it before it is signed."""
    told = {
        "Type": "Notification", "MessageId": "sns-1", "TopicArn": TOPIC, "Message": json.dumps(events[0]),
        "Timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL, **parts,
    }  # fmt: skip
    names = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()
    hashed = {"1": SHA1(), "2": SHA256()}[version]
    signature = base64.b64encode(_sns()[0].sign(signed, PKCS1v15(), hashed)).decode()
    return json.dumps(told | {"Signature": signature}, indent=2).encode(), {"x-amz-sns-message-type": told["Type"]}


@cache
def _sns() -> tuple[rsa.RSAPrivateKey, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + timedelta(days=365))
        .sign(key, SHA256())
    )
    return key, certificate.public_bytes(Encoding.PEM)


def certificate(url: str) -> bytes:
    """What SNS's own host would answer."""
    assert url == CERTIFICATE_URL
    return _sns()[1]


AT = int(NOW.timestamp())
SIGNERS = {
    "resend": Signer(
        {"type": "email.bounced", "timestamp": "2026-05-01T11:59:00Z",
         "data": {"message_id": "m1", "bounce": {"type": "Permanent"}}},
        standard, (WHSEC, b"bmV4dCBrZXk"), "webhook-signature", "webhook-timestamp",
    ),
    "sendgrid": Signer(
        {"event": "open", "email": "ada@x.example", "message_id": "m1", "sg_message_id": "s.1", "timestamp": AT - 60},
        sendgrid, (b"no key", SENDGRID_PUBLIC), "X-Twilio-Email-Event-Webhook-Signature",
        "X-Twilio-Email-Event-Webhook-Timestamp",
    ),
    "braze": Signer(
        {"id": "b-1", "event_type": "users.messages.email.Open", "time": AT - 60,
         "user": {"external_user_id": "p1"}, "properties": {"email_address": "ada@x.example", "dispatch_id": "d1"}},
        braze, (b"another", SECRET), "Authorization",
    ),
    "sfmc": Signer(
        {"eventCategoryType": "EngagementEvents.EmailOpen", "timestampUTC": (AT - 60) * 1000,
         "composite": {"jobId": "1", "batchId": "2", "listId": "3", "subscriberId": "4", "emailId": "5"},
         "info": {"messageKey": "m1", "to": "ada@x.example"}},
        sfmc, (b"another", SECRET), "x-sfmc-ens-signature",
    ),
    "hubspot": Signer(
        {"eventId": 1, "subscriptionId": 2, "portalId": 3, "occurredAt": (AT - 60) * 1000, "attemptNumber": 0,
         "subscriptionType": "contact.propertyChange", "objectId": 17, "propertyName": "hs_email_optout",
         "propertyValue": "true"},
        hubspot, (b"another", SECRET), "X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp", PUBLIC_URL,
    ),
    "klaviyo": Signer(
        {"external_id": "k-1", "topic": "event:klaviyo.opened_email",
         "payload": {"data": {"type": "event", "attributes": {
             "datetime": "2026-05-01T11:59:00+00:00", "event_properties": {"message_id": "m1"}}},
             "included": [{"type": "profile", "attributes": {"email": "ada@x.example"}}]}},
        klaviyo, (b"another", SECRET), "Klaviyo-Signature", "Klaviyo-Timestamp",
    ),
    "ses": Signer(
        {"eventType": "Open", "mail": {"messageId": "ses-1", "destination": ["ada@x.example"],
         "tags": {"message_id": ["m1"], "campaign": ["weekly"]}},
         "open": {"timestamp": "2026-05-01T11:59:00.000Z", "userAgent": "Mozilla/5.0"}},
        ses, (b"arn:aws:sns:eu-west-1:123456789012:another", TOPIC.encode()), "Signature", "Timestamp",
    ),
}  # fmt: skip
