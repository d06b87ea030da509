"""Persons who are probably one are suggested once, by a record of each."""

import pytest

from lettermill.tables.profiles import IDENTITIES, MATCHES, PEOPLE
from tests.test_matching import strangers

pytest.importorskip("splink", reason="suggesting matches needs the extra lettermill[matching]")


def test_a_person_with_a_misspelt_name_is_suggested_and_a_second_run_suggests_nothing_new(
    lake, given, run_job, versions
):
    known = strangers(300)
    known.append(("web/1", known[7][1].upper(), f"{known[7][2]}r", *known[7][3:]))
    names = ("first_name", "last_name", "birth_year", "postcode")
    people = [
        {"person_id": f"p{n}"} | dict(zip(names, (*row[1:3], int(row[3]), row[4]), strict=True))
        for n, row in enumerate(known)
    ]
    records = [{"identifier_kind": "record", "identifier": row[0], "person_id": f"p{n}"} for n, row in enumerate(known)]
    lake.add(given(PEOPLE, *people), to=PEOPLE)
    lake.add(given(IDENTITIES, *records), to=IDENTITIES)

    first = run_job("suggest_matches")
    suggested = versions(MATCHES)
    again = run_job("suggest_matches")

    assert ("crm/7", "web/1") in [row[:2] for row in lake.read(MATCHES).collect()]
    assert first.counts == again.counts
    assert first.counts["compared"] == 301
    assert versions(MATCHES) == suggested
