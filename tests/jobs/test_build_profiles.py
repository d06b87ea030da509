"""Profiles over time: built twice, merged by later news, never by an earlier moment; and what is told of a person."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from lettermill.cli.person_text import write_person
from lettermill.errors import ConfigError
from lettermill.recounting import person_story
from lettermill.tables import quality
from lettermill.tables.profiles import (
    ATTRIBUTES,
    CONSENTS,
    HOUSEHOLDS,
    IDENTITIES,
    IDENTITY_CHANGES,
    IDENTITY_FLAGS,
    PEOPLE,
)
from tests.jobs.conftest import AS_OF

PROFILES = (IDENTITIES, IDENTITY_CHANGES, IDENTITY_FLAGS, HOUSEHOLDS, ATTRIBUTES, PEOPLE, CONSENTS)


def day(number):
    return (AS_OF + timedelta(days=number)).replace(tzinfo=None)


def version(record, at, position, **values):
    origin = {"source": "crm", "origin": "f", "position": position, "record_id": record}
    return origin | {"updated_at": day(at), "available_at": day(at), "email_consent": "granted"} | values


@pytest.fixture
def news(lake, given):
    """Two customers who turn out to be one on day 3, and an office address of six."""

    def arrive(*rows):
        lake.add(given(quality.PEOPLE, *rows), to=quality.PEOPLE)

    lake.add(given(quality.EVENTS), to=quality.EVENTS)
    office = [version(f"o{n}", -9, n, customer_id=f"o{n}", email="office@e.com") for n in range(6)]
    arrive(
        version("a", -9, 10, customer_id="1", email="ann@e.com", first_name="Ann", phone="(212) 555-0123"),
        version("b", -8, 11, customer_id="2", first_name="A.", household_id="H"),
        *office,
    )
    return arrive


def told(story):
    written = StringIO()
    write_person(story, Console(file=written, width=140))
    return written.getvalue()


def story_of(lake, named, at):
    return person_story(lake, named, as_of=AS_OF + timedelta(days=at), region="US")


@pytest.mark.acceptance
def test_profiles_change_with_news_alone_and_tell_why_each_value_holds(news, lake, run_job, versions):
    first = run_job("build_profiles")
    built = versions(*PROFILES)
    again = run_job("build_profiles", as_of=AS_OF + timedelta(days=1))
    assert versions(*PROFILES) == built
    assert again.counts == first.counts
    assert (first.counts["people"], first.counts["dropped_as_evidence"]) == (8, 1)
    apart = {row.customer_id: row.person_id for row in lake.read(PEOPLE).collect()}

    news(version("b", 2, 12, customer_id="2", email="ann@e.com", first_name="Anna", household_id="H"))
    run_job("build_profiles", as_of=AS_OF + timedelta(days=3))
    merged = versions(*PROFILES)
    earlier = run_job("build_profiles")
    assert versions(*PROFILES) == merged
    assert earlier.notes == ["profiles are already built for a later moment: nothing is changed"]

    ann, former = apart["1"], apart["2"]
    assert {row.person_id for row in lake.read(PEOPLE).collect()} == {*apart.values()} - {former}
    (change,) = lake.read(IDENTITY_CHANGES).collect()
    assert (change.change, change.from_person_id, change.into_person_id) == ("merge", former, ann)
    assert (change.known_at, change.evidence_kind, change.evidence) == (day(3), "email", "f:12")

    assert story_of(lake, "Ann@E.com ", 3)["person"]["person_id"] == ann
    assert story_of(lake, "+1 212 555 0123", 3)["person"]["person_id"] == ann
    now, before = story_of(lake, former, 3), story_of(lake, "crm/b", 0)
    value = {row["attribute"]: row for row in now["attributes"]}["first_name"]
    assert (value["value"], value["source"], value["rule"], value["since"]) == (
        "Anna", "crm", "last_write", f"{day(2).isoformat()}+00:00",
    )  # fmt: skip
    assert [(lost["value"], lost["source"]) for lost in value["over"]] == [("Ann", "crm")]
    assert value["evidence"] == "f:12"
    assert {row["attribute"]: row["value"] for row in before["attributes"]}["first_name"] == "A."
    assert [row["kind"] for row in now["identifiers"]] == [
        "customer_id", "customer_id", "email", "phone", "record", "record",
    ]  # fmt: skip
    assert json.loads(json.dumps(now)) == now
    page = told(now)
    assert "Ann (crm, 2017-12-24)" in page
    assert f"{former} became part of {ann}" in page
    assert "H  " in page


def test_an_identifier_of_nobody_or_of_too_many_is_answered_with_the_reason(news, lake, run_job):
    run_job("build_profiles")

    with pytest.raises(ConfigError, match="'office@e.com' is shared by 6 customers"):
        story_of(lake, "office@e.com", 0)
    with pytest.raises(ConfigError, match="nobody has the identifier 'nobody@e.com'"):
        story_of(lake, "nobody@e.com", 0)
    assert story_of(lake, "o1", 0)["not_evidence"][0]["how_many"] == 6
    assert "shared by 6 customers, allowed are 5" in told(story_of(lake, "o1", 0))
