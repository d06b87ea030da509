"""Records that share an identifier are one person, whose id stays."""

from datetime import datetime, timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.profiles.identity import identities, known_records, labelled, unsettled
from lettermill.tables import quality
from lettermill.tables.profiles import IDENTITIES

DAY = datetime(2017, 6, 1)
AS_OF = F.lit  # a column literal needs a session, so it is made where it is used


@pytest.fixture
def resolve(given):
    """Identities of records (id, customer id, e-mail, day) and events (user, browser) as {(kind, identifier): person}."""

    def found(*records, events=(), standing=(), as_of=DAY + timedelta(days=99)):
        rows = [
            {
                "source": "crm",
                "record_id": r,
                "customer_id": c,
                "email": e,
                "available_at": DAY + timedelta(days=d),
                "position": n,
            }
            for n, (r, c, e, d) in enumerate(records, 1)
        ]
        linked = labelled(known_records(given(quality.PEOPLE, *rows), as_of=F.lit(as_of)))
        assert unsettled(linked).isEmpty()
        heard = given(
            quality.EVENTS,
            *({"user_id": u, "anonymous_id": a, "occurred_at": DAY, "available_at": DAY} for u, a in events),
        )
        return identities(linked, events=heard, standing=given(IDENTITIES, *standing), as_of=F.lit(as_of))

    return found


def people(rows):
    return {(row.identifier_kind, row.identifier): row.person_id for row in rows.collect()}


def test_records_are_one_person_over_any_chain_of_customer_ids_and_addresses(resolve):
    found = people(
        resolve(
            ("a", "1", "x@e.com", 0),
            ("b", None, "x@e.com", 1),
            ("c", "1", "y@e.com", 2),
            ("d", None, "y@e.com", 3),
            ("e", "2", "z@e.com", 0),
        )
    )

    assert {found["record", f"crm/{r}"] for r in "abcd"} == {found["email", "y@e.com"]} == {found["customer_id", "1"]}
    assert found["record", "crm/e"] != found["record", "crm/a"]
    assert len(set(found.values())) == 2


def test_records_without_any_identifier_are_people_of_their_own(resolve):
    found = people(resolve(("a", None, None, 0), ("b", None, None, 0)))

    assert len(set(found.values())) == 2


def test_a_person_keeps_the_id_and_the_oldest_survives_a_merge(resolve):
    standing = [
        {"identifier_kind": "record", "identifier": "crm/a", "person_id": "old", "first_seen_at": DAY},
        {
            "identifier_kind": "record",
            "identifier": "crm/b",
            "person_id": "older",
            "first_seen_at": DAY - timedelta(days=1),
        },
    ]

    apart = people(resolve(("a", "1", None, 0), ("b", "2", None, 0), standing=standing))
    merged = people(
        resolve(
            ("a", "1", None, 0),
            ("b", "2", None, 0),
            ("c", "1", "x@e.com", 5),
            ("b", "2", "x@e.com", 6),
            standing=standing,
        )
    )

    assert (apart["customer_id", "1"], apart["customer_id", "2"]) == ("old", "older")
    assert set(merged.values()) == {"older"}


def test_a_new_id_does_not_depend_on_the_address_nor_on_the_order_of_rows(resolve):
    one = people(resolve(("a", "1", "x@e.com", 0), ("b", "1", None, 1)))
    other = people(resolve(("b", "1", None, 1), ("a", "1", "changed@e.com", 0)))

    assert one["customer_id", "1"] == other["customer_id", "1"]


def test_a_browser_belongs_to_a_person_only_while_one_customer_uses_it(resolve):
    found = people(
        resolve(
            ("a", "1", None, 0),
            ("b", "2", None, 0),
            events=[("1", "own"), ("1", "shared"), ("2", "shared"), (None, "unknown")],
        )
    )

    assert found["anonymous_id", "own"] == found["customer_id", "1"]
    assert ("anonymous_id", "shared") not in found


def test_customers_that_only_events_name_are_people_and_what_arrives_later_is_not_known(resolve):
    found = people(
        resolve(("a", "1", None, 0), ("late", "3", None, 50), events=[("2", None)], as_of=DAY + timedelta(days=9))
    )

    assert set(found) == {("record", "crm/a"), ("customer_id", "1"), ("customer_id", "2")}
