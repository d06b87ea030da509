"""Rows that name who was erased are found by keyed hash, whatever their source calls an identifier and however it is written."""

import json
from datetime import UTC, datetime

from lettermill.profiles.erasures import named_rows, request
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import PEOPLE, QUARANTINE

KEY = b"a key of the tests"
HERS = (("record", "hubspot_contacts/501"), ("record", "salesforce_accounts/001xx00000ANA"), ("phone", "+12125550123"))


def found(rows, table, identifiers=HERS):
    asked = request("ana", identifiers=identifiers, key=KEY, reason="", at=datetime(2018, 1, 1, tzinfo=UTC))
    named = named_rows(rows, table, hashes=frozenset(asked.identifiers), key=KEY, reads=load("local").row_reader)
    return sorted(row.position for row in named.collect())


def test_versions_of_a_record_without_an_address_are_found_by_the_id_that_their_source_declares(given):
    raws = [
        ("hubspot_contacts", {"id": "501", "properties": {"firstname": "Ana", "phone": None}}),
        ("salesforce_accounts", {"Id": "001xx00000ANA", "LastName": "Lee"}),
        ("hubspot_contacts", {"id": "502", "properties": {"firstname": "Ben", "associatedcompanyid": "501"}}),
        ("salesforce_accounts", {"Id": "501", "LastName": "Ode"}),
        ("crm", {"id": "501", "Id": "001xx00000ANA", "first_name": "Cat"}),
    ]
    rows = [{"source": source, "position": at, "raw": json.dumps(raw)} for at, (source, raw) in enumerate(raws)]
    refused = [row | {"raw": row["raw"].encode()} for row in rows]
    versions = [{"source": s, "record_id": r, "position": at} for at, (s, r) in enumerate(
        [("hubspot_contacts", "501"), ("salesforce_accounts", "001xx00000ANA"), ("crm", "501")])]  # fmt: skip

    assert found(given(ingest.RECORDS, *rows), ingest.RECORDS) == [0, 1]
    assert found(given(QUARANTINE, *refused), QUARANTINE) == [0, 1]
    assert found(given(PEOPLE, *versions), PEOPLE) == [0, 1]


def test_a_telephone_number_is_found_as_its_country_writes_it(given):
    phones = [
        ("(212) 555-0123", None), ("212.555.0123", "US"), ("+1 212 555 0123", "AT"), ("001 212 555 0123", "AT"),
        ("(212) 555-0124", None), ("0660 1234567", None),
    ]  # fmt: skip
    raws = [{"id": f"9{at}", "properties": {"phone": phone, "country": in_}} for at, (phone, in_) in enumerate(phones)]
    rows = [{"source": "hubspot_contacts", "position": at, "raw": json.dumps(raw)} for at, raw in enumerate(raws)]
    versions = [{"position": at, "phone": phone, "country": in_} for at, (phone, in_) in enumerate(phones)]
    austrian = [("phone", "+436601234567")]
    there = {"properties": {"phone": "0660 1234567", "country": "at"}}
    rows += [{"source": "hubspot_contacts", "position": 6, "raw": json.dumps({"id": "96"} | there)}]

    assert found(given(ingest.RECORDS, *rows), ingest.RECORDS) == [0, 1, 2, 3]
    assert found(given(PEOPLE, *versions), PEOPLE) == [0, 1, 2, 3]
    assert found(given(ingest.RECORDS, *rows), ingest.RECORDS, austrian) == [6]


def test_an_event_inside_another_message_is_found(given):
    raws = [
        ("cloudevents", {"id": "1", "data_base64": "eyJjb250YWN0IjogeyJwaG9uZSI6ICIoMjEyKSA1NTUtMDEyMyJ9fQ=="}),
        ("web", {"messageId": "m", "attributes": {}, "data": '{"traits": {"phone": "212 555 0123"}}'}),
        ("web", {"messageId": "n", "attributes": {}, "data": '{"traits": {"phone": "212 555 0124"}}'}),
    ]
    rows = [{"source": source, "position": at, "raw": json.dumps(raw)} for at, (source, raw) in enumerate(raws)]

    assert found(given(ingest.EVENTS, *rows), ingest.EVENTS) == [0, 1]
