"""Engagement on social media is taken with the trust and the right of its source, and counted where that is none."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from lettermill.lake import Batch
from lettermill.mending import Replay, mend, quarantine_row, replay
from lettermill.profiles.erasures import erasure_rows, request
from lettermill.quality.mending import row_id
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.profiles import ERASURES
from lettermill.tables.quality import QUARANTINE, SOCIAL_ENGAGEMENT

LIKE = {
    "engagement_id": "e1",
    "platform": "Mastodon",
    "action": "Favourite",
    "handle": "@zoe",
    "subject": "post/7",
    "customer_id": "9",
    "occurred_at": "2017-06-01T10:00:00Z",
}


@pytest.fixture
def extracted(given, lake):
    """Store records of the social source as one batch of ingest."""

    def store(number, *records):
        rows = given(
            ingest.RECORDS,
            *(
                {
                    "source": "social",
                    "origin": f"{number}.jsonl",
                    "position": place,
                    "raw": json.dumps(record),
                    "extracted_at": datetime(2017, 6, 2),
                }
                for place, record in enumerate(records, start=1)
            ),
        )
        replace(lake, batch=Batch(app_id="ingest", number=number)).append(rows, to=ingest.RECORDS)

    return store


def test_engagement_is_checked_once_and_what_may_not_be_used_is_kept_apart_and_counted(
    extracted, run_job, lake, versions
):
    no_id = {name: value for name, value in LIKE.items() if name != "engagement_id"}
    objecting = LIKE | {"engagement_id": "e2", "consent_basis": "none", "action": "follow"}
    extracted(0, LIKE, objecting, no_id, no_id, LIKE | {"engagement_id": "e3", "action": "poke"}, "text")

    counts = run_job("check_social").counts
    first = versions(SOCIAL_ENGAGEMENT, QUARANTINE)
    run_job("check_social")

    assert versions(SOCIAL_ENGAGEMENT, QUARANTINE) == first
    assert counts == {
        "social_engagement_arrived": 6,
        "social_engagement_accepted": 3,
        "social_engagement_duplicate": 1,
        "social_engagement_refused": 2,
        "social_engagement_without_basis": 1,
    }
    columns = ("platform", "action", "trust", "consent_basis", "may_be_used")
    stored = lake.read(SOCIAL_ENGAGEMENT).orderBy("position").select(*columns).collect()
    assert [tuple(row) for row in stored] == [
        ("mastodon", "like", 0.4, "legitimate_interest", True),
        ("mastodon", "follow", 0.4, "none", False),
        ("mastodon", "like", 0.4, "legitimate_interest", True),
    ]


def test_a_refused_engagement_is_mended_and_given_back_once(extracted, run_job, lake):
    extracted(
        0, LIKE, LIKE | {"engagement_id": "e2", "action": "poke"}, LIKE | {"engagement_id": "e3", "action": "poke"}
    )
    run_job("check_social")
    at, settings = datetime(2017, 7, 1, tzinfo=UTC), load("local")
    row = lake.read(QUARANTINE).where("position = 2").withColumn("id", row_id()).collect()[0]
    mended = json.dumps(LIKE | {"engagement_id": "e2", "action": "share"}).encode()
    mend(lake, quarantine_row(lake, row.id), raw=mended, by="ann", at=at, why="a new word of theirs")

    done = [
        replay(lake, settings, tables=[SOCIAL_ENGAGEMENT.name], ids=[], at=at, dry_run=False) for _ in ("once", "again")
    ]

    assert done == [[Replay(SOCIAL_ENGAGEMENT.name, asked, good, 0, 1)] for asked, good in ((2, 1), (1, 0))]
    stored = lake.read(SOCIAL_ENGAGEMENT).orderBy("position").select("action", "trust", "consent_basis", "available_at")
    assert [tuple(row) for row in stored.collect()] == [
        ("like", 0.4, "legitimate_interest", datetime(2017, 6, 2)),
        ("share", 0.4, "legitimate_interest", datetime(2017, 7, 1)),
    ]
    counts = run_job("check_social").counts
    assert (counts["social_engagement_accepted"], counts["social_engagement_refused"]) == (2, 1)


def test_later_engagement_of_an_erased_person_is_dropped_however_it_names_them(extracted, run_job, lake, spark):
    erased = [("customer_id", "9"), ("email", "Zoe@X.example"), ("handle", "mastodon/zoe")]
    asked = request("p1", identifiers=erased, key=b"a key of the tests", reason="by mail", at=datetime(2017, 6, 1))
    lake.merge(erasure_rows([asked], spark=spark), into=ERASURES)
    unnamed = {name: value for name, value in LIKE.items() if name not in ("customer_id", "handle")}
    extracted(
        0,
        unnamed | {"customer_id": "9"},
        unnamed | {"email_sha256": sha256(b"zoe@x.example").hexdigest().upper()},
        unnamed | {"handle": "@Zoe "},
        unnamed | {"engagement_id": "of her name elsewhere", "handle": "@zoe", "platform": "Bluesky"},
        unnamed | {"engagement_id": "of another", "handle": "@ben", "customer_id": "8"},
    )

    counts = run_job("check_social").counts

    assert counts == {
        "social_engagement_arrived": 5,
        "social_engagement_accepted": 2,
        "social_engagement_duplicate": 0,
        "social_engagement_refused": 0,
        "social_engagement_erased": 3,
        "social_engagement_without_basis": 0,
    }
    stored = lake.read(SOCIAL_ENGAGEMENT).orderBy("position").collect()
    assert [row.engagement_id for row in stored] == ["of her name elsewhere", "of another"]
    aside = lake.read(QUARANTINE).orderBy("position").collect()
    assert [(row.position, row.disposition, bytes(row.raw)) for row in aside] == [(n, "erased", b"") for n in (1, 2, 3)]
