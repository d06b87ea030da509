"""What identify events tell of people is judged as records are; other events tell of nobody."""

import json
from datetime import datetime

import pytest

from lettermill.errors import ConfigError
from lettermill.quality.people import accepted_people, identified, judged_people
from lettermill.settings import load
from lettermill.source_map import require_sense
from lettermill.tables.quality import EVENTS, PEOPLE

SETTINGS = load("local")
DAY = datetime(2017, 6, 1, 12)
SAID = datetime(2017, 6, 1, 11, 59, 58, 123456)
TRAITS = {
    "email": " Zoe@Example.com ",
    "phone": "030 901820",
    "first_name": " Zoë",
    "last_name": "Maurer",
    "birth_year": "1980",
    "country": "de",
    "postcode": "10115",
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
}
IDENTIFY = {
    "kind": "identify", "user_id": "9", "source": "gateway", "origin": "f", "properties": TRAITS,
    "occurred_at": SAID, "received_at": DAY, "available_at": DAY,
}  # fmt: skip


@pytest.fixture
def judged(given):
    """Judge what events tell of people; returns frames of what was told and of the verdicts."""

    def judge(*events):
        told = identified(given(EVENTS, *({"position": n} | event for n, event in enumerate(events, 1))))
        return told, judged_people(told, mappings=SETTINGS.identify_mapping, rules=SETTINGS.quality.of(PEOPLE))

    return judge


def test_an_identify_event_is_a_version_of_its_customers_record_at_its_source_and_consents_to_nothing(judged):
    consenting = IDENTIFY | {"properties": TRAITS | {"state": "granted", "channel": "email", "purpose": "mail"}}

    rows = accepted_people(judged(consenting)[1]).collect()

    absent = dict.fromkeys(PEOPLE.column_names)
    assert [row.asDict() for row in rows] == [
        absent | TRAITS | {
            "source": "gateway", "origin": "f", "position": 1, "record_id": "9", "customer_id": "9",
            "email": "zoe@example.com", "first_name": "Zoë", "birth_year": 1980, "country": "DE",
            "updated_at": SAID, "available_at": DAY, "warnings": [],
        }
    ]  # fmt: skip


def test_traits_are_held_to_the_rules_of_records(judged):
    doubtful = {"email": "zoe@gmial.com", "birth_year": "1066", "country": "Atlantis", "postcode": "1"}

    _, verdicts = judged(
        IDENTIFY | {"properties": TRAITS | doubtful},
        IDENTIFY | {"properties": {"email": "at home", "first_name": "Zoë"}},
        IDENTIFY | {"user_id": None, "anonymous_id": "browser"},
        IDENTIFY | {"user_id": " ", "anonymous_id": "browser"},
    )

    assert [(row.email, row.reasons, row.warnings) for row in verdicts.orderBy("position").collect()] == [
        (
            "zoe@gmial.com",
            [],
            ["email domain looks misspelt", "birth year cannot be", "country is no ISO code"],
        ),
        (None, [], ["email is not an address"]),
        ("zoe@example.com", ["no record id"], []),
        ("zoe@example.com", ["no record id"], []),
    ]


def test_who_is_refused_can_be_read_and_mended_in_canonical_words(judged):
    told, _ = judged(
        IDENTIFY | {"user_id": None, "anonymous_id": "browser", "properties": {"email": "zoe@example.com"}}
    )

    assert [json.loads(row.raw) for row in told.collect()] == [
        {
            "anonymous_id": "browser",
            "properties": {"email": "zoe@example.com"},
            "occurred_at": "2017-06-01T11:59:58.123456Z",
        }
    ]


def test_events_that_tell_no_trait_and_events_of_other_kinds_are_nobodys_record(judged):
    told, _ = judged(
        IDENTIFY | {"properties": {"group_id": "acme"}},
        *(IDENTIFY | {"kind": kind} for kind in ("alias", "group", "order_completed")),
        IDENTIFY,
    )

    assert [row.position for row in told.collect()] == [5]


def test_a_clock_that_is_ahead_by_as_much_as_events_are_allowed_loses_nobody(judged):
    ahead, mended = datetime(2017, 6, 1, 12, 4), datetime(2017, 7, 1)

    _, verdicts = judged(IDENTIFY | {"occurred_at": ahead}, IDENTIFY | {"available_at": mended})

    assert [(row.updated_at, row.available_at, row.reasons) for row in verdicts.orderBy("position").collect()] == [
        (DAY, DAY, []),
        (SAID, mended, []),
    ]


def test_a_mapping_of_identify_that_gives_no_people_stops_before_any_work():
    own = SETTINGS.mappings | {"identify": SETTINGS.mappings["segment"]}

    with pytest.raises(ConfigError, match="identify events tell of people"):
        require_sense(SETTINGS.sources, own, places={})
