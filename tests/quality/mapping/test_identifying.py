"""Raw rows of mapped sources name people by what their sources declare, and as the canonical rows name them."""

import base64
import json

import pytest

from lettermill.ingest.sources import Source
from lettermill.quality.mapping.applying import Mappings, mapped
from lettermill.quality.mapping.identifying import KINDS_OF_FIELDS
from lettermill.quality.mapping.one_payload import payload_of
from lettermill.quality.mapping.reading import mapping_of
from lettermill.settings import load
from lettermill.source_map import row_reader
from lettermill.tables import ingest
from tests.quality.mapping.payloads import (
    CLOUD_EVENT,
    GA4_PURCHASE,
    SEGMENT_CALLS,
    SHOPIFY_ORDER,
    SHOPIFY_REFUND,
)

PACKED = CLOUD_EVENT | {
    "data": None,
    "data_base64": base64.b64encode(b'{"customerId": 9, "email": "a@x.example"}').decode(),
}
CONTACT = {
    "id": "501",
    "properties": {
        "email": None,
        "firstname": "Ana",
        "phone": "(212) 555-0123",
        "lastmodifieddate": "2017-05-01T00:00:00Z",
    },
}
ACCOUNT = {"Id": "001xx000003DGb2AAG", "LastName": "Lee", "Phone": "0660 1234567", "PersonMailingCountry": "at"}
WRAPPED = {
    "holds": "behaviour",
    "embedded": {"told": {"text": "message.data"}},
    "fields": {"event_id": "message.id", "kind": {"constant": "page_viewed"}, "occurred_at": "at",
               "user_id": {"join": [{"constant": "till"}, "told.who"], "by": "-"}},
}  # fmt: skip


def named(raw, source):
    return load("local").row_reader(raw if isinstance(raw, str) else json.dumps(raw), source=source)


def test_a_record_of_a_mapped_source_is_known_by_the_id_that_its_mapping_reads():
    assert named(CONTACT, "hubspot_contacts") == {
        "record:hubspot_contacts/501", "phone:2125550123", "phone:12125550123",
    }  # fmt: skip
    assert named(ACCOUNT, "salesforce_accounts") == {
        "record:salesforce_accounts/001xx000003dgb2aag", "phone:06601234567", "phone:436601234567",
    }  # fmt: skip


def test_the_same_words_of_another_source_name_no_record():
    assert named(CONTACT, "crm") == named(CONTACT, "no longer declared") == {"phone:2125550123", "phone:12125550123"}


def test_ids_that_a_mapping_makes_are_read_as_it_makes_them():
    sources = {name: Source("events", "behaviour", name, mapping=name) for name in ("shopify", "wrapped")}
    reads = row_reader(sources, load("local").mappings | {"wrapped": WRAPPED}, region="US")

    order = reads(json.dumps(SHOPIFY_ORDER), source="shopify")
    refund = reads(json.dumps(SHOPIFY_REFUND), source="shopify")
    wrapped = reads('{"message": {"id": "1", "data": "{\\"who\\": 9}"}}', source="wrapped")

    assert order == {"customer_id:207119551", "anonymous_id:shopify-order:450789469", "email:zoe@example.com"}
    assert refund == {"anonymous_id:shopify-order:450789469"}
    assert wrapped == {"customer_id:till-9"}


def test_what_is_no_row_of_the_mapping_names_nobody_and_stops_nothing():
    for raw in ("null", "[]", '"text"', "{", "[[[[", '{"id": {"a": 1}, "properties": [1]}', '{"id": " "}', ""):
        assert named(raw, "hubspot_contacts") == set()


@pytest.mark.parametrize(
    ("mapping", "payloads"),
    [
        ("segment", SEGMENT_CALLS),
        ("ga4", [GA4_PURCHASE]),
        ("cloudevents", [CLOUD_EVENT, PACKED]),
        ("shopify", [SHOPIFY_ORDER, SHOPIFY_REFUND, SHOPIFY_ORDER | {"cancelled_at": "2017-06-02T00:00:00Z", "line_items": []}]),
        ("hubspot_contacts", [CONTACT]),
        ("salesforce_accounts", [ACCOUNT]),
        ("own", [{"a": 1, "b": None, "c": "d/é\"", "e": [{"k": "x", "v": 5}]}, {"a": True, "c": "Two  Words"}, {}]),
    ],
)  # fmt: skip
def test_one_payload_gives_the_texts_that_the_columns_have(mapping, payloads, given):
    own = {
        "holds": "people",
        "fields": {
            "record_id": {"hash": ["a", "b", "c"]}, "updated_at": "at", "customer_id": {"join": ["a", "c"]},
            "phone": "e[k=x].v", "email": {"path": "c", "text": "snake_case"}, "country": ["b", "e[0].k", "a"],
            "first_name": {"path": "a", "lookup": {"1": "one"}, "otherwise": "keep"},
            "last_name": {"path": "c", "lookup": {"1": "one"}},
        },
    }  # fmt: skip
    content = own if mapping == "own" else load("local").mappings[mapping]
    read = mapping_of(mapping, content, place="")
    rows = [{"source": "s", "position": place, "raw": json.dumps(one)} for place, one in enumerate(payloads)]

    columns = mapped(given(ingest.EVENTS, *rows), Mappings({}, otherwise=read)).orderBy("position").select("read.*")

    texts = {*KINDS_OF_FIELDS, "country", "first_name", "last_name"} & {*read.fields}
    assert [{name: payload_of(one, read).text(read.fields[name]) for name in sorted(texts)} for one in payloads] == [
        {name: _value(row, name) for name in sorted(texts)} for row in columns.collect()
    ]


def _value(row, name):
    return row["properties"][name.removeprefix("properties.")] if "." in name else row[name]
