"""One golden record per person: of each attribute the value that won, with its history beside it."""

from datetime import datetime, timedelta

import pytest
from pyspark.sql import functions as F

from lettermill.profiles.attributes import attribute_history
from lettermill.profiles.identity import known_records
from lettermill.profiles.people import golden_records
from lettermill.profiles.policy import ConflictPolicy, Rule
from lettermill.tables import quality
from lettermill.tables.profiles import IDENTITIES

DAY = datetime(2017, 6, 1)
LAST_WRITE = ConflictPolicy()
KNOWN = (
    {"identifier_kind": "record", "identifier": "crm/a", "person_id": "p"},
    {"identifier_kind": "record", "identifier": "bought/a", "person_id": "p"},
    {"identifier_kind": "customer_id", "identifier": "7", "person_id": "q", "first_seen_at": DAY, "evidence": "e:1"},
)


def days(number):
    return DAY + timedelta(days=number)


@pytest.fixture
def decided(given):
    """Attributes and people of versions of the record a, and of a customer that events name."""

    def found(*versions, policy=LAST_WRITE):
        rows = [
            {"source": "crm", "record_id": "a", "origin": "f", "position": n} | row for n, row in enumerate(versions, 1)
        ]
        records, known = known_records(given(quality.PEOPLE, *rows), as_of=F.lit(days(9))), given(IDENTITIES, *KNOWN)
        attributes = attribute_history(records, identities=known, policy=policy)
        people = golden_records(records, identities=known, attributes=attributes, as_of=F.lit(days(9)))
        return attributes, people.orderBy("person_id").collect()

    return found


def test_the_last_write_wins_per_attribute_and_a_null_never_overwrites(decided):
    _, people = decided(
        {"first_name": "Ann", "email": "old@e.com", "birth_year": 1980, "updated_at": DAY, "available_at": DAY},
        {"first_name": "Anna", "email": None, "updated_at": days(2), "available_at": days(3)},
        {"first_name": "Anne", "email": "new@e.com", "updated_at": days(1), "available_at": days(3)},
    )

    assert [
        (p.person_id, p.first_name, p.email, p.birth_year, p.customer_id, p.created_at, p.updated_at) for p in people
    ] == [
        ("p", "Anna", "new@e.com", 1980, None, DAY, days(2)),
        ("q", None, None, None, "7", DAY, DAY),
    ]


def test_each_decision_is_a_row_with_what_it_was_decided_by_over_what_and_when_it_could_be_known(decided):
    policy = ConflictPolicy(attributes={"birth_year": Rule("source_priority", order=("crm",))})

    attributes, people = decided(
        {"birth_year": 1980, "updated_at": days(2), "available_at": days(2)},
        {"birth_year": 1980, "updated_at": days(4), "available_at": days(4)},
        {"source": "bought", "birth_year": 1990, "updated_at": days(3), "available_at": days(3)},
        policy=policy,
    )

    rows = attributes.where("attribute = 'birth_year'").orderBy("known_from").collect()
    assert [(row.known_from, row.known_to, row.rule, [tuple(lost) for lost in row.losers]) for row in rows] == [
        (days(2), days(3), "undisputed", []),
        (days(3), None, "source_priority", [("1990", "bought", days(3))]),
    ]
    assert {(row.valid_from, row.valid_to, row.value, row.source, row.evidence) for row in rows} == {
        (days(2), None, "1980", "crm", "f:1")
    }
    assert people[0].birth_year == 1980


def test_a_customer_that_only_events_name_has_the_id_with_its_evidence(decided):
    attributes, _ = decided({"first_name": "Ann", "updated_at": DAY, "available_at": DAY})

    (row,) = attributes.where("person_id = 'q'").collect()

    assert (row.attribute, row.value, row.source, row.evidence, row.valid_from) == (
        "customer_id",
        "7",
        "events",
        "e:1",
        DAY,
    )


def test_an_instant_keeps_its_microseconds_on_the_way_through_the_workers(decided):
    exact = datetime(2017, 6, 1, 12, 30, 15, 123456)

    attributes, _ = decided({"first_name": "Ann", "updated_at": exact, "available_at": exact})

    (row,) = attributes.where("person_id = 'p'").collect()
    assert (row.valid_from, row.known_from) == (exact, exact)
