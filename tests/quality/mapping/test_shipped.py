"""The mappings that come with the suite: payloads as they are sent become canonical events."""

import base64
import json
from datetime import datetime
from decimal import Decimal

import pytest

from lettermill.quality.events import judged_events
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.mapping.countries import country_words
from lettermill.quality.mapping.reading import mapping_of
from lettermill.quality.people import accepted_people, judged_people
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, PEOPLE
from tests.quality.mapping.payloads import (
    CLOUD_EVENT,
    GA4_PURCHASE,
    GA4_SCROLL,
    GA4_VIEW,
    HUBSPOT_CONTACT,
    IDENTIFY,
    SALESFORCE_ACCOUNT,
    SEGMENT_CALLS,
    SHOPIFY_ORDER,
    SHOPIFY_REFUND,
    VIEWED,
)

RULES = load("local").quality.of(EVENTS)
SHIPPED = {name: mapping_of(name, content, place=name) for name, content in load("local").mappings.items()}
READ = Mappings({name: SHIPPED[name] for name in ("ga4", "cloudevents", "shopify")}, otherwise=SHIPPED["segment"])
LATER = datetime(2017, 6, 5)


@pytest.fixture
def canonical(given):
    """Judge payloads of sources named like their mappings; returns rows by source and position."""

    def judge(**payloads):
        rows = [
            {"source": source, "position": place, "raw": raw if isinstance(raw, str) else json.dumps(raw)}
            for source, raws in payloads.items()
            for place, raw in enumerate(raws, start=1)
        ]
        arrived = given(ingest.EVENTS, *(row | {"received_at": LATER} for row in rows))
        return judged_events(arrived, mappings=READ, rules=RULES).orderBy("source", "position").collect()

    return judge


@pytest.fixture
def crm_records(given):
    """Judge records of sources named like their mappings; returns rows of quality.people by source and position."""
    crms = {name: SHIPPED[name] for name in ("hubspot_contacts", "salesforce_accounts")}

    def judge(**payloads):
        rows = [
            {"source": source, "position": place, "raw": json.dumps(raw), "extracted_at": LATER}
            for source, raws in payloads.items()
            for place, raw in enumerate(raws, start=1)
        ]
        judged = judged_people(
            given(ingest.RECORDS, *rows),
            mappings=Mappings(crms, otherwise=SHIPPED["crm"]),
            rules=load("local").quality.of(PEOPLE),
        )
        return accepted_people(judged).orderBy("source", "position").collect()

    return judge


def filled(properties):
    return {name: value for name, value in properties.asDict().items() if value is not None}


def amounts(products):
    return [tuple(product) for product in products]


def test_the_six_calls_of_segment_have_a_kind_each_and_keep_who_and_where(canonical):
    rows = canonical(segment=SEGMENT_CALLS)

    assert [(row.kind, row.user_id, row.anonymous_id, row.reasons) for row in rows] == [
        ("product_viewed", None, "browser", []),
        ("page_viewed", None, "browser", []),
        ("screen_viewed", "9", None, []),
        ("identify", "9", None, []),
        ("alias", "9", None, []),
        ("group", "9", None, []),
        (None, "9", None, ["no kind of event"]),
    ]
    assert [row.previous_id for row in rows if row.previous_id] == ["browser"]
    assert [filled(row.properties) for row in rows] == [
        {
            "product_id": "7",
            "price": Decimal("1.50"),
            "url": "https://shop.example/p/7",
            "referrer": "https://a.example/",
            "user_agent": "Firefox",
        },
        {"url": "https://shop.example/", "referrer": "https://b.example/"},
        {"device_id": "B5372DB0-C21E"},
        {"email": "zoe@example.com", "phone": "+49 30 1"},
        {},
        {"group_id": "acme"},
        {},
    ]


def test_an_identify_call_tells_of_the_person_what_its_traits_say_and_where_its_device_is(canonical):
    as_texts = IDENTIFY | {
        "messageId": "1",
        "traits": {"address": "Am Markt 1, Berlin", "birthday": "spring", "phone": 49301},
    }
    as_text = IDENTIFY | {"messageId": "2", "traits": "none", "context": ["none"]}

    whole, partly, nothing = canonical(segment=[IDENTIFY, as_texts, as_text])

    device = {"locale": "de-DE", "timezone": "Europe/Berlin"}
    assert [row.reasons for row in (whole, partly, nothing)] == [[], [], []]
    assert [filled(row.properties) for row in (whole, partly, nothing)] == [
        {
            "email": " Zoe@Example.com ",
            "first_name": "Zoë",
            "last_name": "Maurer",
            "phone": "030 901820",
            "birth_year": "1980",
            "country": "DE",
            "postcode": "10115",
        }
        | device,
        {"phone": "49301", "birth_year": "spring"} | device,
        {},
    ]


def test_no_other_call_tells_of_a_person(canonical):
    rows = canonical(
        segment=[one | {"traits": IDENTIFY["traits"], "context": IDENTIFY["context"]} for one in SEGMENT_CALLS]
    )

    of_identify = {"first_name", "last_name", "birth_year", "country", "postcode", "locale", "timezone"}
    assert [row.kind for row in rows if of_identify & {*filled(row.properties)}] == ["identify"]


def test_rows_of_the_ga4_export_become_orders_views_and_whatever_else_was_sent(canonical):
    purchase, view, scroll = canonical(ga4=[GA4_PURCHASE, GA4_VIEW, GA4_SCROLL])

    assert [(row.kind, row.user_id, row.anonymous_id, row.reasons) for row in (purchase, view, scroll)] == [
        ("order_completed", "9", "123.456", []),
        ("product_viewed", None, "123.456", []),
        ("scroll", None, "123.456", []),
    ]
    assert purchase.occurred_at == datetime(2017, 6, 1, 11, 0, 0, 123456)
    bought = filled(purchase.properties)
    assert amounts(bought.pop("products")) == [
        ("7", 2, Decimal("1.50"), Decimal("3.00"), Decimal("0.00")),
        ("8", 1, Decimal("5.50"), Decimal("5.50"), Decimal("0.00")),
    ]
    assert bought == {
        "order_id": "T-1",
        "total": Decimal("8.50"),
        "currency": "EUR",
        "url": "https://shop.example/thanks",
    }
    seen = filled(view.properties)
    assert (seen["product_id"], seen["price"], seen["category"]) == ("7", Decimal("1.50"), "Jam")
    assert seen["device_id"] == "B5372DB0-C21E"


def test_a_ga4_event_gets_the_same_id_from_every_export_and_another_one_than_its_neighbours(canonical):
    again = dict(reversed(GA4_PURCHASE.items()))
    other = GA4_PURCHASE | {"event_bundle_sequence_id": "43"}
    as_number = GA4_PURCHASE | {"event_timestamp": 1496314800123456}

    ids = [row.event_id for row in canonical(ga4=[GA4_PURCHASE, again, as_number, other])]

    assert [one == ids[0] for one in ids] == [True, True, True, False]
    assert all(len(one) == 64 for one in ids)


def test_a_cloud_event_is_read_beside_its_data_or_from_base64(canonical):
    text = base64.b64encode(json.dumps(CLOUD_EVENT["data"]).encode()).decode()
    encoded = {name: value for name, value in CLOUD_EVENT.items() if name != "data"} | {"data_base64": text}
    no_base64, no_json = encoded | {"data_base64": "%%%"}, encoded | {"data_base64": "AAAA"}

    plain, packed, *unreadable = canonical(cloudevents=[CLOUD_EVENT, encoded, no_base64, no_json])

    assert (plain.event_id, plain.kind, plain.user_id) == ("/shop/tills#A234-1234", "order_completed", "9")
    assert amounts(plain.properties.products) == [("7", 2, Decimal("1.50"), Decimal("3.00"), None)]
    assert (packed.event_id, packed.user_id, packed.properties) == (plain.event_id, plain.user_id, plain.properties)
    assert all("neither user nor browser is named" in row.reasons for row in unreadable)


def test_a_shopify_order_is_completed_once_whatever_hook_tells_of_it(canonical):
    paid = SHOPIFY_ORDER | {"financial_status": "paid"}
    cancelled = SHOPIFY_ORDER | {"cancelled_at": "2017-06-02T08:00:00Z"}

    created, confirmed, called_off, refunded = canonical(shopify=[SHOPIFY_ORDER, paid, cancelled, SHOPIFY_REFUND])

    assert [(row.event_id, row.kind, row.user_id, row.occurred_at) for row in (created, called_off, refunded)] == [
        ("shopify:order:450789469:completed", "order_completed", "207119551", datetime(2017, 6, 1, 11)),
        ("shopify:order:450789469:cancelled", "order_cancelled", "207119551", datetime(2017, 6, 2, 8)),
        ("shopify:refund:929361464", "order_refunded", None, datetime(2017, 6, 3, 10)),
    ]
    assert confirmed.event_id == created.event_id
    assert {row.anonymous_id for row in (created, called_off, refunded)} == {"shopify-order:450789469"}
    assert {row.properties.order_id for row in (created, called_off, refunded)} == {"450789469"}
    assert amounts(created.properties.products) == [
        ("632910392", 2, Decimal("199.00"), Decimal("393.66"), Decimal("4.34")),
        ("7", 1, Decimal("21.94"), Decimal("16.28"), Decimal("5.66")),
    ]
    assert (created.properties.total, created.properties.currency, created.properties.coupon) == (
        Decimal("409.94"), "EUR", "TENOFF",
    )  # fmt: skip
    assert amounts(refunded.properties.products) == [
        ("632910392", 1, Decimal("199.00"), Decimal("197.83"), Decimal("0.00"))
    ]
    assert [row.reasons for row in (created, confirmed, called_off, refunded)] == [[], [], [], []]


def test_each_source_is_read_by_its_own_mapping_in_one_batch_and_an_undeclared_one_as_our_own(canonical):
    rows = canonical(ga4=[GA4_VIEW, "{"], gone=[VIEWED], shopify=[VIEWED, "[1]"])

    assert [(row.source, row.kind) for row in rows] == [
        ("ga4", "product_viewed"),
        ("ga4", None),
        ("gone", "product_viewed"),
        ("shopify", None),
        ("shopify", None),
    ]
    assert ["not a JSON object" in row.reasons for row in rows] == [False, True, False, False, True]


def test_no_amount_or_instant_however_wrong_stops_the_run(canonical):
    wrong = [
        GA4_PURCHASE | {"event_timestamp": stamp, "items": [{"item_id": "7", "quantity": q, "price": p}]}
        for stamp in ("99999999999999999999", "-1", "soon", 1e300, None, {"a": 1})
        for q, p in (("1e400", "NaN"), ("2.5", "Infinity"), (True, "99999999999999999999"))
    ]

    rows = canonical(ga4=wrong)

    assert len(rows) == len(wrong)
    assert all(product.quantity == 1 for row in rows for product in row.properties.products)


def test_a_record_of_either_crm_has_a_country_by_its_iso_code_a_year_of_birth_and_a_denial(crm_records):
    rows = crm_records(hubspot_contacts=[HUBSPOT_CONTACT], salesforce_accounts=[SALESFORCE_ACCOUNT])

    same = (
        "first_name",
        "last_name",
        "email",
        "phone",
        "birth_year",
        "country",
        "postcode",
        "email_consent",
        "warnings",
    )
    person = ("Zoë", "Maurer", "zoe@example.com", "030 901820", 1980, "DE", "10115", "denied", [])
    assert [(row.record_id, *(row[name] for name in same)) for row in rows] == [
        ("512", *person), ("001D000000IRFmaIAH", *person),
    ]  # fmt: skip
    assert {(row.updated_at, row.consent_at) for row in rows} == {(datetime(2017, 6, 1, 10), datetime(2017, 6, 1, 10))}


def test_a_country_or_birth_date_that_nobody_can_read_is_blank_and_told_never_a_wrong_word(crm_records):
    readable = ["Germany", " germany ", "de", "DEU", "U.S.A.", "UK", "Trinidad and Tobago", "Cote d'Ivoire", "Türkiye"]
    words = [*readable, "Allemagne", "ZZ", "SU", "", None]
    told = [SALESFORCE_ACCOUNT | {"PersonMailingCountry": word, "PersonMailingPostalCode": None} for word in words]
    told.append(SALESFORCE_ACCOUNT | {"PersonBirthdate": "17/05/1980"})

    *rows, undated = crm_records(salesforce_accounts=told)

    assert [(row.country, row.warnings) for row in rows] == [
        *((code, []) for code in ("DE", "DE", "DE", "DE", "US", "GB", "TT", "CI", "TR")),
        *[(None, ["country is no ISO code"])] * 3,
        *[(None, [])] * 2,
    ]
    assert (undated.birth_year, undated.warnings) == (None, ["birth year cannot be"])


def test_every_country_is_known_by_its_code_and_none_by_the_code_of_a_state_that_is_gone():
    words = country_words()

    assert {word.upper() for word in words if len(word) == 2} == {*words.values(), "UK"}
    assert {"dd", "su", "yu", "eu", "zz"} & {*words} == set()
