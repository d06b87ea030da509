"""A birth year that does not fit the age band of another source is found, by how many years."""

from datetime import UTC, datetime

from lettermill.quality.conflicts import age_conflicts, told_ages
from lettermill.quality.definition import AgeConflict
from lettermill.tables.quality import PEOPLE

THEN, AS_OF = datetime(2017, 1, 15, tzinfo=UTC), datetime(2017, 6, 1, tzinfo=UTC)
RULE = AgeConflict("age", tolerance_years=1)


def test_birth_years_are_held_against_the_band_at_the_time_it_was_told(given):
    born = {
        "fits": 1980,
        "a year off": 1983,
        "too young": 1990,
        "too old": 1960,
        "old enough": 1952,
        "too young for 65": 1975,
    }
    band = dict.fromkeys(born, "35-44") | {
        "old enough": "65+",
        "too young for 65": "65+",
        "unreadable": "many",
        "alone": "35-44",
    }
    when = {"updated_at": THEN, "available_at": THEN}
    rows = [when | {"customer_id": who, "birth_year": year, "origin": "crm"} for who, year in born.items()]
    rows += [when | {"customer_id": who, "age_band": one, "origin": "panel"} for who, one in band.items()]
    rows += [when | {"customer_id": "unreadable", "birth_year": 1900, "origin": "crm"}]
    later = {"updated_at": AS_OF, "available_at": datetime(2017, 7, 1, tzinfo=UTC)}
    rows += [later | {"customer_id": "fits", "birth_year": 1900, "origin": "crm"}]

    ages = told_ages(given(PEOPLE, *rows), as_of=AS_OF)
    found = {row.subject_id: (row.score, row.usual) for row in age_conflicts(ages, RULE).collect()}

    assert {row.subject_id for row in ages.collect()} == {*born}
    assert found == {"too young": (8, 1982), "too old": (-13, 1973), "too young for 65": (23, 1952)}


def test_the_newest_word_of_each_source_counts_and_a_conflict_holds_nobody_by_itself(given):
    old, new = {"updated_at": THEN, "available_at": THEN}, {"updated_at": AS_OF, "available_at": AS_OF}
    people = given(
        PEOPLE,
        old | {"customer_id": "c", "birth_year": 1980},
        new | {"customer_id": "c", "birth_year": 1955},
        old | {"customer_id": "c", "age_band": "35-44"},
    )

    row = age_conflicts(told_ages(people, as_of=AS_OF), RULE).first()

    assert (row.observed, row.subject_kind, row.holds) == (1955, "customer", False)
    assert row.detail == "customer c: born in 1955, but the age band 35-44 means 1973 to 1982"
