"""Texts that hold a NUL or half a character are refused with that reason, whatever they came in, and kept as they came."""

import json
from datetime import datetime

import pytest

from lettermill.quality.events import judged_events
from lettermill.quality.people import judged_people
from lettermill.quality.products import judged_products
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, PEOPLE, PRODUCTS

DAY = datetime(2017, 6, 1)
SETTINGS = load("local")
READ, RULES = SETTINGS.mappings_of, SETTINGS.quality
REASON = "a text holds a NUL or half a character"
TEXTS = {
    r"a\u0000b": True,
    r"\\\u0000": True,
    r"\ud800": True,
    r"\uDC00x": True,
    r"\ud83d\ud83d\ude00": True,
    "a\x00b": True,
    r"\\u0000": False,
    r"\\ud800": False,
    r"\ud83d\ude00": False,
    r"caf\u00e9 \"quoted\"": False,
    "😀": False,
}
EVENT = '{"messageId": "m%d", "type": "track", "event": "Seen", "userId": "9", "timestamp": "2017-05-01", "properties": {"url": "%s"}}'
PERSON = '{"record_id": "r%d", "updated_at": "2017-05-01", "last_name": "%s"}'
PRODUCT = '{"product_id": "p%d", "price": "1", "currency": "USD", "name": "%s"}'


@pytest.mark.parametrize(
    ("template", "judge", "table", "holds", "into"),
    [
        (EVENT, judged_events, ingest.EVENTS, "behaviour", EVENTS),
        (PERSON, judged_people, ingest.RECORDS, "people", PEOPLE),
        (PRODUCT, judged_products, ingest.RECORDS, "products", PRODUCTS),
    ],
)
def test_a_broken_text_is_refused_and_every_other_taken(given, template, judge, table, holds, into):
    at = {"received_at": DAY} if table is ingest.EVENTS else {"extracted_at": DAY}
    raws = [template % (place, text) for place, text in enumerate(TEXTS)]
    rows = given(table, *(at | {"raw": raw, "position": place} for place, raw in enumerate(raws)))

    judged = judge(rows, mappings=READ(holds), rules=RULES.of(into)).orderBy("position").collect()

    assert [REASON in row.reasons for row in judged] == [*TEXTS.values()]
    assert [row.raw for row in judged] == raws
    assert [row.reasons for row in judged if REASON not in row.reasons] == [[]] * 5


def test_a_text_that_json_cannot_hold_is_found_by_its_escapes(given):
    raw = EVENT % (1, json.dumps("\ud800")[1:-1])

    arrived = given(ingest.EVENTS, {"raw": raw, "received_at": DAY})
    judged = judged_events(arrived, mappings=READ("behaviour"), rules=RULES.of(EVENTS))

    assert [row.reasons for row in judged.collect()] == [[REASON]]
