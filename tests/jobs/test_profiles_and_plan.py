"""From checked records to planned messages; planning twice plans once."""

from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.settings import load, load_campaign
from lettermill.tables.campaigns import ASSIGNMENTS, AUDIENCES, EXPOSURES
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, IDENTITIES, PEOPLE
from tests.jobs.conftest import AS_OF

LONG_AGO = (AS_OF - timedelta(days=300)).replace(tzinfo=None)
PLAN = {"campaign": "weekly_picks", "occurrence": "2018-01-02"}


@pytest.fixture
def people(lake, given):
    """Forty customers with records, consents, features, scores and slates; the last one without a name or consent."""
    numbers = range(1, 41)
    when = {"available_at": LONG_AGO, "updated_at": LONG_AGO, "source": "crm", "origin": "f"}
    rows = {
        tables.quality.PEOPLE: [
            when | {"record_id": f"r{n}", "position": n, "customer_id": f"c{n}", "email": f"{n}@example.com",
                    "first_name": f"Ann {n}" if n < 40 else None, "email_consent": "granted" if n < 40 else None}
            for n in numbers
        ],
        tables.quality.EVENTS: [],
        tables.quality.PRODUCTS: [{"product_id": f"p{n}", "valid_from": LONG_AGO, "name": f"Jam & {n}", "currency": "USD", "url": "https://s.example", "image": "https://i.example/a.png"} for n in range(4)],
    }  # fmt: skip
    for table, partial in rows.items():
        lake.add(given(table, *partial), to=table)


def score(lake, given):
    ids = [row.person_id for row in lake.read(PEOPLE).select("person_id").orderBy("customer_id").collect()]
    rows = {
        tables.features.PEOPLE: [
            {"person_id": p, "as_of": AS_OF, "orders_all": 3, "days_since_order": 2.5} for p in ids
        ],
        tables.models.SCORES: [{"person_id": p, "as_of": AS_OF, "model": "churn", "score": 0.9} for p in ids],
        tables.models.RECOMMENDATIONS: [
            {"person_id": p, "as_of": AS_OF, "rank": n + 1, "product_id": f"p{n}", "source": "als", "times_bought": 0}
            for p in ids
            for n in range(4)
        ],
    }
    for table, partial in rows.items():
        lake.add(given(table, *partial), to=table)


def test_profiles_are_built_and_a_campaign_planned_once(people, run_job, versions, lake, given):
    profiles = (PEOPLE, IDENTITIES, CONSENTS)
    run_job("build_profiles")
    built = versions(*profiles)
    run_job("build_profiles")
    assert versions(*profiles) == built

    score(lake, given)
    contexts = load_campaign("weekly_picks", folder=load("local").campaigns.folder).contexts
    plans = (ASSIGNMENTS, AUDIENCES, OUTBOX, EXPOSURES, contexts)
    counts = run_job("plan_campaign", **PLAN).counts
    planned = versions(*plans)
    again = run_job("plan_campaign", **PLAN).counts

    assert versions(*plans) == planned
    assert again == counts
    assert counts["audience"] == 40 == counts["mailed"] + counts["held_out"] + counts["no_consent"]
    assert counts["no_consent"] == 1
    held_out = {row.person_id for row in lake.read(ASSIGNMENTS).where("arm = 'holdout'").collect()}
    mailed = {row.person_id for row in lake.read(contexts).collect()}
    assert len(mailed) == counts["mailed"] == lake.read(OUTBOX).where("state = 'planned'").count()
    assert not held_out & mailed
    row = lake.read(contexts).first()
    assert [pick.reason for pick in row.inputs.picks] == ["Customers with a basket like yours buy this"] * 4
    assert (row.inputs.segment, row.inputs.coupon.percent, row.inputs.days_since_order) == ("lapsing", 10, 2)
    assert row.inputs.slots.asDict() == {"hero": "hero_lapsing"}
    shown = lake.read(EXPOSURES).where(F.col("message_id") == row.message_id).orderBy("slot", "position").collect()
    assert [(one.slot, one.position, one.shown, one.source, one.propensity) for one in shown] == [
        ("hero", 1, "hero_lapsing", "rules", 1.0),
        *(("picks", n + 1, f"p{n}", "als", 1.0) for n in range(4)),
    ]
    assert lake.read(EXPOSURES).count() == 5 * len(mailed)
