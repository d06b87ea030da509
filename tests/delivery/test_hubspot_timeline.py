"""HubSpot's timeline of subscriptions: who left what, who came back by themselves, and whose mailbox refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Statement
from lettermill.delivery.providers.hubspot.account import Account
from lettermill.delivery.providers.hubspot.statements import statement_source
from lettermill.errors import ConfigError, DeliveryError
from lettermill.patience import Rate
from tests.delivery.answering import one_answer
from tests.delivery.fakes.counting import OfTheClock, Rolling
from tests.delivery.fakes.hubspot import KEY, TIMELINE, HubSpotFake
from tests.ingest.serving import TestClock, as_json

SINCE, UNTIL = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)
ACCOUNT = Account(key="secret://hubspot/key", topics={"2849": "offers"})


def at(seconds):
    return SINCE + timedelta(seconds=seconds)


def item(seconds, recipient, *changes):
    """Changes of one recipient at one moment; each is its type, what it is, who made it and the subscription type."""
    moment = int(at(seconds).timestamp() * 1000)
    told = [
        {"changeType": type_, "change": what, "source": source, "portalId": 62515}
        | ({"subscriptionId": group} if group else {"causedByEvent": {"id": "6d72d39c", "created": moment}})
        for type_, what, source, group in changes
    ]
    return {"timestamp": moment, "portalId": 62515, "recipient": recipient, "changes": told}


def status(what, group=None, source="SOURCE_RECIPIENT"):
    return ("SUBSCRIPTION_STATUS" if group else "PORTAL_STATUS", what, source, group)


def source_of(url, clock, **changes):
    made = replace(ACCOUNT, base_url=url, **changes)
    return statement_source(made, name="hubspot", secret=lambda of: Credential(of, KEY.encode()), clock=clock)


def told(fake, **changes):
    with fake.serving() as url:
        return list(source_of(url, fake.clock, **changes).statements(since=SINCE, until=UNTIL))


def test_who_left_a_type_or_all_mail_is_told_whoever_did_it_and_who_came_back_to_a_type_only_by_themselves():
    fake = HubSpotFake()
    fake.timeline = [
        item(1, "a@x.example", status("UNSUBSCRIBED", 2849), status("UNSUBSCRIBED", 230318)),
        item(2, "b@x.example", status("UNSUBSCRIBED", source="SOURCE_PORTAL_USER")),
        item(3, "a@x.example", status("SUBSCRIBED", 2849), status("SUBSCRIBED")),
        item(4, "c@x.example", status("SUBSCRIBED", 2849, source="SOURCE_IMPORT")),
        item(5, None, status("UNSUBSCRIBED")),
    ]

    assert told(fake) == [
        Statement("a@x.example", "resubscribed", at(3), "SOURCE_RECIPIENT", "offers"),
        Statement("b@x.example", "unsubscribed", at(2), "SOURCE_PORTAL_USER"),
        Statement("a@x.example", "unsubscribed", at(1), "SOURCE_RECIPIENT", "offers"),
        Statement("a@x.example", "unsubscribed", at(1), "SOURCE_RECIPIENT", "230318"),
    ]


def test_bounces_and_complaints_are_told_and_none_that_is_taken_back():
    fake = HubSpotFake()
    refused = "SOURCE_NON_DELIVERY_REPORT"
    fake.timeline = [
        item(1, "a@x.example", ("PORTAL_BOUNCE", "BOUNCED", refused, None)),
        item(2, "b@x.example", ("PORTAL_SPAM_REPORT", "REPORTED_SPAM", "SOURCE_FEEDBACK_LOOP", None)),
        item(3, "c@x.example", ("SUBSCRIPTION_SPAM_REPORT", "REPORTED_SPAM", "SOURCE_FEEDBACK_LOOP", 2849)),
        item(4, "a@x.example", ("PORTAL_BOUNCE", "UNBOUNCED", "SOURCE_PORTAL_USER", None)),
        item(5, "d@x.example", ("SOMETHING_NEW", "CHANGED", "SOURCE_RECIPIENT", None)),
    ]

    assert told(fake) == [
        Statement("c@x.example", "complained", at(3), "SOURCE_FEEDBACK_LOOP"),
        Statement("b@x.example", "complained", at(2), "SOURCE_FEEDBACK_LOOP"),
        Statement("a@x.example", "bounced", at(1), refused),
    ]


def test_the_time_that_is_asked_for_is_told_once_page_by_page():
    fake = HubSpotFake()
    day = int((UNTIL - SINCE).total_seconds())
    moments = [-1, 0, 1, 1, 2, day - 1, day]
    fake.timeline = [item(n, f"u{n}@x.example", status("UNSUBSCRIBED")) for n in moments]

    assert [one.address for one in told(fake, page=2)] == [f"u{n}@x.example" for n in (day - 1, 2, 1, 0)]
    assert [asked.query.get("offset") for asked in fake.asked] == [None, "at-2", "at-4"]


def test_pages_wait_as_the_account_allows_and_a_day_that_is_used_up_ends_them_at_once():
    fake = HubSpotFake(rolling=Rolling(Rate(1, 10.0)))
    fake.timeline = [item(n, f"u{n}@x.example", status("UNSUBSCRIBED")) for n in range(2)]
    pages = told(fake, page=1)
    used_up = HubSpotFake(daily=OfTheClock(Rate(1, 86_400.0)))
    used_up.daily.take(used_up.clock.time())
    with pytest.raises(DeliveryError, match=r"answered 429: You have reached your daily limit"):
        told(used_up)

    assert (len(pages), fake.clock.slept) == (2, [10.0])
    assert (len(used_up.asked), used_up.clock.slept) == (1, [])


def test_an_app_without_the_scope_stops_at_once_and_is_told_which_it_lacks():
    fake = HubSpotFake(scopes=frozenset())

    with pytest.raises(
        DeliveryError, match=r"(?s)answered 403: This app hasn't been granted.*scope content"
    ) as refusal:
        told(fake)

    assert (len(fake.asked), KEY in str(refusal.value)) == (1, False)


def test_an_account_that_conf_does_not_have_asked_is_no_source():
    assert source_of("http://127.0.0.1:1", TestClock(), reads_timeline=False) is None


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        ({"hasMore": False}, "answered 200: no timeline"),
        ({"hasMore": True, "timeline": []}, "has more, and does not tell where"),
        ({"hasMore": True, "offset": "at-0", "timeline": []}, "has more, and does not tell where"),
        (
            {"hasMore": False, "timeline": [{"timestamp": "soon", "recipient": "a@x.example", "changes": []}]},
            "cannot be",
        ),
        ({"hasMore": False, "timeline": [{"timestamp": 1, "recipient": "a@x.example", "changes": [7]}]}, "cannot be"),
    ],
)
def test_an_answer_that_cannot_be_read_is_an_error_that_names_the_place(answered, words):
    with one_answer() as server:
        server.says = as_json(answered)
        source = source_of(server.url, TestClock())
        with pytest.raises(DeliveryError, match=f"(?s){words}.*{TIMELINE}"):
            list(source.statements(since=SINCE, until=UNTIL))


def test_a_topic_that_no_campaign_could_name_is_refused():
    with pytest.raises(ConfigError, match=r"topics.2849 is '2849'"):
        replace(ACCOUNT, topics={"2849": "2849"})
