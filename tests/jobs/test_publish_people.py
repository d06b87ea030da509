"""Publishing people: the gateway finds a person by each identifier, and a rerun writes nothing."""

from dataclasses import replace

import pytest

from lettermill.gateway_settings import GatewayGraphql
from lettermill.services.gateway.people import Snapshot, announced
from lettermill.settings import load
from lettermill.tables.profiles import IDENTITIES, PEOPLE


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where conf has people published. It comes before `run_job`, which reads conf."""
    packaged, into = load("local"), tmp_path / "published"
    settings = replace(packaged, gateway=replace(packaged.gateway, graphql=GatewayGraphql(people=into)))
    monkeypatch.setattr("tests.jobs.conftest.load", lambda _: settings)
    return into


def test_people_are_found_by_each_identifier_and_a_newer_snapshot_takes_the_place_of_the_older(
    folder, run_job, lake, given
):
    identified = {"identifier_kind": "email", "identifier": "ada@example.com", "person_id": "p1"}
    lake.add(
        given(IDENTITIES, identified, identified | {"identifier_kind": "customer_id", "identifier": "9"}), to=IDENTITIES
    )
    lake.add(given(PEOPLE, {"person_id": "p1", "first_name": "Ada", "birth_year": 1815}), to=PEOPLE)
    reader = Snapshot(folder)

    run_job("publish_people")
    first = announced(folder)
    found = [reader("email", "ada@example.com"), reader("customer_id", "9"), reader("customer_id", "ada@example.com")]
    rerun = run_job("publish_people").notes
    lake.add(given(IDENTITIES, identified | {"identifier": "a@example.com"}), to=IDENTITIES)
    run_job("publish_people")

    assert [person and (person["person_id"], person["first_name"], person["birth_year"]) for person in found] == [
        ("p1", "Ada", 1815)
    ] * 2 + [None]
    assert rerun == [f"{first} is published already"]
    assert reader("email", "a@example.com")["person_id"] == "p1"
    assert [each.name for each in folder.iterdir() if each.is_dir()] == [announced(folder)]


def test_without_a_folder_nothing_is_published(run_job):
    assert run_job("publish_people").notes == ["nothing is published: gateway.graphql.people is not set"]
