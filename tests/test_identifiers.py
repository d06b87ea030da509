"""What names a person in a raw row, and what does not."""

import base64
import json

import pytest

from lettermill.identifiers import addresses_in, identifier, identifiers_in, parsed


def named(row, source="crm"):
    content = parsed(row if isinstance(row, str | bytes) else json.dumps(row))
    return identifiers_in(content, source=source, region="US")


def test_identifiers_are_known_by_the_keys_they_stand_under():
    row = {
        "userId": 9, "anonymousId": " B-1 ", "quantity": "9", "context": {"device": {"id": "D7"}, "traits": {"phone": "+43 (1) 23"}},
        "products": [{"product_id": "9", "name": "Jam"}], "record_id": "r1", "is_new": True,
    }  # fmt: skip

    assert named(row) == {"customer_id:9", "anonymous_id:b-1", "device:d7", "phone:43123", "record:crm/r1"}


def test_engagement_names_a_hashed_address_and_a_handle_on_its_platform():
    row = {"platform": " Mastodon", "handle": "@Zoe ", "email_sha256": "AB12", "subject": "post/7"}

    assert named(row) == {"handle:mastodon/zoe", "email_sha256:ab12"}
    assert named({"handle": "jam-jar", "title": "Jam"}) == set()  # the name of a product's page
    assert named({"handle": "zoe", "platform": None}) == set()


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


@pytest.mark.parametrize(
    "written", ["(212) 555-0123", "212.555.0123", "+1 212 555 0123", "12125550123", " 2125550123 "]
)
def test_a_telephone_number_is_known_by_its_international_digits_however_it_is_written(written):
    assert identifier("phone", "+12125550123") in named({"traits": {"mobile_phone": written}})


@pytest.mark.parametrize("key", ["Phone", "PersonMobilePhone", "hs_whatsapp_phone_number", "mobile"])
def test_a_number_without_its_country_is_a_telephone_number_where_the_key_says_so(key):
    assert identifier("phone", "+12125550123") in named({key: "212 555 0123"})
    assert named({"order_id": "212 555 0123", "total": 2125550123}) == set()
    assert named({key: "on request"}) == set()


def test_an_international_number_is_one_whatever_its_key_is():
    assert named({"call": "+1 (212) 555-0123", "offset": "+02:00", "change": "+12"}) == {"phone:12125550123"}


def test_what_a_text_holds_as_json_is_read_by_its_own_keys():
    message = {"attributes": {"kind": "page"}, "data": json.dumps({"userId": "9", "context": ' [{"deviceId": "D7"}]'})}

    assert named(message) == {"customer_id:9", "device:d7"}
    assert named({"note": "{no json, but ana@x.example}", "userId": "[9]"}) == {
        "email:ana@x.example",
        "customer_id:[9]",
    }


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"userId": "9", "mail": "ana@x.example"}', {"customer_id:9", "email:ana@x.example"}),
        (b"<order><mail>ana@x.example</mail></order>", {"email:ana@x.example"}),
        (b"\xff\xfe", set()),
    ],
)
def test_what_a_cloud_event_has_in_base64_is_read(data, found):
    assert named({"id": "1", "data_base64": base64.b64encode(data).decode()}) == found
    assert named({"id": "1", "data_base64": base64.encodebytes(data).decode().rstrip("=\n")}) == found


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
