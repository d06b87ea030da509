"""One golden record per person: the last write of each attribute wins."""

from datetime import datetime, timedelta

from pyspark.sql import functions as F

from lettermill.profiles.identity import known_records
from lettermill.profiles.people import golden_records
from lettermill.tables import quality
from lettermill.tables.profiles import IDENTITIES

DAY = datetime(2017, 6, 1)


def test_the_last_write_wins_per_attribute_and_a_null_never_overwrites(given):
    versions = [
        {"first_name": "Ann", "email": "old@e.com", "birth_year": 1980, "updated_at": DAY},
        {"first_name": "Anna", "email": None, "updated_at": DAY + timedelta(days=2)},
        {"first_name": "Anne", "email": "new@e.com", "updated_at": DAY + timedelta(days=1)},
    ]
    rows = [{"source": "crm", "record_id": "a", "available_at": DAY} | version for version in versions]
    records = known_records(given(quality.PEOPLE, *rows), as_of=F.lit(DAY))
    known = given(
        IDENTITIES,
        {"identifier_kind": "record", "identifier": "crm/a", "person_id": "p"},
        {"identifier_kind": "customer_id", "identifier": "7", "person_id": "q", "first_seen_at": DAY},
    )

    people = golden_records(records, identities=known).orderBy("person_id").collect()

    assert [(p.person_id, p.first_name, p.email, p.birth_year, p.customer_id, p.updated_at) for p in people] == [
        ("p", "Anna", "new@e.com", 1980, None, DAY + timedelta(days=2)),
        ("q", None, None, None, "7", DAY),
    ]
