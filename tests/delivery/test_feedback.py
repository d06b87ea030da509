"""Feedback: each event once whatever it is called, machines apart from people, and the same in any order of arrival."""

from datetime import timedelta
from random import Random

import pytest

from lettermill.delivery.feedback import KINDS, provider_events, reported, with_messages
from lettermill.delivery.machine_rules import MachineRules
from lettermill.keyed_hashes import hash_address
from lettermill.tables import quality
from lettermill.tables.delivery import EVENTS, OUTBOX
from tests.conftest import NOON

KEY = b"a key of the tests"
ADA = "ada@x.example"


def event(kind, seconds=0.0, *, message="m1", email=ADA, received=60, source="email", id_=None, **properties):
    at = NOON + timedelta(seconds=seconds)
    return {
        "event_id": id_ or f"{kind} {seconds} {sorted(properties.items())}", "kind": kind, "source": source,
        "occurred_at": at, "received_at": NOON + timedelta(seconds=received), "user_id": None, "anonymous_id": None,
        "properties": {"email_id": message, "email": email, "provider": "sendgrid", **properties},
    }  # fmt: skip


@pytest.fixture
def collect(given):
    """Rows of delivery.events after batches of partial events of quality.events, one batch after the other."""

    def collected(*batches, outbox=(), rules=MachineRules()):  # noqa: B008
        standing = given(EVENTS)
        for batch in batches:
            told = reported(given(quality.EVENTS, *batch), address_key=KEY)
            about = with_messages(told, outbox=given(OUTBOX, *outbox))
            fresh = provider_events(about, standing=standing, rules=rules)
            others = standing.join(fresh.select("message_id").distinct(), on="message_id", how="left_anti")
            standing = given(EVENTS, *(row.asDict() for row in others.unionByName(fresh).collect()))
        return sorted(standing.collect(), key=str)

    return collected


def acts(rows):
    return [(row.kind, row.link_url, row.by_machine) for row in sorted(rows, key=lambda r: (r.occurred_at, str(r)))]


def test_every_kind_of_mail_event_has_a_word_of_ours_and_others_are_none_of_them(collect):
    rows = collect([event(kind, n) for n, kind in enumerate([*KINDS, "order_completed", "preferences_changed"])])

    assert sorted(row.kind for row in rows) == sorted(KINDS.values())
    assert {row.kind: row.by_machine for row in rows if row.by_machine is not None} == {
        "opened": False,
        "clicked": False,
    }
    assert {(row.message_id, row.address_key, row.provider) for row in rows} == {
        ("m1", hash_address(ADA, key=KEY), "sendgrid")
    }


def test_an_event_that_is_told_again_under_another_id_is_one_row_and_what_came_first_is_kept(collect):
    told = [event("email_opened", 9, provider_event_id=f"id {n:02}", id_=str(n), received=60 + n) for n in range(46)]

    for batches in ([told], [told[20:], told[:20]], [[one] for one in reversed(told[:5])]):
        (row,) = collect(*batches)
        assert (row.provider_event_id, row.received_at) == (
            "id 00",
            (NOON + timedelta(seconds=60)).replace(tzinfo=None),
        )


def test_events_of_other_messages_addresses_instants_and_links_are_others(collect):
    click = {"link_url": "https://s.example/1"}
    rows = collect(
        [
            event("email_link_clicked", 60, **click),
            event("email_link_clicked", 60, link_url="https://s.example/2"),
            event("email_link_clicked", 61, **click),
            event("email_link_clicked", 60, message="m2", **click),
            event("email_link_clicked", 60, email="ben@x.example", **click),
            event("email_link_clicked", 60, email=" ADA@x.example", id_="as another writes it", **click),
        ]
    )

    assert len(rows) == 5


def test_an_event_that_names_no_message_goes_by_the_providers_reference_and_the_address(collect):
    outbox = [
        {"message_id": f"m{n}", "provider_reference": "d1", "address_key": hash_address(to, key=KEY)}
        for n, to in ((1, ADA), (2, "ben@x.example"))
    ]
    rows = collect(
        [
            event("email_opened", 60, message=None, reference="d1"),
            event("email_opened", 60, message=None, reference="d1", email="ben@x.example"),
            event("email_opened", 60, message=None, reference="d1", email="eve@x.example"),
            event("email_opened", 60, message=None, reference="d2"),
            event("email_opened", 60, message=None),
            event("email_opened", 60, message="m9", reference="d1"),
        ],
        outbox=outbox,
    )

    assert sorted(row.message_id for row in rows) == ["m1", "m2", "m9"]


def test_what_a_reader_does_on_our_own_page_is_reported_by_its_source(collect):
    (row,) = collect([event("unsubscribed", 9, email=None, provider=None, source="gateway", id_="e")])

    assert (row.kind, row.provider, row.provider_event_id, row.address_key) == ("unsubscribed", "gateway", "e", None)


def test_a_bounce_is_hard_unless_it_says_soft(collect):
    rows = collect([event("email_bounced", n, bounce_type=said) for n, said in enumerate(("hard", "soft", None))])

    assert [row.bounce_type for row in sorted(rows, key=lambda row: row.occurred_at)] == ["hard", "soft", "hard"]


@pytest.mark.parametrize(
    ("properties", "by_machine"),
    [
        ({}, False),
        ({"by_machine": True}, True),
        ({"by_machine": False}, False),
        ({"user_agent": "Mozilla/5.0"}, True),
        (
            {"user_agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"},
            True,
        ),
        ({"user_agent": "YahooMailProxy; https://help.yahoo.com/"}, True),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, True),
        ({"user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"}, False),
        ({"user_agent": "", "by_machine": None}, False),
    ],
    ids=str,
)
def test_a_machine_is_told_by_its_provider_or_by_its_name(collect, properties, by_machine):
    assert [row.by_machine for row in collect([event("email_opened", 60, **properties)])] == [by_machine]


def test_clicks_before_delivery_or_within_two_seconds_of_it_are_a_machines(collect):
    clicks = [event("email_link_clicked", s, link_url="https://s.example/") for s in (-30, 0, 2, 2.001, 300)]

    assert acts(collect([event("email_delivered", 0), *clicks]))[:2] == [
        ("clicked", "https://s.example/", True),
        ("clicked", "https://s.example/", True),
    ]
    rows = collect([event("email_delivered", 0), *clicks])
    assert [machine for kind, _, machine in acts(rows) if kind == "clicked"] == [True, True, True, False, False]
    assert {row.by_machine for row in collect(clicks)} == {False}  # nobody has said when it was delivered
    others = [event("email_delivered", 0, message="m2"), *clicks]
    assert {row.by_machine for row in collect(others) if row.kind == "clicked"} == {False}


def test_clicks_on_several_links_within_seconds_are_a_machines_and_a_reader_who_takes_time_is_none(collect):
    def links(*seconds):
        return [event("email_link_clicked", s, link_url=f"https://s.example/{n}") for n, s in enumerate(seconds)]

    def machines(*seconds):
        return [row.by_machine for row in sorted(collect(links(*seconds)), key=lambda row: row.link_url)]

    assert machines(60, 60, 60) == [True] * 3
    assert machines(60, 62, 65) == [True] * 3
    assert machines(60, 63, 70) == [False] * 3
    assert machines(60, 60, 60, 900) == [True, True, True, False]
    same = [event("email_link_clicked", s, link_url="https://s.example/") for s in (60, 61, 62)]
    assert {row.by_machine for row in collect(same)} == {False}


def test_the_same_events_say_the_same_in_any_order_of_arrival(collect):
    told = [
        event("email_sent", -1), event("email_delivered", 0), event("email_opened", 1, user_agent="Mozilla/5.0"),
        event("email_opened", 1), event("email_link_clicked", 1, link_url="https://s.example/a"),
        event("email_link_clicked", 400, link_url="https://s.example/a"),
        *(event("email_link_clicked", 200, link_url=f"https://s.example/{n}") for n in range(3)),
        event("email_delivered", 0, message="m2"), event("email_bounced", 5, message="m2", bounce_type="soft"),
        event("email_bounced", 5, message="m2", bounce_type="hard", received=50),
    ]  # fmt: skip
    at_once = collect(told)
    assert len(at_once) == 10

    shuffled = [*told, *told]
    Random(7).shuffle(shuffled)
    assert collect(shuffled[:7], shuffled[7:9], shuffled[9:]) == at_once
