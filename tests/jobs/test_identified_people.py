"""A shop that sends Segment's calls and nothing else has addresses to mail: identify events reach the profiles."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lettermill.mending import mend, quarantine_row, replay
from lettermill.profiles.policy import ConflictPolicy, Rule
from lettermill.quality.mending import row_id
from lettermill.settings import load
from lettermill.tables import quality
from lettermill.tables.profiles import ATTRIBUTES, CONSENTS, IDENTITIES, PEOPLE

pytestmark = pytest.mark.acceptance

MENDED = datetime(2017, 7, 1, tzinfo=UTC)
TRAITS = {"email": "Zoe@Example.com", "firstName": "Zoë", "address": {"country": "Germany", "postalCode": "10115"}}
ZOE = {
    "messageId": "i1",
    "type": "identify",
    "userId": "9",
    "timestamp": "2017-06-01T11:00:00Z",
    "receivedAt": "2017-06-01T11:00:05Z",
    "traits": TRAITS,
}
BEN = ZOE | {"messageId": "i2", "userId": "8", "traits": {"email": "ben@example.com", "firstName": "Ben"}}
BEN_BEFORE = BEN | {
    "messageId": "i3",
    "timestamp": "2017-05-01T11:00:00Z",
    "traits": {"email": "old@example.com", "lastName": "Bo"},
}
NOBODY = ZOE | {"messageId": "i4", "userId": None, "anonymousId": "browser", "traits": {"email": "eve@example.com"}}
NO_TRAITS = ZOE | {"messageId": "i5", "traits": {"plan": "gold"}}
GROUP = ZOE | {"messageId": "g1", "type": "group", "groupId": "acme", "traits": {"email": "office@example.com"}}
ALIAS = ZOE | {"messageId": "a1", "type": "alias", "previousId": "earlier-zoe"}
RECORD = {
    "record_id": "r9", "customer_id": "9", "email": "zoe@work.example", "first_name": "Z.",
    "email_consent": "granted", "updated_at": "2017-05-20T00:00:00Z",
}  # fmt: skip


@pytest.fixture
def land(tmp_path):
    def write(name, *rows):
        file = tmp_path / "landing" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    return write


@pytest.fixture
def people(lake):
    """Addresses and names by customer id."""
    names = ("email", "first_name", "last_name", "country", "postcode")
    return lambda: {
        row.customer_id: tuple(row[name] for name in names) for row in lake.read(PEOPLE).collect() if row.customer_id
    }


def people_of(run):
    return tuple(run.counts[f"people_{part}"] for part in ("arrived", "accepted", "duplicate", "refused"))


def test_calls_alone_make_people_whatever_order_they_come_in_and_a_mended_one_follows(
    land, run_job, lake, people, versions
):
    land("events/gateway/2017-06-01.jsonl", ZOE, ZOE, BEN, NOBODY, NO_TRAITS, GROUP, ALIAS)
    for job in ("ingest_events", "check_events", "build_profiles"):
        first = run_job(job)

    assert first.counts["consent_changes"] == 0
    assert people() == {
        "9": ("zoe@example.com", "Zoë", None, "DE", "10115"),
        "8": ("ben@example.com", "Ben", None, None, None),
    }
    assert {(row.identifier_kind, row.identifier) for row in lake.read(IDENTITIES).collect()} == {
        ("record", "gateway/9"), ("customer_id", "9"), ("email", "zoe@example.com"), ("customer_id", "earlier-zoe"),
        ("record", "gateway/8"), ("customer_id", "8"), ("email", "ben@example.com"),
    }  # fmt: skip

    land("events/gateway/2017-06-02.jsonl", BEN_BEFORE)
    (row,) = lake.read(quality.QUARANTINE).where("disposition = 'refused'").withColumn("id", row_id()).collect()
    assert (row.refused_by, row.reasons) == ("quality.people", ["no record id"])
    named = json.dumps(json.loads(bytes(row.raw)) | {"user_id": "7"}).encode()
    mend(lake, quarantine_row(lake, row.id), raw=named, by="ann", at=MENDED, why="she rang up")
    (done,) = replay(lake, load("local"), tables=["quality.people"], ids=[], at=MENDED, dry_run=False)
    for job in ("ingest_events", "check_events"):
        checked = run_job(job)
    stored = versions(quality.PEOPLE, quality.QUARANTINE)
    for job in ("check_events", "build_profiles"):
        run_job(job)

    assert (done.asked, done.replayed) == (1, 1)
    assert people_of(checked) == (4, 4, 0, 0)
    assert versions(quality.PEOPLE, quality.QUARANTINE) == stored
    assert people() == {
        "9": ("zoe@example.com", "Zoë", None, "DE", "10115"),
        "8": ("ben@example.com", "Ben", "Bo", None, None),
        "7": ("eve@example.com", None, None, None, None),
    }


def test_a_source_of_records_and_calls_of_one_customer_are_one_person_by_the_rule_of_each_attribute(
    land, run_job, lake, people
):
    land("events/gateway/2017-06-01.jsonl", ZOE)
    land("records/crm/2017-05-21.jsonl", RECORD)
    crm_first = ConflictPolicy(attributes={"email": Rule("source_priority", order=("crm", "gateway"))})
    policy = replace(load("local").profiles, conflicts=crm_first)

    counted = {}
    for job in ("ingest_events", "ingest_records", "check_events", "check_records"):
        counted[job] = run_job(job)
    run_job("build_profiles", settings={"profiles": policy})

    assert [people_of(counted[job]) for job in ("check_events", "check_records")] == [(1, 1, 0, 0)] * 2
    assert people() == {"9": ("zoe@work.example", "Zoë", None, "DE", "10115")}
    told = {
        row.attribute: row for row in lake.read(ATTRIBUTES).where("valid_to IS NULL AND known_to IS NULL").collect()
    }
    assert [(told[name].source, told[name].rule, told[name].losers[0].value) for name in ("email", "first_name")] == [
        ("crm", "source_priority", "zoe@example.com"),
        ("gateway", "last_write", "Z."),
    ]
    assert [(row.source, row.state) for row in lake.read(CONSENTS).collect()] == [("crm", "granted")]
