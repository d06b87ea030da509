"""What names a person in a raw row, and what does not."""

import json

import pytest

from lettermill.identifiers import addresses_in, identifier, identifiers_in


def named(row, source="crm"):
    return identifiers_in(row if isinstance(row, str | bytes) else json.dumps(row), source=source)


def test_identifiers_are_known_by_the_keys_they_stand_under():
    row = {
        "userId": 9, "anonymousId": " B-1 ", "quantity": "9", "context": {"device": {"id": "D7"}, "traits": {"phone": "+43 (1) 23"}},
        "products": [{"product_id": "9", "name": "Jam"}], "record_id": "r1", "is_new": True,
    }  # fmt: skip

    assert named(row) == {"customer_id:9", "anonymous_id:b-1", "device:d7", "phone:43123", "record:crm/r1"}


@pytest.mark.parametrize(
    "text",
    [
        "Ana@X.example",
        "write to <ana@x.example>, please",
        "https://shop.example/u?to=ana@x.example&c=1",
        "@@ana@x.example@",
        '{"note": "mailto:ana@x.example"}',
        "{broken json ana@x.example",
        "ANA@X.EXAMPLE.",
    ],
)
def test_an_address_is_found_wherever_it_stands(text):
    assert named({"any": text}) == {"email:ana@x.example"} == addresses_in(text)


def test_an_address_within_a_longer_one_is_another():
    assert named({"email": "joana@x.example"}) == {"email:joana@x.example"}
    assert "email:ana@x.example" not in named({"email": "ana@x.example.org"})


def test_an_escaped_address_and_other_forms_of_its_letters_are_the_same():
    assert named(r'{"email": "ana@x.example"}') == {"email:ana@x.example"}
    assert identifier("email", " Ana\u0301@x.example ") == identifier("email", "an\u00e1@x.example")


def test_however_deep_and_long_a_row_is_it_is_read():
    deep = "[" * 1_000 + '{"userId": "9"}' + "]" * 1_000
    long = "x" * 200_000

    assert named(deep) == {"customer_id:9"}
    assert named({"blob": long + "@" + long, "email": "ana@x.example"}) == {"email:ana@x.example"}


@pytest.mark.parametrize("raw", [b"\xff\xfe", "", "null", "[[[[", "NaN", '"text"', b"{"])
def test_what_is_no_row_names_nobody_and_stops_nothing(raw):
    assert named(raw) == set()
