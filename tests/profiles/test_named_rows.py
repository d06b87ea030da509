"""The rows of a table that name who was erased, by whichever of its columns."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from lettermill.profiles.erasures import named_rows, request
from lettermill.settings import load
from lettermill.tables.profiles import IDENTITY_FLAGS, MATCHES
from lettermill.tables.quality import SOCIAL_ENGAGEMENT

KEY = b"a key of the test"
HERS = [("email", "zoe@x.example"), ("handle", "mastodon/zoe"), ("record", "hubspot_contacts/17"), ("customer_id", "9")]


@pytest.fixture
def named():
    """Keys of the rows that name her."""
    hashes = frozenset(
        request(None, identifiers=HERS, key=KEY, reason="", at=datetime(2018, 1, 1, tzinfo=UTC)).identifiers
    )
    how = {"hashes": hashes, "key": KEY, "reads": load("local").row_reader}
    return lambda rows, table: [tuple(row) for row in named_rows(rows, table, **how).collect()]


def test_engagement_is_hers_by_the_hash_of_her_address_and_by_her_name_on_that_platform(given, named):
    rows = given(
        SOCIAL_ENGAGEMENT,
        {"position": 1, "email_sha256": sha256(b"zoe@x.example").hexdigest()},
        {"position": 2, "platform": "mastodon", "handle": "@Zoe"},
        {"position": 3, "platform": "bluesky", "handle": "@zoe"},
        {"position": 4, "email_sha256": sha256(b"ben@x.example").hexdigest()},
    )

    assert [position for *_, position in named(rows, SOCIAL_ENGAGEMENT)] == [1, 2]


def test_a_suggested_match_is_hers_by_either_of_its_records(given, named):
    rows = given(
        MATCHES,
        {"record": "crm/1", "other_record": "hubspot_contacts/17"},
        {"record": "hubspot_contacts/17", "other_record": "shop/2"},
        {"record": "crm/1", "other_record": "shop/2"},
    )

    assert named(rows, MATCHES) == [("crm/1", "hubspot_contacts/17"), ("hubspot_contacts/17", "shop/2")]


def test_a_flag_is_hers_by_its_identifier_and_that_of_a_component_by_the_record_or_customer_it_is_named_for(
    given, named
):
    flags = [
        {"identifier_kind": "email", "identifier": "zoe@x.example"},
        {"identifier_kind": "component", "identifier": "hubspot_contacts/17"},
        {"identifier_kind": "component", "identifier": "customer/9"},
        {"identifier_kind": "component", "identifier": "crm/1"},
        {"identifier_kind": "phone", "identifier": "9"},
    ]

    found = [(kind, value) for kind, value, _ in named(given(IDENTITY_FLAGS, *flags), IDENTITY_FLAGS)]

    assert found == [tuple(flag.values()) for flag in flags[:3]]
