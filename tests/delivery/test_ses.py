"""Mails by Amazon SES, and its list of suppressed addresses: against moto, and against a fake for what moto has not."""

import json
import logging
import re
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer
from moto.ses.models import ses_backends

from lettermill.delivery.mime import mime
from lettermill.delivery.profile_provider import Statement
from lettermill.delivery.provider import Limits, Outcome, Parcel, Signal, Status, Unpackable
from lettermill.delivery.providers.ses.account import LIMITS
from lettermill.delivery.providers.ses.answers import by_entry
from lettermill.delivery.providers.ses.mails import mail_provider
from lettermill.delivery.providers.ses.page_reading import Lists
from lettermill.delivery.providers.ses.statements import statement_source
from lettermill.errors import ConfigError, DeliveryError
from lettermill.patience import Rate
from tests.delivery import one_call
from tests.delivery.contract import AT, calls, message, messages, packed
from tests.delivery.fakes import Fault
from tests.delivery.fakes.counting import Refilling
from tests.delivery.fakes.ses import Ses, error
from tests.delivery.published import Published
from tests.delivery.ses_accounts import account, out_of_the_sandbox, secret_of
from tests.ingest.serving import TestClock, as_json, served

MODEL = Published("aws-sesv2/service-2.json")
PARCELS = [Parcel(f"m{number}", f"a{number}@mail.example", b"") for number in range(3)]


def provider(url, fake=None, **changes):
    return mail_provider(account(url, **changes), name="ses", secret=secret_of(fake or Ses()))


def sent(made, those):
    return one_call.sent(made, packed(made, those))


@contextmanager
def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    ses_backends.reset()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_moto_has_the_mail_with_our_head_for_one_recipient():
    with moto() as url:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
        boto3.client("sesv2", endpoint_url=url, **keys).create_email_identity(EmailIdentity="hello@shop.example")
        answer = sent(provider(url), [message(1)])
        (kept,) = ses_backends["123456789012"]["eu-west-1"].sent_messages

    assert answer.outcomes == (Outcome(message(1).message_id, Status.HANDED_OVER, reference=kept.id),)
    assert (kept.source, {*kept.destinations}) == ("hello@shop.example", {"reader-1@mail.example"})
    expected = mime(message(1), sender="Märkt", sender_address="hello@shop.example", date=AT)
    assert kept.raw_data.encode().splitlines() == expected.splitlines()


def test_a_mail_carries_its_tags_and_its_configuration_set():
    fake = out_of_the_sandbox()
    with fake.serving() as url:
        sent(provider(url, fake), [message(1, campaign="spring/sale ü")])

    (call,) = fake.calls
    mail = b64decode(call.pop("Content")["Raw"]["Data"])
    assert call == {
        "FromEmailAddress": "hello@shop.example",
        "Destination": {"ToAddresses": ["reader-1@mail.example"]},
        "EmailTags": [
            {"Name": "message_id", "Value": message(1).message_id},
            {"Name": "campaign", "Value": "spring_sale__"},
        ],
        "ConfigurationSetName": "mails",
    }
    assert mail.startswith(b"Date: Wed, 01 May 2024 12:00:00 +0000\r\n")


def test_fifty_mails_are_one_call_of_a_template_with_places_alone():
    fake = out_of_the_sandbox()
    with fake.serving() as url:
        answer = sent(provider(url, fake, mode="bulk"), messages(50, html="<p>{{text}} {{{html}}}</p>"))

    (call,) = fake.calls
    assert {one.status for one in answer.outcomes} == {Status.HANDED_OVER}
    assert call["DefaultContent"]["Template"]["TemplateContent"] == {
        "Subject": "{{subject}}",
        "Text": "{{text}}",
        "Html": "{{html}}",
    }
    first = call["BulkEmailEntries"][0]
    assert first["ReplacementHeaders"] == [
        {"Name": "List-Unsubscribe", "Value": "<https://mail.example/u/token-0>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]
    assert json.loads(first["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]) == {
        "subject": message(0).subject,
        "text": message(0).text,
        "html": "<p>{{text}} {{{html}}}</p>",
    }
    assert fake.book.entries[0].html == "<p>{{text}} {{{html}}}</p>"
    assert fake.tags[49] == {"message_id": message(49).message_id, "campaign": "spring"}


@MODEL.needed
def test_a_calls_members_are_those_of_the_published_model():
    shapes = MODEL.document["shapes"]
    fake = out_of_the_sandbox()
    with fake.serving() as url:
        sent(provider(url, fake), [message(1)])
        sent(provider(url, fake, mode="bulk"), messages(3))

    one, many = fake.calls
    assert set(model_faults(shapes, "SendEmailRequest", one)) == set()
    assert set(model_faults(shapes, "SendBulkEmailRequest", many)) == set()


def model_faults(shapes, name, value, at=""):
    shape = shapes[name]
    if shape["type"] == "structure":
        yield from (f"{at}/{each}: missing" for each in shape.get("required", []) if each not in value)
        for each, inner in value.items():
            if each not in shape["members"]:
                yield f"{at}/{each}: unknown"
            else:
                yield from model_faults(shapes, shape["members"][each]["shape"], inner, f"{at}/{each}")
    elif shape["type"] == "list":
        for place, inner in enumerate(value):
            yield from model_faults(shapes, shape["member"]["shape"], inner, f"{at}/{place}")
    elif shape["type"] == "string":
        fits = shape.get("min", 0) <= len(value) <= shape.get("max", len(value))
        if not (fits and re.search(shape.get("pattern", ""), value)):
            yield f"{at}: {value[:40]!r}"


@pytest.mark.parametrize(
    ("name", "words", "status", "expected"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", 429, (Status.DEFERRED, Signal.THROTTLED)),
        ("TooManyRequestsException", "Daily message quota exceeded.", 429, (Status.DEFERRED, Signal.BLOCKED)),
        ("ThrottlingException", "Rate exceeded", 400, (Status.DEFERRED, Signal.THROTTLED)),
        ("LimitExceededException", "too many", 400, (Status.DEFERRED, Signal.BLOCKED)),
        ("AccountSuspendedException", "gone", 400, (Status.DEFERRED, Signal.BLOCKED)),
        ("SendingPausedException", "paused", 400, (Status.DEFERRED, Signal.BLOCKED)),
        ("MailFromDomainNotVerifiedException", "not yet", 400, (Status.DEFERRED, Signal.BLOCKED)),
        ("NotFoundException", "Configuration set mails does not exist", 404, (Status.DEFERRED, Signal.BLOCKED)),
        ("AccessDeniedException", "not authorized", 403, (Status.DEFERRED, Signal.BLOCKED)),
        ("ExpiredTokenException", "expired", 403, (Status.DEFERRED, Signal.EXPIRED)),
        ("MessageRejected", "Email address is not verified.", 400, (Status.DEFERRED, Signal.BLOCKED)),
        ("MessageRejected", "It contains a virus.", 400, (Status.REJECTED, Signal.FINE)),
        ("BadRequestException", "Illegal address", 400, (Status.REJECTED, Signal.FINE)),
        ("InternalServiceError", "oh", 500, (Status.DEFERRED, Signal.FAILING)),
    ],
)
def test_each_exception_means_one_thing_and_is_one_call(name, words, status, expected):
    asked = []

    def answer(call):
        asked.append(call)
        return error(name, words, status)

    with served(answer) as url:
        answered = sent(provider(url), [message(1)])

    assert ([one.status for one in answered.outcomes], answered.signal) == ([expected[0]], expected[1])
    assert (answered.said, answered.wait) == (f"{name}: {words}", None)
    assert len(asked) == 1


@pytest.mark.parametrize("mode", ["raw", "bulk"])
@pytest.mark.parametrize(
    ("name", "status", "signal"),
    [
        ("TooManyRequestsException", 429, Signal.THROTTLED),
        ("ThrottlingException", 400, Signal.THROTTLED),
        ("ServiceUnavailable", 503, Signal.FAILING),
    ],
)
def test_a_refusal_that_passes_is_waited_for_as_long_as_it_asks(mode, name, status, signal):
    refusal = as_json({"message": "later"}, status, x_amzn_ErrorType=name, Retry_After="30")
    with served(lambda _: refusal) as url:
        answered = sent(provider(url, mode=mode), [message(1)])

    assert ([one.status for one in answered.outcomes], answered.signal) == ([Status.DEFERRED], signal)
    assert answered.wait == 30.0


@pytest.mark.parametrize("mode", ["raw", "bulk"])
def test_boto3_never_calls_again_by_itself_after_a_cut_or_a_gateways_fault(mode):
    for answer in (None, (502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>")):
        asked = []
        with served(lambda call, asked=asked, answer=answer: asked.append(call) or answer) as url:
            answered = sent(provider(url, mode=mode), [message(1)])
        assert len(asked) == 1
        assert ([one.status for one in answered.outcomes], answered.signal) == ([Status.UNKNOWN], Signal.FAILING)


@pytest.mark.parametrize(
    ("told", "status", "signal"),
    [
        ("SUCCESS", Status.HANDED_OVER, Signal.FINE),
        ("TRANSIENT_FAILURE", Status.DEFERRED, Signal.FINE),
        ("ACCOUNT_THROTTLED", Status.DEFERRED, Signal.THROTTLED),
        ("ACCOUNT_DAILY_QUOTA_EXCEEDED", Status.DEFERRED, Signal.BLOCKED),
        ("ACCOUNT_SUSPENDED", Status.DEFERRED, Signal.BLOCKED),
        ("ACCOUNT_SENDING_PAUSED", Status.DEFERRED, Signal.BLOCKED),
        ("CONFIGURATION_SET_SENDING_PAUSED", Status.DEFERRED, Signal.BLOCKED),
        ("CONFIGURATION_SET_DOES_NOT_EXIST", Status.DEFERRED, Signal.BLOCKED),
        ("CONFIGURATION_SET_NOT_FOUND", Status.DEFERRED, Signal.BLOCKED),
        ("TEMPLATE_NOT_FOUND", Status.DEFERRED, Signal.BLOCKED),
        ("TEMPLATE_DOES_NOT_EXIST", Status.DEFERRED, Signal.BLOCKED),
        ("INVALID_SENDING_POOL_NAME", Status.DEFERRED, Signal.BLOCKED),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", Status.DEFERRED, Signal.BLOCKED),
        ("MESSAGE_REJECTED", Status.REJECTED, Signal.FINE),
        ("INVALID_PARAMETER_VALUE", Status.REJECTED, Signal.FINE),
        ("FAILED", Status.REJECTED, Signal.FINE),
        ("SOMETHING_NEW", Status.UNKNOWN, Signal.FINE),
    ],
)
def test_each_result_of_a_bulk_call_means_one_thing_for_its_own_message(told, status, signal):
    fake = out_of_the_sandbox(results=["SUCCESS", told, "SUCCESS"])
    with fake.serving() as url:
        answer = sent(provider(url, fake, mode="bulk"), messages(3))

    assert [one.status for one in answer.outcomes] == [Status.HANDED_OVER, status, Status.HANDED_OVER]
    assert answer.signal == signal
    if told != "SUCCESS":
        assert answer.said == answer.outcomes[1].reason == f"{told}: Not for [hidden]"


@MODEL.needed
def test_every_published_status_of_a_result_is_known():
    statuses = MODEL.document["shapes"]["BulkEmailStatus"]["enum"]

    answer = by_entry([{"Status": each} for each in statuses], [PARCELS[0]] * len(statuses))

    assert Status.UNKNOWN not in {one.status for one in answer.outcomes}


@pytest.mark.parametrize("results", [[], [{"Status": "SUCCESS"}] * 2, [{"Status": "SUCCESS"}] * 4])
def test_results_that_do_not_add_up_leave_every_message_unknown(results):
    answer = by_entry(results, PARCELS)

    assert {one.status for one in answer.outcomes} == {Status.UNKNOWN}
    assert answer.said == f"SES told of {len(results)} of 3 messages"


@pytest.mark.parametrize(
    ("granted", "messages_of_a_call"),
    [((Rate(14, 1.0), Rate(200, 86_400.0)), 14), ((Rate(1_000, 1.0),), 50), ((Rate(0, 1.0),), 50)],
)
def test_a_bulk_call_has_no_more_recipients_than_the_account_may_have_in_a_second(granted, messages_of_a_call):
    limits = replace(LIMITS["bulk"], recipients=granted)

    assert provider("http://127.0.0.1:1", mode="bulk", limits=limits).limits == replace(
        limits, messages=messages_of_a_call
    )


def test_recipients_of_a_bulk_call_above_the_accounts_rate_are_throttled_one_by_one():
    fake = Ses(rate=Refilling(Rate(14, 1.0)))
    with fake.serving() as url:
        made = provider(url, fake, mode="bulk")
        statuses = [one.status for one in sent(made, messages(20)).outcomes]
        fake.clock.now += 0.5
        later = sent(made, messages(10))

    assert statuses == [Status.HANDED_OVER] * 14 + [Status.DEFERRED] * 6
    assert [one.status for one in later.outcomes] == [Status.HANDED_OVER] * 7 + [Status.DEFERRED] * 3
    assert (later.signal, later.outcomes[9].reason) == (Signal.THROTTLED, "ACCOUNT_THROTTLED: Not for [hidden]")


def test_a_domain_of_another_script_is_in_punycode_and_such_a_user_is_refused():
    made = provider("http://127.0.0.1:1")

    assert made.pack(message(1, address="ana@bücher.example"), at=AT).to == "ana@xn--bcher-kva.example"
    for address in ("änna@mail.example", "ana@a..example"):
        with pytest.raises(Unpackable, match="SES takes no addresses in other scripts"):
            made.pack(message(1, address=address), at=AT)


def test_a_message_above_what_an_entry_may_bring_is_refused_before_any_call():
    with pytest.raises(Unpackable, match=r"its parts have 262,\d+ bytes, of 262,144 allowed"):
        provider("http://127.0.0.1:1", mode="bulk").pack(message(1, html="x" * 262_144), at=AT)


def test_without_a_key_of_conf_the_machines_is_used_and_asked_for_again(monkeypatch):
    fake = out_of_the_sandbox()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAGONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with fake.serving() as url:
        made = provider(url, fake, key="")
        connection = made.connect()
        parcel = made.pack(message(1), at=AT)
        assert connection.send([parcel], call=next(calls())).signal == Signal.BLOCKED
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", fake.identity)
        connection.renew()
        assert connection.send([parcel], call=next(calls())).signal == Signal.FINE
        connection.close()


def test_where_nobody_has_a_key_the_account_is_blocked_and_nothing_is_asked(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    fake = out_of_the_sandbox()
    with fake.serving() as url:
        answer = sent(provider(url, fake, key=""), [message(1)])

    assert ([one.status for one in answer.outcomes], answer.signal) == ([Status.DEFERRED], Signal.BLOCKED)
    assert fake.asked == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"mode": "both"}, "mode is both"), ({"limits": Limits(messages=2, bytes=1)}, r"limits.messages is 2")],
)
def test_an_account_that_cannot_work_is_refused(changes, problem):
    with pytest.raises(ConfigError, match=problem):
        account("http://127.0.0.1:1", **changes)


SINCE, UNTIL = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)


def put(seconds, reason="BOUNCE", name="a"):
    at = (SINCE + timedelta(seconds=seconds)).timestamp()
    return {"EmailAddress": f"{name}@mail.example", "Reason": reason, "LastUpdateTime": at}


def test_every_suppressed_address_of_the_time_is_told_page_by_page():
    fake = out_of_the_sandbox(
        suppressed=[put(-1), put(0, name="b"), put(5, "COMPLAINT", "c"), put(86_399, name="d"), put(86_400)]
    )
    with fake.serving() as url:
        source = statement_source(account(url, page=2), name="ses", secret=secret_of(fake), clock=fake.clock)
        told = list(source.statements(since=SINCE, until=UNTIL))

    assert told == [
        Statement("b@mail.example", "bounced", SINCE),
        Statement("c@mail.example", "complained", SINCE + timedelta(seconds=5)),
        Statement("d@mail.example", "bounced", UNTIL - timedelta(seconds=1)),
    ]
    assert [asked.query.get("NextToken") for asked in fake.asked] == [None, "2", "4", None]


def test_a_list_that_cannot_be_had_stops_and_says_where():
    fake = out_of_the_sandbox()
    with fake.serving() as url:
        made = replace(account(url), page=5_000)
        source = statement_source(made, name="ses", secret=secret_of(fake), clock=fake.clock)
        with pytest.raises(DeliveryError, match=r"(?s)PageSize must be at most 1000.*eu-west-1, suppression list"):
            list(source.statements(since=SINCE, until=UNTIL))


def contact(seconds, name="a", *, all_=False, chose=()):
    choices = [{"TopicName": topic, "SubscriptionStatus": status} for topic, status in chose]
    return {
        "EmailAddress": f"{name}@mail.example",
        "TopicPreferences": choices,
        "TopicDefaultPreferences": [{"TopicName": "News", "SubscriptionStatus": "OPT_OUT"}],
        "UnsubscribeAll": all_,
        "LastUpdatedTimestamp": (SINCE + timedelta(seconds=seconds)).timestamp(),
    }


def heard(fake, url, **changes):
    source = statement_source(account(url, **changes), name="ses", secret=secret_of(fake), clock=fake.clock)
    return list(source.statements(since=SINCE, until=UNTIL))


def test_who_left_the_contact_list_or_a_topic_of_it_is_told_and_who_stayed_or_came_back_is_not():
    contacts = [
        contact(-1, "a", all_=True),
        contact(0, "b", all_=True, chose=[("News", "OPT_IN")]),
        contact(5, "c", chose=[("News", "OPT_OUT"), ("Recipes", "OPT_IN"), ("weekly-offers", "OPT_OUT")]),
        contact(6, "d", chose=[("News", "OPT_IN")]),
        contact(86_400, "e", all_=True),
    ]
    fake = out_of_the_sandbox(contacts={"readers": contacts})
    with fake.serving() as url:
        told = heard(fake, url, page=2, topics={"weekly-offers": "offers"})
        unasked = heard(fake, url, reads_contacts=False)

    at = SINCE + timedelta(seconds=5)
    assert told == [
        Statement("b@mail.example", "unsubscribed", SINCE),
        Statement("c@mail.example", "unsubscribed", at, topic="News"),
        Statement("c@mail.example", "unsubscribed", at, topic="offers"),
    ]
    assert [asked.json for asked in fake.asked if asked.method == "POST"] == [
        {"PageSize": 2}, {"PageSize": 2, "NextToken": "2"}, {"PageSize": 2, "NextToken": "4"},
    ]  # fmt: skip
    assert unasked == []


def test_lists_are_read_a_page_a_second_and_again_where_a_refusal_passes():
    fake = out_of_the_sandbox(contacts={"readers": [contact(n, f"u{n}", all_=True) for n in range(2)]})
    for fault in (Fault.THROTTLED_UNTOLD, Fault.FAILING, Fault.LOST):
        fake.faults.next(fault)
    with fake.serving() as url:
        told = heard(fake, url, page=1)

    assert [one.address for one in told] == ["u0@mail.example", "u1@mail.example"]
    # the list of lists after the suppressed; its contacts after that, thrice more as patience has it; the second page
    assert fake.clock.slept == [1.0, 1.0, 11.0, 2.0, 4.0, 1.0]


def test_a_contact_list_that_stays_refused_is_given_up_after_as_many_calls_as_patience_has():
    fake = out_of_the_sandbox(contacts={"readers": []})
    for _ in range(6):
        fake.faults.next(Fault.FAILING)
    with fake.serving() as url, pytest.raises(DeliveryError, match="Service is unavailable"):
        heard(fake, url)

    assert len([asked for asked in fake.asked if asked.method == "POST"]) == 6


def test_a_key_that_may_not_read_contacts_stops_at_once_and_is_told_which_rights_it_lacks():
    fake = out_of_the_sandbox(forbidden=frozenset({"/v2/email/contact-lists"}))
    words = r"(?s)not authorized.*eu-west-1, contact list.*ses:ListContactLists and ses:ListContacts"
    with fake.serving() as url, pytest.raises(DeliveryError, match=words):
        heard(fake, url)

    assert len(fake.asked) == 2


@MODEL.needed
def test_the_fakes_contacts_have_the_names_that_were_published():
    shapes = MODEL.document["shapes"]

    assert {*contact(0)} <= {*shapes["Contact"]["members"]}
    assert {"PageSize", "NextToken"} <= {*shapes["ListContactsRequest"]["members"]}
    assert MODEL.document["operations"]["ListContacts"]["http"]["requestUri"].startswith("/v2/email/contact-lists/")


def test_moto_tells_who_left_its_contact_list():
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
    with moto() as url:
        client = boto3.client("sesv2", endpoint_url=url, **keys)
        topic = {"TopicName": "news", "DisplayName": "News", "DefaultSubscriptionStatus": "OPT_IN"}
        client.create_contact_list(ContactListName="readers", Topics=[topic])
        choice = [{"TopicName": "news", "SubscriptionStatus": "OPT_OUT"}]
        client.create_contact(ContactListName="readers", EmailAddress="b@x.example", TopicPreferences=choice)
        client.create_contact(ContactListName="readers", EmailAddress="c@x.example", UnsubscribeAll=True)
        contacts = client.list_contacts(ContactListName="readers")["Contacts"]
        lists = Lists(client, TestClock(), ())
        told = [
            (row["EmailAddress"], row.get("UnsubscribeAll"), row.get("TopicPreferences"))
            for found in lists.rows("list_contact_lists", "ContactLists")
            for row in lists.rows("list_contacts", "Contacts", ContactListName=found["ContactListName"])
        ]

    assert all(row["LastUpdatedTimestamp"].tzinfo for row in contacts)
    assert told == [("b@x.example", False, choice), ("c@x.example", True, [])]
