"""Consent changes come from records, from people themselves, and from what their mailboxes answered."""

from datetime import datetime, timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.profiles.consent_rules import ConsentRules
from lettermill.profiles.consents import consent_changes
from lettermill.profiles.identity import known_records
from lettermill.settings import load
from lettermill.tables import quality
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import IDENTITIES

DAY = datetime(2017, 6, 1)
SHIPPED = load("local").consents


@pytest.fixture
def changes(given):
    """Consent changes of customer 1, who is person p, from partial events and records, by the shipped rules."""

    def found(*events, records=(), rules=SHIPPED, as_of=DAY + timedelta(days=1)):
        whole = [{"user_id": "1", "occurred_at": DAY, "available_at": DAY} | event for event in events]
        for event in whole:
            fields = [
                name.split(":")[0].strip()
                for name in quality.PROPERTIES.removeprefix("struct<").split(", ")
                if "product_id" not in name
            ]
            given_properties = event.pop("properties", {})
            event["properties"] = given_properties or None
            assert given_properties.keys() <= {*fields}
        record = {
            "source": "crm",
            "record_id": "a",
            "origin": "f",
            "position": 1,
            "available_at": DAY,
            "updated_at": DAY,
        }
        rows = consent_changes(
            known_records(given(quality.PEOPLE, *(record | one for one in records)), as_of=F.lit(DAY)),
            events=given(quality.EVENTS, *whole),
            identities=given(
                IDENTITIES,
                {"identifier_kind": "record", "identifier": "crm/a", "person_id": "p"},
                {"identifier_kind": "customer_id", "identifier": "1", "person_id": "p"},
                {"identifier_kind": "email", "identifier": "ada@x.example", "person_id": "p"},
            ),
            messages=given(OUTBOX, {"message_id": "m", "person_id": "p"}),
            rules=rules,
            as_of=F.lit(as_of),
        )
        return sorted((r.topic, r.purpose, r.state, r.said_by, r.reason, r.changed_at) for r in rows.collect())

    return found


def test_each_statement_of_a_record_is_a_row(changes):
    said = {"email_consent": "granted", "profiling_consent": "denied", "consent_at": DAY - timedelta(days=9)}

    assert changes(records=[said]) == [
        ("all", "mail", "granted", "record", "crm record", DAY - timedelta(days=9)),
        ("all", "profiling", "denied", "record", "crm record", DAY - timedelta(days=9)),
    ]


def test_unsubscribes_bounces_and_complaints_suppress_at_once_and_what_is_not_known_yet_does_not(changes):
    kinds = ("unsubscribed", "email_bounced", "email_marked_as_spam", "email_opened")
    later = {"kind": "unsubscribed", "available_at": DAY + timedelta(days=5)}

    assert changes(*({"kind": kind} for kind in kinds), later) == [
        ("all", "mail", "suppressed", "mailbox", "bounced", DAY),
        ("all", "mail", "suppressed", "mailbox", "complained", DAY),
        ("all", "mail", "suppressed", "person", "unsubscribed", DAY),
    ]


def test_an_opt_out_keeps_exactly_to_the_topic_and_purpose_that_it_names(changes):
    rows = changes(
        {"kind": "unsubscribed", "properties": {"topic": "Weekly_Picks "}},
        {"kind": "preferences_changed", "properties": {"topic": "offers", "state": "denied"}},
        {"kind": "preferences_changed", "properties": {"purpose": "profiling", "state": "denied"}},
        {"kind": "preferences_changed", "properties": {"topic": "news", "state": "granted"}},
        {"kind": "preferences_changed", "properties": {"topic": "news", "state": "perhaps"}},
    )

    assert rows == [
        ("all", "profiling", "denied", "person", "preferences", DAY),
        ("news", "mail", "granted", "person", "preferences", DAY),
        ("offers", "mail", "denied", "person", "preferences", DAY),
        ("weekly_picks", "mail", "suppressed", "person", "unsubscribed", DAY),
    ]


def test_an_event_that_names_a_message_is_of_the_person_who_got_it(changes):
    rows = changes({"kind": "unsubscribed", "user_id": None, "properties": {"email_id": "m"}})

    assert rows == [("all", "mail", "suppressed", "person", "unsubscribed", DAY)]


def test_a_provider_may_name_an_address_or_a_record_and_nobody_else_may(changes):
    def left(provider, **named):
        return {"kind": "unsubscribed", "user_id": None, "properties": {"provider": provider, **named}}

    for named in ({"email": " Ada@X.example"}, {"record": "crm/a"}, {"email": "eve@x.example", "email_id": "m"}):
        assert changes(left("sendgrid", **named)) == [("all", "mail", "suppressed", "person", "unsubscribed", DAY)]
    for named in ({"email": "eve@x.example"}, {"record": "crm/b"}):
        assert changes(left("sendgrid", **named)) == []
    assert changes(left(None, email="ada@x.example"), left(None, record="crm/a")) == []


@pytest.mark.parametrize(
    ("days", "suppressed_on"),
    [((0, 7, 14, 21, 28), [28]), ((0, 7, 14, 21), []), ((0, 20, 40, 60, 80, 100), []), ((0, 1, 2, 3, 4, 5), [4, 5])],
)
def test_soft_bounces_suppress_when_there_were_five_within_thirty_days(changes, days, suppressed_on):
    rows = changes(
        *(
            {"kind": "email_bounced", "properties": {"bounce_type": "soft"}, "occurred_at": DAY + timedelta(days=day)}
            for day in days
        ),
        as_of=DAY + timedelta(days=200),
    )

    assert rows == [
        ("all", "mail", "suppressed", "mailbox", "bounced softly", DAY + timedelta(days=day)) for day in suppressed_on
    ]


def test_a_grant_of_a_source_that_needs_confirming_is_pending(changes):
    rules = ConsentRules(double_opt_in=("crm",))
    said = {"email_consent": "granted", "profiling_consent": "denied"}

    assert changes({"kind": "consent_confirmed"}, records=[said], rules=rules) == [
        ("all", "mail", "confirmed", "person", "confirmed", DAY),
        ("all", "mail", "pending", "record", "crm record", DAY),
        ("all", "profiling", "denied", "record", "crm record", DAY),
    ]
