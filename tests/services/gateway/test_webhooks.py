"""Webhooks: believed when a known key signed these very bytes lately, and one event stays one however often it is told."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given as law
from hypothesis import strategies as st

from lettermill.errors import ConfigError
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.webhooks import sendgrid, standard
from lettermill.services.gateway.webhooks.provider import Call, provider_named
from lettermill.webhook_signing import signed_headers, signing_key
from tests.services.gateway.calls import NOW, SENDGRID, SIGNERS, certificate
from tests.services.gateway.conftest import PROVIDERS

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
AT = int(NOW.timestamp())
BOUNCE = b'{"type": "email.bounced", "timestamp": "2026-05-01T11:59:00Z", "data": {"message_id": "m1", "bounce": {"type": "Permanent"}}}'


def standard_headers(body, *, at=AT, key=b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id_="msg_1"):
    signature = hmac.new(base64.b64decode(key), f"{id_}.{at}.".encode() + body, sha256).digest()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }


def sendgrid_headers(body, *, at=AT):
    signature = SENDGRID.sign(str(at).encode() + body, ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(at),
    }


TIMED = [name for name, signer in SIGNERS.items() if signer.time]
BODY_SIGNED = [name for name in SIGNERS if name not in ("braze", "ses")]
"""Signed byte for byte. Braze signs nothing; of SNS's messages the parts are signed, however they are written."""


def call(caller, name, body, headers):
    return caller.client.post(f"/webhooks/{name}", content=body, headers=headers)


def test_a_standard_webhook_becomes_an_event_with_its_payload_as_it_came(caller):
    answer = call(caller, "resend", BOUNCE, standard_headers(BOUNCE))

    assert answer.status_code == 200
    assert caller.events("email") == [
        {
            "messageId": "standard:msg_1", "type": "track", "event": "Email Bounced",
            "timestamp": "2026-05-01T11:59:00.000Z", "receivedAt": "2026-05-01T12:00:00.000Z",
            "properties": {"email_id": "m1", "bounce_type": "hard"},
            "provider": "standard", "payload": json.loads(BOUNCE),
        }
    ]  # fmt: skip
    assert BOUNCE in caller.lines("email")[0]


def test_each_event_of_a_sendgrid_call_becomes_one_in_our_words(caller):
    mail = {
        "email": "ada@example.com",
        "sg_message_id": "s.1",
        "message_id": "m1",
        "campaign": "weekly",
        "timestamp": AT - 60,
    }
    told = [
        {"event": "delivered"}, {"event": "open"}, {"event": "click", "url": "https://shop.example/"},
        {"event": "bounce", "type": "blocked"}, {"event": "bounce", "type": "bounce", "status": "5.1.1"},
        {"event": "spamreport"}, {"event": "unsubscribe"}, {"event": "group_unsubscribe", "asm_group_id": 7},
        {"event": "group_resubscribe", "asm_group_id": 7}, {"event": "group_unsubscribe", "asm_group_id": 8},
        {"event": "account_status_change"},
    ]  # fmt: skip
    body = json.dumps([mail | each for each in told]).encode()

    assert call(caller, "sendgrid", body, sendgrid_headers(body)).status_code == 200

    names = ("bounce_type", "topic", "state", "link_url")
    kept = [(event["event"], *(event["properties"].get(name) for name in names)) for event in caller.events("email")]
    assert kept == [
        ("Email Delivered", None, None, None, None),
        ("Email Opened", None, None, None, None),
        ("Email Link Clicked", None, None, None, "https://shop.example/"),
        ("Email Bounced", "soft", None, None, None),
        ("Email Bounced", "hard", None, None, None),
        ("Email Marked as Spam", None, None, None, None),
        ("Unsubscribed", None, "all", "suppressed", None),
        ("Preferences Changed", None, "7", "denied", None),
        ("Preferences Changed", None, "7", "granted", None),
        ("Preferences Changed", None, "offers", "denied", None),
        ("account_status_change", None, None, None, None),
    ]
    assert {
        (e["properties"]["email_id"], e["properties"]["campaign_id"], e["timestamp"]) for e in caller.events("email")
    } == {("m1", "weekly", "2026-05-01T11:59:00.000Z")}


def test_an_event_told_again_has_the_id_it_had(caller):
    event = {"event": "open", "email": "a@example.com", "sg_message_id": "s", "timestamp": 5, "sg_event_id": "first"}
    for body in (json.dumps([event]).encode(), json.dumps([event | {"sg_event_id": "second"}]).encode()):
        call(caller, "sendgrid", body, sendgrid_headers(body))
    call(caller, "resend", BOUNCE, standard_headers(BOUNCE))
    call(caller, "resend", BOUNCE, standard_headers(BOUNCE, at=AT + 60))

    assert len(caller.events("email")) == 4
    assert len({event["messageId"] for event in caller.events("email")}) == 2


@pytest.mark.parametrize("name", SIGNERS)
def test_what_nobody_signed_is_refused(caller, name):
    signer = SIGNERS[name]
    body, good = signer.call([signer.event], NOW)
    other = next(each for each in SIGNERS.values() if each is not signer)
    in_header = signer.signature in good

    wrong = [(body, {}), (b"", {}), (b"{}", good), (b"", good)] if name != "braze" else [(body, {})]
    if in_header:
        cut = good[signer.signature][:-4]
        wrong += [(body, good | {signer.signature: text}) for text in ("", cut, cut + "AAAA", "v1,", "Bearer", "é")]
    wrong.append((body, other.call([other.event], NOW)[1]))
    for wrong_body, headers in wrong:
        answer = call(caller, name, wrong_body, {key: value.encode("latin-1") for key, value in headers.items()})
        if name == "ses" and wrong_body == body:
            continue  # its signature stands in the body
        assert (answer.status_code, answer.json()["cause"]) == (401, "forged")

    lines = len(caller.lines("email"))
    assert call(caller, name, body, good).status_code == 200
    assert len(caller.lines("email")) == lines + 1


@pytest.mark.parametrize("name", BODY_SIGNED)
def test_a_body_that_was_written_anew_is_refused(caller, name):
    signer = SIGNERS[name]
    body, good = signer.call([signer.event], NOW)
    again = json.dumps(json.loads(body), separators=(",", ":")).encode()

    assert [call(caller, name, each, good).status_code for each in (body + b" ", again, body)] == [401, 401, 200]


@pytest.mark.parametrize("name", TIMED)
def test_an_old_call_is_refused_and_one_that_is_ahead_of_time(caller, name):
    signer = SIGNERS[name]
    causes = []
    for seconds in (-301, 301, -299):
        body, headers = signer.call([signer.event], NOW + timedelta(seconds=seconds))
        causes.append(call(caller, name, body, headers).json().get("cause"))
    body, headers = signer.call([signer.event], NOW)
    if signer.time in headers:
        for told in ("hello", "9" * 40, "", "1e400"):
            causes.append(call(caller, name, body, headers | {signer.time: told}).json().get("cause"))

    assert causes[:3] == ["replayed", "replayed", None]
    assert {*causes[3:]} <= {"forged"}


def test_a_key_may_be_changed(caller):
    assert call(caller, "resend", BOUNCE, standard_headers(BOUNCE, key=b"bmV4dCBrZXk=")).status_code == 200


def test_several_signatures_may_stand_in_one_header(caller):
    good = standard_headers(BOUNCE)
    many = good | {"webhook-signature": f"v1,xxxx v2,yyyy {good['webhook-signature']}"}

    assert call(caller, "resend", BOUNCE, many).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"3", b"[" * 2000], ids=repr)
def test_a_signed_body_that_is_no_call_is_refused_with_a_reason(caller, body):
    for name, headers in (("resend", standard_headers), ("sendgrid", sendgrid_headers)):
        answer = call(caller, name, body, headers(body))
        assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


def test_a_webhook_that_is_not_declared_is_not_there(caller):
    assert call(caller, "mailchimp", b"{}", {}).status_code == 404


def test_a_provider_without_a_file_is_named():
    with pytest.raises(ConfigError, match="no webhook provider 'sendgird'"):
        provider_named("sendgird")


CARRIERS = [
    (name, carrier)
    for name, signer in SIGNERS.items()
    if name != "ses"
    for carrier in ("body" if name in BODY_SIGNED else None, signer.signature, signer.time)
    if carrier
]


@pytest.mark.parametrize(("name", "carrier"), CARRIERS)
@law(bit=st.integers(0))
def test_not_a_bit_can_be_changed(name, carrier, bit):
    signer, provider = SIGNERS[name], provider_named(PROVIDERS.get(name, name))
    body, headers = signer.call([signer.event], NOW)
    good = {key.lower(): value for key, value in headers.items()}
    as_it_was = Call(body, good, NOW, url=signer.url or "")
    provider.verify(as_it_was, keys=signer.keys, window=300)
    if carrier == "body":
        changed = replace(as_it_was, body=_flipped(body, bit))
    else:
        scheme, told = ("Bearer ", good["authorization"][7:]) if name == "braze" else ("", good[carrier.lower()])
        text = scheme + _flipped(told.encode("latin-1"), bit).decode("latin-1")
        changed = replace(as_it_was, headers=good | {carrier.lower(): text})
    with pytest.raises(Refusal) as refused:
        provider.verify(changed, keys=signer.keys, window=300)
    assert refused.value.status == 401


@law(bit=st.integers(0), part=st.sampled_from(["Message", "MessageId", "Timestamp", "TopicArn", "Signature", "Type"]))
def test_not_a_bit_of_what_sns_signs_can_be_changed(bit, part):
    signer, provider = SIGNERS["ses"], provider_named("ses")
    told = json.loads(signer.call([signer.event], NOW)[0])
    flipped = _flipped(told[part].encode(), bit % (8 * len(told[part])) // 8 * 8 + bit % 7)  # stays ASCII, so a text
    body = json.dumps(told | {part: flipped.decode()}).encode()

    with pytest.raises(Refusal) as refused:
        provider.verify(Call(body, {}, NOW, certificate=certificate), keys=signer.keys, window=300)
    assert refused.value.status == 401


def _flipped(text, bit):
    place = bit % (len(text) * 8)
    changed = bytearray(text)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no corpora on this machine")
def test_sendgrids_own_vector_is_taken_and_its_changed_ones_are_not():
    found = json.loads((CORPORA / "sendgrid-webhook" / "literals.json").read_text())[0]
    texts = {constant["name"].removeprefix("cls."): constant["value"] for constant in found["constants"]}
    key, signature, at = texts["PUBLIC_KEY"].encode(), texts["SIGNATURE"], texts["TIMESTAMP"]
    words = found["tests"][0]["strings"]
    event = dict(zip(words[4:10], words[11:17], strict=True)) | {"timestamp": 1600112492}
    body = json.dumps([event], sort_keys=True, separators=(",", ":")).encode() + b"\r\n"
    then = NOW.fromtimestamp(int(at), NOW.tzinfo)
    call_ = Call(body, {sendgrid.SIGNATURE: signature, sendgrid.TIMESTAMP: at}, then)

    sendgrid.verify(call_, keys=[key], window=300)
    for wrong in (Call(body + b" ", call_.headers, then), Call(body, {**call_.headers, sendgrid.TIMESTAMP: "1"}, then)):
        with pytest.raises(Refusal):
            sendgrid.verify(wrong, keys=[key], window=300)


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no corpora on this machine")
def test_the_vectors_of_standard_webhooks_are_taken_and_refused_as_its_own_library_does():
    texts = {one["name"]: one["value"] for one in _standard_vectors()["constants"] if one["name"] != "secret"}
    secrets = [one["value"] for one in _standard_vectors()["constants"] if one["name"] == "secret"]
    then = NOW.fromtimestamp(1614265330, NOW.tzinfo)  # the moment at which the suite signs its vector
    sent = {"webhook-id": texts["msg_id"], "webhook-timestamp": "1614265330", "webhook-signature": texts["expected"]}
    body, key = texts["payload"].encode(), texts["key"].encode()
    others = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

    assert signed_headers(body, key=signing_key(texts["key"], place=""), call_id=texts["msg_id"], at=1614265330) == sent
    for good in (sent, {name.replace("webhook-", "svix-"): value for name, value in sent.items()},
                 sent | {"webhook-signature": f"{others} {texts['expected']}"}):  # fmt: skip
        standard.verify(Call(body, good, then), keys=[key], window=300)
    for unpadded in secrets:
        signed = signed_headers(body, key=signing_key(unpadded, place=""), call_id="m", at=1614265330)
        for one in (unpadded, f"whsec_{unpadded}", unpadded + "=" * (-len(unpadded) % 4)):
            standard.verify(Call(body, signed, then), keys=[one.encode()], window=300)
    wrong = [{k: v for k, v in sent.items() if k != name} for name in sent]
    wrong += [sent | {"webhook-timestamp": texts["test_payload.header['webhook-timestamp']"]}]
    wrong += [sent | {"webhook-signature": texts["test_payload.header['webhook-signature']"]}]
    wrong += [sent | {"webhook-signature": others}]
    for bad, at in (
        *((one, then) for one in wrong),
        (sent, then + timedelta(seconds=301)),
        (sent, then - timedelta(seconds=301)),
    ):
        with pytest.raises(Refusal):
            standard.verify(Call(body, bad, at), keys=[key], window=300)


@pytest.mark.parametrize("secret", [b"", b"whsec_"])
def test_an_empty_secret_believes_nobody_not_even_who_signs_with_it(secret):
    signed = signed_headers(BOUNCE, key=b"", call_id="m", at=AT)

    with pytest.raises(Refusal):
        standard.verify(Call(BOUNCE, signed, NOW), keys=[secret], window=300)


def _standard_vectors():
    return json.loads((CORPORA / "standard-webhooks" / "literals.json").read_text())[0]
