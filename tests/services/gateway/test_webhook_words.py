"""What each provider reports, in our words; and what is its own: addresses that are signed, challenges, certificates."""

import base64
import hmac
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lettermill.services.gateway.certificates import Certificates
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.webhooks import braze, hubspot, klaviyo, ses, sfmc
from lettermill.services.gateway.webhooks.provider import Call
from tests.ingest.serving import served
from tests.services.gateway.calls import (
    CERTIFICATE_URL,
    NOW,
    PUBLIC_URL,
    SECRET,
    SIGNERS,
    TOPIC,
    certificate,
)
from tests.services.gateway.calls import hubspot as hubspot_call
from tests.services.gateway.calls import ses as sns_call
from tests.services.gateway.test_webhooks import call

WHEN = datetime(2026, 5, 1, 11, 59, tzinfo=UTC)
WORDS = ("bounce_type", "state", "topic", "link_url", "by_machine")


def reported(provider, name, *events):
    body, headers = SIGNERS[name].call(list(events), NOW)
    return provider.reports(Call(body, headers, NOW), max_depth=64)


def told(reports):
    return [(one.name, *(one.properties.get(word) for word in WORDS)) for one in reports]


def test_braze_tells_by_currents_in_our_words():
    mail = {"time": int(WHEN.timestamp()), "user": {"external_user_id": "p1"}}
    about = {"email_address": "ada@x.example", "dispatch_id": "d1", "message_extras": '{"message_id": "m1"}'}
    kinds = (
        ("Send", {}), ("Delivery", {}), ("Deferral", {}), ("Open", {"machine_open": True, "user_agent": "x"}),
        ("Click", {"url": "https://s.example/"}), ("Bounce", {}), ("SoftBounce", {}), ("MarkAsSpam", {}),
        ("Unsubscribe", {}), ("Abort", {}),
    )  # fmt: skip
    events = [
        mail | {"id": kind, "event_type": f"users.messages.email.{kind}", "properties": about | more}
        for kind, more in kinds
    ]
    other = {"id": "x", "event_type": "users.behaviors.CustomEvent", "properties": {}}

    reports = reported(braze, "braze", *events, other)

    assert told(reports) == [
        ("Email Sent", None, None, None, None, None),
        ("Email Delivered", None, None, None, None, None),
        ("Email Deferred", None, None, None, None, None),
        ("Email Opened", None, None, None, None, True),
        ("Email Link Clicked", None, None, None, "https://s.example/", None),
        ("Email Bounced", "hard", None, None, None, None),
        ("Email Bounced", "soft", None, None, None, None),
        ("Email Marked as Spam", None, None, None, None, None),
        ("Unsubscribed", None, "suppressed", "all", None, None),
        ("Email Dropped", None, None, None, None, None),
        ("users.behaviors.CustomEvent", None, None, None, None, None),
    ]
    assert [one.event_id for one in reports] == [kind for kind, _ in kinds] + ["x"]
    assert {(one.properties["email_id"], one.properties["email"], one.properties["reference"], one.occurred_at)
            for one in reports[:-1]} == {("m1", "ada@x.example", "d1", WHEN)}  # fmt: skip


def test_brazes_postback_names_the_message_by_the_id_that_it_was_sent_with(caller):
    at = {"sent_at": "2026-05-01T11:58:00.000+00:00", "bounced_at": "2026-05-01T11:59:00.000+00:00"}
    about = {"external_send_id": "m1", "campaign_api_id": "c1", "reason": "full", **at}
    body = json.dumps({"dispatch_id": "d1", "status": "bounced", "metadata": about}).encode()

    by_address = f"braze?token={SECRET.decode().replace('=', '%3D')}"
    assert call(caller, "braze?token=wrong", body, {}).status_code == 401
    assert call(caller, by_address, body, {}).status_code == 200

    (event,) = caller.events("email")
    assert (event["event"], event["timestamp"]) == ("Email Bounced", "2026-05-01T11:59:00.000Z")
    assert event["properties"] == {
        "email_id": "m1", "campaign_id": "c1", "reference": "d1", "reason": "full", "bounce_type": "hard",
    }  # fmt: skip


def test_marketing_clouds_events_in_our_words_and_by_an_id_of_what_stays():
    event = SIGNERS["sfmc"].event
    kinds = (
        ("TransactionalSendEvents.EmailSent", {}), ("TransactionalSendEvents.EmailNotSent", {}),
        ("TransactionalSendEvents.EmailBounced", {"bounceType": "Hard bounce"}),
        ("TransactionalSendEvents.EmailBounced", {"bounceType": "Soft bounce"}),
        ("EngagementEvents.EmailClick", {"url": "https://s.example/"}), ("EngagementEvents.EmailUnsubscribe", {}),
    )  # fmt: skip
    events = [event | {"eventCategoryType": kind, "info": event["info"] | info} for kind, info in kinds]

    reports = reported(sfmc, "sfmc", *events)

    assert told(reports) == [
        ("Email Sent", None, None, None, None, None),
        ("Email Dropped", None, None, None, None, None),
        ("Email Bounced", "hard", None, None, None, None),
        ("Email Bounced", "soft", None, None, None, None),
        ("Email Link Clicked", None, None, None, "https://s.example/", None),
        ("Unsubscribed", None, "suppressed", "all", None, None),
    ]
    again = reported(sfmc, "sfmc", *({**each, "compositeId": "another"} for each in events))
    assert [one.event_id for one in again] == [one.event_id for one in reports]
    assert (reports[0].properties["email_id"], reports[0].occurred_at) == ("m1", WHEN)


def test_the_key_of_marketing_cloud_may_be_text_or_base64(caller):
    body = b"[]"
    for key in (SECRET, base64.b64decode(SECRET)):
        signature = base64.b64encode(hmac.digest(key, body, "sha256")).decode()
        assert call(caller, "sfmc", body, {"x-sfmc-ens-signature": signature}).status_code == 200


def test_an_opt_out_at_hubspot_is_of_the_contact_and_an_attempt_is_no_other_event():
    event = SIGNERS["hubspot"].event
    events = (
        event,
        event | {"attemptNumber": 3},
        event | {"eventId": 2, "propertyValue": "false"},
        event | {"eventId": 3, "propertyName": "city"},
    )

    reports = reported(hubspot, "hubspot", *events)

    assert [(*one[:4], report.properties["record"]) for one, report in zip(told(reports), reports, strict=True)] == [
        ("Unsubscribed", None, "suppressed", "all", "hubspot_contacts/17"),
        ("Unsubscribed", None, "suppressed", "all", "hubspot_contacts/17"),
        ("Hubspot contact.propertyChange", None, None, None, "hubspot_contacts/17"),
        ("Hubspot contact.propertyChange", None, None, None, "hubspot_contacts/17"),
    ]
    assert len({one.event_id for one in reports}) == 3


@pytest.mark.parametrize(
    ("query", "signed"),
    [("", ""), ("?a=b%2Fc%40d%20e", "?a=b/c@d%20e"), ("?a=%3a%3F", "?a=:?")],
)
def test_hubspot_signs_the_public_address_with_some_escapes_decoded(caller, query, signed):
    body, headers = hubspot_call([SIGNERS["hubspot"].event], NOW, url=PUBLIC_URL + signed)

    assert call(caller, f"hubspot{query}", body, headers).status_code == 200
    assert call(caller, f"hubspot{query}&x=1" if query else "hubspot?x=1", body, headers).status_code == 401


def test_klaviyos_events_in_our_words():
    event = SIGNERS["klaviyo"].event
    kinds = (
        ("email_delivered", {}), ("opened_email", {"machine_open": True}), ("clicked_email", {"URL": "https://s.example/"}),
        ("bounced_email", {"Bounce Type": "Hard"}), ("bounced_email", {"Bounce Type": "Soft"}), ("dropped_email", {}),
        ("marked_email_as_spam", {}), ("unsubscribed_from_email_marketing", {}), ("placed_order", {}),
    )  # fmt: skip
    events = []
    for topic, more in kinds:
        each = json.loads(json.dumps(event)) | {"topic": f"event:klaviyo.{topic}"}
        each["payload"]["data"]["attributes"]["event_properties"] |= more
        events.append(each)

    reports = reported(klaviyo, "klaviyo", *events)

    assert told(reports) == [
        ("Email Delivered", None, None, None, None, None),
        ("Email Opened", None, None, None, None, True),
        ("Email Link Clicked", None, None, None, "https://s.example/", None),
        ("Email Bounced", "hard", None, None, None, None),
        ("Email Bounced", "soft", None, None, None, None),
        ("Email Dropped", None, None, None, None, None),
        ("Email Marked as Spam", None, None, None, None, None),
        ("Unsubscribed", None, "suppressed", "all", None, None),
        ("event:klaviyo.placed_order", None, None, None, None, None),
    ]
    assert {(one.properties["email_id"], one.properties["email"], one.occurred_at) for one in reports} == {
        ("m1", "ada@x.example", WHEN)
    }


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("Fri, 01 May 2026 12:00:00 GMT", None),
        ("Fri May  1 12:00:00 2026", None),
        ("Fri, 01 May 2026 11:00:00 GMT", "replayed"),
        (str(int(NOW.timestamp())), "forged"),
        ("soon", "forged"),
        ("", "forged"),
    ],
)
def test_klaviyo_says_when_it_signed_by_a_date_of_http_and_by_nothing_else(written, cause):
    signature = hmac.digest(SECRET, b"{}" + written.encode(), "sha256").hex()
    signed = Call(b"{}", {"klaviyo-signature": signature, "klaviyo-timestamp": written}, NOW)

    if cause is None:
        klaviyo.verify(signed, keys=[SECRET], window=300)
    else:
        with pytest.raises(Refusal) as refusal:
            klaviyo.verify(signed, keys=[SECRET], window=300)
        assert refusal.value.cause == cause


def ses_event(kind, part, about):
    mail = {"messageId": "ses-1", "destination": ["ada@x.example"], "tags": {"message_id": ["m1"]}}
    return {"eventType": kind, "mail": mail, part: {"timestamp": "2026-05-01T11:59:00.000Z", **about}}


SES_EVENTS = [
    (ses_event("Send", "send", {}), [("Email Sent", None, None, None, None)]),
    (ses_event("Delivery", "delivery", {"recipients": ["ada@x.example"]}), [("Email Delivered", None, None, None, None)]),
    (ses_event("DeliveryDelay", "deliveryDelay", {}), [("Email Deferred", None, None, None, None)]),
    (ses_event("Click", "click", {"link": "https://s.example/"}),
     [("Email Link Clicked", None, None, None, "https://s.example/")]),
    (ses_event("Bounce", "bounce", {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "ada@x.example"}]}),
     [("Email Bounced", "hard", None, None, None)]),
    (ses_event("Bounce", "bounce", {"bounceType": "Transient", "bouncedRecipients": [
        {"emailAddress": "ada@x.example"}, {"emailAddress": "ben@x.example"}]}),
     [("Email Bounced", "soft", None, None, None)] * 2),
    (ses_event("Complaint", "complaint", {"complaintFeedbackType": "abuse"}),
     [("Email Marked as Spam", None, None, None, None)]),
    (ses_event("Complaint", "complaint", {"complaintFeedbackType": "not-spam"}),
     [("Email Marked as Not Spam", None, None, None, None)]),
    (ses_event("Rendering Failure", "failure", {}), [("Email Dropped", None, None, None, None)]),
    (ses_event("Subscription", "subscription", {"newTopicPreferences": {"unsubscribeAll": True}}),
     [("Unsubscribed", None, "suppressed", "all", None)]),
    (ses_event("Subscription", "subscription", {"newTopicPreferences": {"topicSubscriptionStatus": [
        {"topicName": "news", "subscriptionStatus": "OptOut"}, {"topicName": "offers", "subscriptionStatus": "OptIn"}]}}),
     [("Preferences Changed", None, "denied", "news", None), ("Preferences Changed", None, "granted", "offers", None)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "words"), SES_EVENTS, ids=lambda one: one["eventType"] if isinstance(one, dict) else ""
)
def test_sess_events_in_our_words_one_for_each_recipient(event, words):
    reports = reported(ses, "ses", event)

    assert [one[:5] for one in told(reports)] == words
    assert len({one.event_id for one in reports}) == len(words)
    assert {(one.properties["email_id"], one.properties["reference"], one.occurred_at) for one in reports} == {
        ("m1", "ses-1", WHEN)
    }


@pytest.mark.parametrize("version", ["1", "2"])
def test_sns_is_believed_by_either_version_of_its_signature_and_an_event_told_by_another_message_is_the_same(
    caller, version
):
    event = ses_event("Delivery", "delivery", {})
    for id_ in ("first", "second"):
        body, headers = sns_call([event], NOW, version=version, MessageId=id_)
        assert call(caller, "ses", body, headers).status_code == 200

    assert len({one["messageId"] for one in caller.events("email")}) == 1


@pytest.mark.parametrize(
    "parts",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:ses-events"},
        {"TopicArn": "anything"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-" + "0a" * 16 + ".pem"},
        {"SigningCertURL": CERTIFICATE_URL.replace("https", "http")},
        {"SigningCertURL": CERTIFICATE_URL.replace("eu-west-1", "us-east-1")},
        {"SigningCertURL": "https://bucket.s3.amazonaws.com/SimpleNotificationService-" + "0a" * 16 + ".pem"},
        {"SigningCertURL": CERTIFICATE_URL + "?x=1"},
        {"SigningCertURL": CERTIFICATE_URL.replace("sns.", "x@sns.")},
        {"Type": "Other"},
    ],
    ids=lambda parts: next(iter(parts.items()))[1][:60],
)  # fmt: skip
def test_a_message_of_another_topic_or_by_a_certificate_of_another_host_is_refused_unasked(caller, parts):
    body, headers = sns_call([SIGNERS["ses"].event], NOW, **parts)

    answer = call(caller, "ses", body, headers)

    assert (answer.status_code, answer.json()["cause"]) == (401, "forged")


def test_a_certificate_that_was_handed_in_is_the_only_one_that_counts():
    body, headers = sns_call([SIGNERS["ses"].event], NOW)
    keys = [TOPIC.encode(), certificate(CERTIFICATE_URL)]

    ses.verify(Call(body, headers, NOW), keys=keys, window=300)
    with pytest.raises(Refusal):
        ses.verify(
            Call(body, headers, NOW, certificate=certificate),
            keys=[TOPIC.encode(), b"-----BEGIN CERTIFICATE-----x"],
            window=300,
        )


def test_a_topic_that_asks_to_be_confirmed_is_logged_with_the_command_and_nothing_is_called(caller, caplog):
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    body, headers = sns_call(
        ["x"], NOW, Type="SubscriptionConfirmation", Token="2336412f37", SubscribeURL=url, Message="You"
    )
    with caplog.at_level(logging.WARNING, "lettermill.gateway.challenges"):
        assert call(caller, "ses", body, headers).status_code == 200
        forged = body.replace(b"2336412f37", b"2336412f38")
        assert call(caller, "ses", forged, headers).status_code == 401
        plain, _ = sns_call([SIGNERS["ses"].event], NOW)
        assert call(caller, "ses", plain, headers).status_code == 200

    words = f"if you have subscribed us, run: aws sns confirm-subscription --topic-arn {TOPIC} --token 2336412f37"
    assert [record.getMessage() for record in caplog.records] == [f"webhook ses is not answered yet: {words}"]
    assert len(caller.lines("email")) == 1


def test_what_ses_writes_when_a_destination_is_set_up_is_no_event(caller):
    body, headers = sns_call(["x"], NOW, Message="Successfully validated SNS topic for Amazon SES event publishing.")

    assert call(caller, "ses", body, headers).status_code == 200
    assert caller.lines("email") == []


def test_marketing_clouds_first_call_is_logged_with_its_answer_and_takes_nothing_in(caller, caplog):
    asked = {"callbackId": "c1", "verificationKey": "v-1"}
    with caplog.at_level(logging.WARNING, "lettermill.gateway.challenges"):
        assert call(caller, "sfmc", json.dumps(asked).encode(), {}).status_code == 200
        for wrong in (asked | {"more": 1}, asked | {"verificationKey": "a\nb"}, asked | {"callbackId": 1}, [asked], {}):
            assert call(caller, "sfmc", json.dumps(wrong).encode(), {}).status_code == 401

    (record,) = caplog.records
    assert record.getMessage() == (
        "webhook sfmc is not answered yet: if you have just created this callback, "
        'POST {"callbackId":"c1","verificationKey":"v-1"} to /platform/v1/ens-verify'
    )
    assert caller.lines("email") == []


@pytest.mark.parametrize("name", ["braze", "sfmc", "hubspot", "klaviyo"])
def test_a_call_that_is_no_list_of_events_is_refused_with_a_reason(name):
    provider = {"braze": braze, "sfmc": sfmc, "hubspot": hubspot, "klaviyo": klaviyo}[name]
    for body in (b"", b"3", b"{}", b"[1]", b'{"data": 3}', b'{"events": {}}', b"[" * 200 + b"]" * 200):
        with pytest.raises(Refusal) as refused:
            provider.reports(replace(Call(b"", {}, NOW), body=body), max_depth=64)
        assert refused.value.status == 400


def test_a_certificate_is_fetched_once_and_none_is_asked_for_in_a_hurry():
    asked, seconds = [], [0.0]

    def answer(one):
        asked.append(one.path)
        return (404 if one.path == "/missing" else 200), {}, one.path.encode()

    with served(answer) as url:
        known = Certificates(kept=1, pause=5, clock=lambda: seconds[0])
        assert [known(f"{url}/a.pem"), known(f"{url}/a.pem")] == [b"/a.pem", b"/a.pem"]
        with pytest.raises(Refusal) as refused:
            known(f"{url}/b.pem")
        seconds[0] = 5
        with pytest.raises(Refusal):
            known(f"{url}/missing")
        seconds[0] = 10
        assert known(f"{url}/b.pem") == b"/b.pem"

    assert refused.value.status == 503
    assert asked == ["/a.pem", "/missing", "/b.pem"]
    assert list(known.known) == [f"{url}/b.pem"]
