"""Mails by SendGrid, and what its suppression lists say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Reply
from lettermill.delivery.profile_provider import Statement
from lettermill.delivery.provider import Limits, Outcome, Parcel, Signal, Status, Unpackable
from lettermill.delivery.providers.sendgrid.account import Account
from lettermill.delivery.providers.sendgrid.answers import answer_of
from lettermill.delivery.providers.sendgrid.mails import mail_provider
from lettermill.delivery.providers.sendgrid.statements import statement_source
from lettermill.delivery.refusals import seconds_until_reset
from lettermill.errors import ConfigError, DeliveryError
from lettermill.patience import Rate
from lettermill.services.gateway.webhooks.provider import Call as Told
from lettermill.services.gateway.webhooks.sendgrid import reports
from tests.delivery.contract import AT, calls, message
from tests.delivery.fakes.counting import OfTheClock
from tests.delivery.fakes.sendgrid import SendGrid
from tests.delivery.published import Published

ACCOUNT = Account(sender="Märkt", sender_address="hello@shop.example", key="secret://sendgrid/key")
MAIL, SUPPRESSIONS = Published("sendgrid/tsg_mail_v3.json"), Published("sendgrid/tsg_suppressions_v3.json")
SINCE, UNTIL = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)


def secret(reference):
    return Credential(reference, b"SG.a-key-of-the-tests")


def provider(**changes):
    return mail_provider(replace(ACCOUNT, **changes), name="sendgrid", secret=secret)


def body(one, **changes):
    return orjson.loads(provider(**changes).pack(one, at=AT).body)


def sent(fake, one, **changes):
    with fake.serving() as url:
        made = provider(base_url=url, **changes)
        connection = made.connect()
        answer = connection.send([made.pack(one, at=AT)], call=next(calls()))
        connection.close()
    return answer


def test_a_message_is_a_call_of_its_own_whose_bodies_stand_in_it_as_they_are():
    one = message(1, html="<p>-html- {{name}} ü</p>")

    assert body(one, reply_to="care@shop.example") == {
        "personalizations": [
            {
                "to": [{"email": "reader-1@mail.example"}],
                "custom_args": {"message_id": one.message_id, "campaign": "spring"},
            }
        ],
        "from": {"email": "hello@shop.example", "name": "Märkt"},
        "reply_to": {"email": "care@shop.example"},
        "subject": one.subject,
        "content": [
            {"type": "text/plain", "value": one.text},
            {"type": "text/html", "value": "<p>-html- {{name}} ü</p>"},
        ],
        "headers": {
            "List-Unsubscribe": f"<{one.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tracking_settings": {"subscription_tracking": {"enable": False}},
    }


@MAIL.needed
@pytest.mark.parametrize("changes", [{}, {"reply_to": "care@shop.example"}])
def test_a_call_fits_what_was_published(changes):
    fake = SendGrid()
    sent(fake, message(1), **changes)
    (asked,) = fake.asked

    assert MAIL.operation(asked.method, asked.path) is not None
    assert MAIL.faults_of(asked) == []
    broken = {**asked.json, "subjekt": "x", "subject": "", "personalizations": [{"to": "ana"}] * 1001}
    assert len(MAIL.faults_of(replace(asked, body=orjson.dumps(broken)))) == 1001 + 3


def test_no_suppression_is_ever_bypassed():
    assert b"bypass" not in provider().pack(message(1), at=AT).body


def test_events_of_a_mail_come_back_with_our_ids():
    fake = SendGrid()
    sent(fake, message(1))
    event = {"event": "delivered", "email": "reader-1@mail.example", "timestamp": 1714564800, **fake.custom_args[0]}

    (report,) = reports(Told(orjson.dumps([event]), {}, AT), max_depth=10)

    assert (report.properties["email_id"], report.properties["campaign_id"]) == (message(1).message_id, "spring")


def test_what_was_taken_has_the_id_that_sendgrid_gave_it():
    (outcome,) = sent(SendGrid(), message(1)).outcomes

    assert outcome == Outcome(message(1).message_id, Status.HANDED_OVER, reference="sg-1")


@pytest.mark.parametrize("change", [{"subject": ""}, {"text": "", "html": ""}])
def test_a_mail_without_subject_or_body_is_refused_before_any_call(change):
    with pytest.raises(Unpackable, match="a mail needs a subject and a body"):
        body(message(1, **change))


def test_a_mail_without_text_has_its_html_alone():
    assert [part["type"] for part in body(message(1, text=""))["content"]] == ["text/html"]


def test_many_messages_for_a_call_are_refused_in_conf():
    with pytest.raises(ConfigError, match=r"limits.messages is 2"):
        replace(ACCOUNT, limits=Limits(messages=2, bytes=1_000))


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (202, b"", (Status.HANDED_OVER, Signal.FINE)),
        (200, b"", (Status.UNKNOWN, Signal.FAILING)),
        (400, b'{"errors":[{"message":"no","field":"content"}]}', (Status.REJECTED, Signal.FINE)),
        (413, b'{"errors":[{"message":"content too large"}]}', (Status.REJECTED, Signal.FINE)),
        (401, b'{"errors":[{"message":"authorization required"}]}', (Status.DEFERRED, Signal.BLOCKED)),
        (403, b'{"errors":[{"message":"access forbidden"}]}', (Status.DEFERRED, Signal.BLOCKED)),
        (404, b"", (Status.DEFERRED, Signal.BLOCKED)),
        (429, b"", (Status.DEFERRED, Signal.THROTTLED)),
        (500, b'{"errors":[{"message":"internal server error"}]}', (Status.DEFERRED, Signal.FAILING)),
        (500, b"", (Status.UNKNOWN, Signal.FAILING)),
        (502, b"<html>Bad Gateway</html>", (Status.UNKNOWN, Signal.FAILING)),
        (504, b"[]", (Status.UNKNOWN, Signal.FAILING)),
        (307, b"", (Status.UNKNOWN, Signal.FAILING)),
    ],
)
def test_each_answer_means_one_thing(status, content, expected):
    answer = answer_of(Reply(status, {}, content), [Parcel("m", "a@b.example", b"")], hidden=())

    assert ([one.status for one in answer.outcomes], answer.signal) == ([expected[0]], expected[1])
    assert all(one.reason for one in answer.outcomes if one.status != Status.HANDED_OVER)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": "1714564830", "date": "Wed, 01 May 2024 12:00:00 GMT"}, 30.0),
        ({"x-ratelimit-reset": "1714564700", "date": "Wed, 01 May 2024 12:00:00 GMT"}, 0.0),
        ({"x-ratelimit-reset": "1714564830"}, None),
        ({"x-ratelimit-reset": "42"}, 42.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_a_reset_is_a_moment_by_the_servers_own_clock(headers, seconds):
    assert seconds_until_reset(Reply(429, headers, b"")) == seconds


def test_an_account_that_is_too_fast_waits_for_the_end_of_the_window():
    fake = SendGrid(sends=OfTheClock(Rate(0, 60.0)))
    fake.clock.now = 1_714_564_815.0

    answer = sent(fake, message(1))

    assert (answer.signal, answer.wait) == (Signal.THROTTLED, 45.0)
    assert answer.said == "429: too many requests"


def created(second, name="a", **more):
    return {"created": int(SINCE.timestamp()) + second, "email": f"{name}@mail.example", **more}


def told(fake, **changes):
    with fake.serving() as url:
        account = replace(ACCOUNT, base_url=url, **changes)
        source = statement_source(account, name="sendgrid", secret=secret, clock=fake.clock)
        return list(source.statements(since=SINCE, until=UNTIL))


def test_every_statement_of_the_time_is_told_once_page_by_page():
    day = int(timedelta(days=1).total_seconds())
    fake = SendGrid()
    fake.lists = {
        "bounces": [
            created(-1),
            *(created(n, f"b{n}", reason="550 <b@mail.example>: unknown") for n in range(5)),
            created(day),
        ],
        "spam_reports": [created(7, "c", ip="10.0.0.1")],
        "unsubscribes": [created(day - 1, "u"), created(day - 1, "u")],
    }

    assert told(fake, page=2) == [
        *(
            Statement(f"b{n}@mail.example", "bounced", SINCE + timedelta(seconds=n), "550 <[address]>: unknown")
            for n in range(5)
        ),
        Statement("c@mail.example", "complained", SINCE + timedelta(seconds=7)),
        Statement("u@mail.example", "unsubscribed", SINCE + timedelta(seconds=day - 1)),
    ]
    assert [asked.query["offset"] for asked in fake.asked if asked.path.endswith("bounces")] == ["0", "2", "4"]


def left(second, group, name="a"):
    at = int(SINCE.timestamp()) + second
    return {"email": f"{name}@mail.example", "group_id": group, "group_name": f"Group {group}", "created_at": at}


EMPTY = {"bounces": [], "spam_reports": [], "unsubscribes": []}
WINDOW = frozenset({"start_time", "end_time", "limit", "offset"})


@pytest.mark.parametrize(
    ("heeds", "most", "offsets"),
    [
        (frozenset(), 1_000, ["0", "7"]),
        (WINDOW, 1_000, ["0", "2", "4", "5"]),
        (frozenset({"offset"}), 3, ["0", "3", "6", "7"]),
    ],
    ids=["as it is published", "as clients call it", "by pages of its own"],
)
def test_who_left_a_group_is_told_once_by_its_topic_however_much_of_the_question_is_heeded(heeds, most, offsets):
    day = int(timedelta(days=1).total_seconds())
    rows = [left(-1, 7), *(left(n, 7, f"u{n}") for n in range(3)), left(3, 8), left(3, 9), left(day, 7)]
    fake = SendGrid(lists=EMPTY, left=rows, heeds=heeds, most_left=most)

    assert told(fake, page=2, topics={"8": "offers", "9": "all"}) == [
        *(
            Statement(f"u{n}@mail.example", "unsubscribed", SINCE + timedelta(seconds=n), "Group 7", "7")
            for n in range(3)
        ),
        Statement("a@mail.example", "unsubscribed", SINCE + timedelta(seconds=3), "Group 8", "offers"),
        Statement("a@mail.example", "unsubscribed", SINCE + timedelta(seconds=3), "Group 9", "all"),
    ]
    assert [asked.query["offset"] for asked in fake.asked if "asm" in asked.path] == offsets


@SUPPRESSIONS.needed
def test_the_fakes_list_of_groups_is_as_it_was_published():
    fake = SendGrid(lists=EMPTY, left=[left(0, 7)])
    told(fake)
    asked = next(one for one in fake.asked if "asm" in one.path)

    assert SUPPRESSIONS.answer_faults(asked, 200, fake.take(asked)[2]) == []


def test_a_topic_that_no_campaign_could_name_is_refused():
    with pytest.raises(ConfigError, match=r"topics.8 is 'Offers of the week'"):
        replace(ACCOUNT, topics={"8": "Offers of the week"})


def test_a_page_that_cannot_be_had_stops_and_says_where():
    with pytest.raises(DeliveryError, match=r"(?s)SendGrid answered 401.*/v3/suppression/bounces") as caught:
        told(SendGrid(key="another"))

    assert "SG.a-key" not in str(caught.value)


@SUPPRESSIONS.needed
def test_a_request_for_statements_fits_what_was_published():
    fake = SendGrid()
    fake.lists = {"bounces": [], "spam_reports": [], "unsubscribes": []}
    told(fake)

    limit = SUPPRESSIONS.document["components"]["parameters"]["PaginationCommonLimit"]["schema"]
    assert [asked.path for asked in fake.asked if SUPPRESSIONS.operation(asked.method, asked.path) is None] == []
    faults = [(asked.path, fault) for asked in fake.asked for fault in SUPPRESSIONS.faults_of(asked)]
    # What is sent there is not published, and not relied on.
    assert sorted(faults) == sorted(("/v3/asm/suppressions", f"query {name}: unknown") for name in WINDOW)
    assert {asked.query["limit"] for asked in fake.asked} == {str(limit["maximum"])}
