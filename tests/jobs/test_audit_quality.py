"""The audit finds, asks, keeps and tells; what it holds does not count until somebody decides; a rerun changes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from lettermill.auditing import correct_addresses
from lettermill.errors import QualityError
from lettermill.job import Run
from lettermill.quality.definition import TABLES, Correction, Expectation, Quality
from lettermill.quality.reviews import decided
from lettermill.quality.rules import Check
from lettermill.reviewed import people_kept_out, reviewed_lines
from lettermill.settings import load
from lettermill.tables import features, profiles
from lettermill.tables.quality import CHECKS, EVENTS, ORDER_LINES, PEOPLE, PRODUCTS, REVIEWS
from tests.jobs.conftest import AS_OF

THEN = (AS_OF - timedelta(days=200)).replace(tzinfo=None)
WEEK = timedelta(weeks=1)


@pytest.fixture
def shop(lake, given):
    """A year of weekly orders by ten customers: one suddenly orders daily and more, one order is worth a fortune."""
    bought = [
        (f"c{n}", AS_OF - week * WEEK - timedelta(days=1), 20 + (n + week) % 7) for n in range(10) for week in range(30)
    ]
    bought += [("c0", AS_OF - timedelta(hours=hour + 1), 20) for hour in range(14)]
    bought += [("c1", AS_OF - timedelta(days=3), 90_000)]
    lines = [
        {
            "order_id": f"o{n}",
            "line": 1,
            "user_id": who,
            "product_id": "7",
            "occurred_at": at,
            "available_at": at,
            "amount": Decimal(amount),
        }
        for n, (who, at, amount) in enumerate(bought)
    ]
    lake.add(given(ORDER_LINES, *lines), to=ORDER_LINES)
    lake.add(given(EVENTS, {"available_at": AS_OF - timedelta(days=1)}), to=EVENTS)
    lake.add(given(PRODUCTS, {"product_id": "7", "valid_from": THEN, "category": "Jams"}), to=PRODUCTS)
    when = {"updated_at": THEN, "available_at": THEN}
    crm = when | {"source": "crm", "origin": "records/crm/f"}
    people = [
        crm | {"customer_id": f"c{n}", "record_id": f"r{n}", "position": n, "email": f"{n}@example.com"}
        for n in range(10)
    ]
    people[2] |= {"email": "2@gmial.com"}
    people[3] |= {"birth_year": 1950}
    people += [when | {"source": "third_party", "origin": "t", "customer_id": "c3", "age_band": "25-34"}]
    lake.add(given(PEOPLE, *people), to=PEOPLE)
    ids = [{"identifier_kind": "customer_id", "identifier": f"c{n}", "person_id": f"p{n}"} for n in range(10)]
    lake.add(given(profiles.IDENTITIES, *ids), to=profiles.IDENTITIES)
    lake.add(given(profiles.PEOPLE, *({"person_id": f"p{n}"} for n in range(10))), to=profiles.PEOPLE)
    return lake


def findings(lake):
    return {(row.kind, row.subject_id) for row in lake.read(REVIEWS).collect()}


@pytest.mark.acceptance
def test_findings_wait_hold_back_and_are_let_go_by_decisions_and_a_rerun_changes_nothing(shop, run_job, versions):
    run = run_job("audit_quality")
    first = versions(REVIEWS, CHECKS, PEOPLE)
    again = run_job("audit_quality")

    assert versions(REVIEWS, CHECKS, PEOPLE) == first
    assert findings(shop) == {("outlier", "o314"), ("spike", "c0"), ("conflict", "c3"), ("typo", "gmial.com")}
    assert (again.counts, again.notes) == (run.counts, run.notes)
    assert run.counts["reviews_open"] == 4
    assert "passed  quality.events: event ids are unique: 0 of 1" in run.notes
    assert "warned  quality.order_lines: an order is worth far more than others: 1 of 315" in run.notes
    kept = shop.read(CHECKS).collect()
    assert {row.kind for row in kept} == {"rule", "expectation", "outlier", "spike", "conflict", "typo"}
    lines = [row for row in kept if row.kind == "rule" and row.table_name == "quality.order_lines"]
    assert {(row.rows_looked_at, row.rows_failed, row.verdict) for row in lines} == {(315, 0, "passed")}

    run_job("build_features")
    spent = shop.read(features.PEOPLE).where("person_id = 'p1'").collect()[0].spend_28d
    assert 0 < spent < 1_000  # without the order that is worth a fortune
    assert [row.person_id for row in people_kept_out(run).collect()] == ["p0"]

    shop.merge(decided(shop.read(REVIEWS), state="accepted", by="ann", at=AS_OF + WEEK, why="so it was"), into=REVIEWS)
    settled = run_job("audit_quality")
    assert settled.counts["reviews_open"] == 0
    assert people_kept_out(run).isEmpty()
    assert reviewed_lines(run).count() == 315
    rows = shop.read(PEOPLE).where("record_id = 'r2'").orderBy("origin").collect()
    assert [(row.email, row.available_at) for row in rows] == [
        ("2@gmial.com", THEN),
        ("2@gmail.com", (AS_OF + WEEK).replace(tzinfo=None)),
    ]


def test_a_correction_of_conf_is_an_acceptance_too_and_is_stored_once(shop, versions):
    settings = load("local")
    accepted = Correction("gmial.com", "gmail.com", "ann", datetime(2017, 12, 1, tzinfo=UTC), "seen often")
    addresses = replace(settings.quality.addresses, corrections=(accepted,))
    run = Run(shop, replace(settings, quality=replace(settings.quality, addresses=addresses)), AS_OF, "local", AS_OF)
    shop.create(REVIEWS)

    correct_addresses(run)
    stored = versions(PEOPLE)
    correct_addresses(run)

    assert versions(PEOPLE) == stored
    assert shop.read(PEOPLE).where(F.col("email") == "2@gmail.com").count() == 1


def test_an_expectation_of_criticality_error_that_is_not_met_stops_with_what_was_found_whatever_table_has_it(
    shop, run_job
):
    few = Expectation(Check("is_aggr_not_less_than", {"limit": 2}), "enough rows")

    with pytest.raises(QualityError, match=r"quality.events: enough rows: 1.0, bound 2.0(.|\n)*quality.yml"):
        run_job("audit_quality", settings={"quality": Quality(expectations=dict.fromkeys(TABLES, (few,)))})

    verdicts = shop.read(CHECKS).where("check = 'enough rows'").select("table_name", "verdict").collect()
    assert dict(map(tuple, verdicts)) == {
        "quality.events": "failed",
        "quality.order_lines": "passed",
        "quality.people": "passed",
        "quality.products": "failed",
        "quality.social_engagement": "failed",
    }
