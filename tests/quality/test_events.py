"""Raw events become canonical ones, or are set aside with every reason."""

import json
from datetime import datetime, timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.mapping.reading import mapping_of
from lettermill.quality.orders import LINE, accepted_lines, judged_lines, standing_lines
from lettermill.quality.quarantine import DUPLICATE, mark_duplicates, quarantined
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, ORDER_LINES

SETTINGS = load("local")
READ, RULES = SETTINGS.mappings_of("behaviour"), SETTINGS.quality
NOON = datetime(2017, 6, 1, 12)
VIEW = {
    "messageId": "v1",
    "type": "track",
    "event": "Product Viewed",
    "anonymousId": "browser",
    "timestamp": "2017-06-01T11:59:00.000Z",
}
PRODUCT = {"product_id": "7", "quantity": 2, "price": 1.5, "value": 3, "discount": 0}
ORDER = VIEW | {
    "messageId": "o1",
    "event": "Order Completed",
    "userId": "9",
    "properties": {"order_id": "b1", "currency": "USD", "products": [PRODUCT]},
}


@pytest.fixture
def checked(given):
    """Judged events with duplicates marked, beside the events that stand already."""
    return lambda rows, standing=None: mark_duplicates(
        judged_events(rows, mappings=READ, rules=RULES.of(EVENTS)).localCheckpoint(),
        standing=given(EVENTS) if standing is None else standing,
        key="event_id",
    )


@pytest.fixture
def checked_lines(given):
    """Judged order lines with duplicates marked, beside the lines that stand already."""
    return lambda events, standing=None: mark_duplicates(
        judged_lines(events, rules=RULES.of(ORDER_LINES)).localCheckpoint(),
        standing=standing_lines(given(ORDER_LINES) if standing is None else standing),
        key=LINE,
    )


@pytest.fixture
def arrived(given):
    """Rows of ingest.events from dicts or raw text, in the order of their positions."""

    def rows(*raws):
        texts = [raw if isinstance(raw, str) else json.dumps(raw) for raw in raws]
        same = {"source": "web", "origin": "2017-06-01.jsonl", "received_at": NOON}
        return given(ingest.EVENTS, *(same | {"raw": text, "position": place} for place, text in enumerate(texts, 1)))

    return rows


def test_each_rule_catches_its_fault_and_nothing_else(arrived):
    faults = {
        "{": ["not a JSON object"],
        "[1]": ["not a JSON object"],
        json.dumps(VIEW | {"messageId": " "}): ["no event id"],
        json.dumps(VIEW | {"event": None}): ["no kind of event"],
        json.dumps(VIEW | {"anonymousId": None}): ["neither user nor browser is named"],
        json.dumps(VIEW | {"timestamp": "soon"}): ["no time at which it happened"],
        json.dumps(VIEW | {"timestamp": "2017-06-01T12:06:00Z"}): ["happened after it was received"],
        json.dumps(ORDER | {"properties": {"order_id": "", "currency": "USD", "products": [PRODUCT]}}): [
            "an order without an id"
        ],
        json.dumps(ORDER | {"properties": {"order_id": "b", "products": [PRODUCT]}}): ["an order without a currency"],
        json.dumps(ORDER | {"properties": {"order_id": "b", "currency": "USD", "products": "7"}}): [
            "an order without a list of products"
        ],
        json.dumps(VIEW): [],
        json.dumps(ORDER): [],
    }

    judged = judged_events(arrived(*faults), mappings=READ, rules=RULES.of(EVENTS))

    found = {row.raw: row.reasons for row in judged.collect()}
    assert {raw: reasons for raw, reasons in found.items() if raw not in ("{", "[1]")} == {
        raw: reasons for raw, reasons in faults.items() if raw not in ("{", "[1]")
    }
    assert all("not a JSON object" in found[raw] for raw in ("{", "[1]"))


def test_an_event_was_received_when_its_source_claims_else_when_the_raw_table_says(arrived, checked):
    claims = {"a": "2017-06-01T11:59:30.500Z", "b": "2017-06-01T13:59:30+02:00", "c": "soon", "d": None, "e": {"at": 1}}
    rows = [VIEW | {"messageId": id_, "receivedAt": claim} for id_, claim in claims.items()]

    accepted = accepted_events(checked(arrived(*rows, VIEW | {"messageId": "f"})))

    half_past = NOON - timedelta(seconds=30)
    assert [tuple(row) for row in accepted.select("event_id", "received_at").orderBy("event_id").collect()] == [
        ("a", half_past + timedelta(milliseconds=500)), ("b", half_past), *((id_, NOON) for id_ in "cdef")
    ]  # fmt: skip
    assert accepted.where("available_at != received_at").count() == 0


def test_of_two_arrivals_the_one_stays_that_was_received_first_by_its_claim(arrived, checked):
    later, first = VIEW | {"receivedAt": "2017-06-01T11:59:40Z"}, VIEW | {"receivedAt": "2017-06-01T11:59:20Z"}

    accepted = accepted_events(checked(arrived(later, first)))

    assert [row.position for row in accepted.collect()] == [2]


def test_the_claim_is_read_though_a_mapping_reads_it_as_something_else(arrived):
    for path in ("receivedAt.at", "receivedat", "receivedAt"):
        fields = {"event_id": "messageId", "kind": "event", "occurred_at": "timestamp", "anonymous_id": "anonymousId"}
        own = mapping_of("own", {"fields": fields | {"properties.total": path}}, place="own.yml")
        rows = arrived(VIEW | {"receivedAt": "2017-06-01T11:59:30Z"})

        judged = judged_events(rows, mappings=Mappings({}, own), rules=[])

        assert judged.first().received_at == NOON - timedelta(seconds=30), path


def test_events_are_told_in_snake_case_with_typed_properties(arrived, checked):
    page = VIEW | {"messageId": "p1", "type": "page", "event": None, "name": "Home"}

    accepted = accepted_events(checked(arrived(VIEW, page, ORDER)))

    rows = (
        accepted.select("event_id", "kind", "user_id", "occurred_at", "properties.products.value")
        .orderBy("event_id")
        .collect()
    )
    at = NOON - timedelta(minutes=1)
    assert [(*row[:4], row[4] and [float(v) for v in row[4]]) for row in rows] == [
        ("o1", "order_completed", "9", at, [3.0]),
        ("p1", "page_viewed", None, at, None),
        ("v1", "product_viewed", None, at, None),
    ]


def test_an_alias_names_the_id_until_then_and_no_other_event_does(arrived, checked):
    alias = VIEW | {"messageId": "a1", "type": "alias", "event": None, "userId": "9", "previousId": "browser"}

    accepted = accepted_events(checked(arrived(alias, VIEW | {"previousId": "stray"})))

    rows = accepted.select("kind", "user_id", "previous_id").orderBy("event_id").collect()
    assert [tuple(row) for row in rows] == [("alias", "9", "browser"), ("product_viewed", None, None)]


def test_the_first_arrival_of_an_event_id_stays_and_the_others_are_kept_as_duplicates(arrived, checked, given):
    judged = checked(arrived(VIEW, VIEW, VIEW | {"messageId": "v2"}), given(EVENTS, {"event_id": "v2", "position": 9}))

    assert [(row.event_id, row.position) for row in accepted_events(judged).collect()] == [("v1", 1)]
    aside = (
        quarantined(judged, refused_by=EVENTS.name, raw=F.col("raw"))
        .select("position", "disposition", "reasons")
        .collect()
    )
    assert sorted(map(tuple, aside)) == [(2, "duplicate", [DUPLICATE]), (3, "duplicate", [DUPLICATE])]


def test_a_batch_that_is_tried_again_is_judged_as_it_was_the_first_time(arrived, checked):
    batch = arrived(VIEW, VIEW)
    first = checked(batch)
    again = checked(batch, accepted_events(first))

    assert sorted(again.select("position", "is_duplicate").collect()) == sorted(
        first.select("position", "is_duplicate").collect()
    )
    assert accepted_events(again).isEmpty()


def test_order_lines_without_units_are_refused_one_by_one(arrived, checked, checked_lines):
    products = [PRODUCT, PRODUCT | {"quantity": 0}, PRODUCT | {"value": -1}, PRODUCT | {"quantity": 89638}]
    order = ORDER | {"properties": ORDER["properties"] | {"products": products}}
    events = accepted_events(checked(arrived(order)))

    judged = checked_lines(events)

    assert [(row.line, row.quantity) for row in accepted_lines(judged).collect()] == [(1, 2), (4, 89638)]
    aside = (
        quarantined(judged, refused_by=ORDER_LINES.name, raw=F.to_json("product")).select("part", "reasons").collect()
    )
    assert sorted(map(tuple, aside)) == [(2, ["quantity is not above zero"]), (3, ["amount is missing or below zero"])]


def test_another_event_with_the_same_order_id_adds_no_lines(arrived, checked, checked_lines):
    events = accepted_events(checked(arrived(ORDER, ORDER | {"messageId": "o2"})))
    first = events.where("event_id = 'o1'")
    standing = accepted_lines(checked_lines(first))

    both = checked_lines(events)
    later = checked_lines(events.where("event_id = 'o2'"), standing)
    again = checked_lines(first, standing)

    assert [[row.event_id for row in accepted_lines(judged).collect()] for judged in (both, later, again)] == [
        ["o1"],
        [],
        [],
    ]
