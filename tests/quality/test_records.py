"""Person records and catalogue rows are typed, warned about, or refused."""

import json
from datetime import datetime
from decimal import Decimal

import pytest

from lettermill.quality.people import accepted_people, judged_demographics, judged_people
from lettermill.quality.products import VERSION, accepted_products, judged_products, standing_products
from lettermill.quality.quarantine import mark_duplicates
from lettermill.settings import load
from lettermill.tables.ingest import RECORDS
from lettermill.tables.quality import PEOPLE, PRODUCTS

SETTINGS = load("local")
READ, RULES = SETTINGS.mappings_of, SETTINGS.quality
DAY = datetime(2017, 6, 1)
PERSON = {
    "record_id": "r1",
    "customer_id": "9",
    "first_name": "Zoë",
    "email": " Zoe@Example.com ",
    "birth_year": 1980,
    "updated_at": "2017-05-01T00:00:00Z",
}
JAM = {
    "product_id": "7",
    "name": "Jam",
    "price": "1.50",
    "currency": "USD",
    "available": "true",
    "url": "https://shop.example/p/7",
}


@pytest.fixture
def records(given):
    return lambda *rows: given(
        RECORDS,
        *(
            {"position": n, "source": "crm", "origin": "f", "raw": json.dumps(row), "extracted_at": DAY}
            for n, row in enumerate(rows, 1)
        ),
    )


def test_addresses_are_normalised_and_what_is_none_is_blanked_with_a_warning(records):
    changes = [
        {},
        {"email": "zoe(at)example.com"},
        {"email": None},
        {"email": "zoe@gmial.com"},
        {"birth_year": 2107},
        {"first_name": " "},
    ]

    told = records(*(PERSON | change for change in changes))
    people = accepted_people(judged_people(told, mappings=READ("people"), rules=RULES.of(PEOPLE)))

    assert [(row.email, row.birth_year, row.first_name, row.warnings) for row in people.collect()] == [
        ("zoe@example.com", 1980, "Zoë", []),
        (None, 1980, "Zoë", ["email is not an address"]),
        (None, 1980, "Zoë", ["email is missing"]),
        ("zoe@gmial.com", 1980, "Zoë", ["email domain looks misspelt"]),
        ("zoe@example.com", None, "Zoë", ["birth year cannot be"]),
        ("zoe@example.com", 1980, None, ["no name"]),
    ]


def test_a_record_without_id_or_time_is_refused(records):
    judged = judged_people(
        records(PERSON | {"record_id": None}, PERSON | {"updated_at": None}, PERSON | {"updated_at": "2018-01-01"}),
        mappings=READ("people"),
        rules=RULES.of(PEOPLE),
    )

    assert [row.reasons for row in judged.select("reasons").collect()] == [
        ["no record id"],
        ["no time of the last change"],
        ["changed after it was extracted"],
    ]


def test_demographics_are_as_old_as_their_extract(records):
    bought = records({"customer_id": "9", "age": "35-44", "income": "50-74K"})

    judged = judged_demographics(bought, mappings=READ("demographics"), rules=RULES.of(PEOPLE))

    row = accepted_people(judged).first()
    assert (row.record_id, row.customer_id, row.age_band, row.income_band, row.updated_at) == (
        "9",
        "9",
        "35-44",
        "50-74K",
        DAY,
    )


def test_products_are_typed_and_bad_ones_refused_with_every_reason(records, given):
    rows = [JAM, JAM | {"product_id": "8", "price": "cheap", "url": "javascript:alert(1)"}, JAM]

    judged = judged_products(records(*rows), mappings=READ("products"), rules=RULES.of(PRODUCTS))
    judged = mark_duplicates(judged, standing=standing_products(given(PRODUCTS)), key=VERSION)

    assert [(r.product_id, r.price, r.is_available, r.valid_from) for r in accepted_products(judged).collect()] == [
        ("7", Decimal("1.50"), True, DAY)
    ]
    assert sorted((r.position, r.reasons, r.is_duplicate) for r in judged.collect()) == [
        (1, [], False),
        (2, ["price is missing or below zero", "link is not https"], False),
        (3, [], True),
    ]
