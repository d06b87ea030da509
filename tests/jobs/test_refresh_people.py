"""Orders arrive, features of the people concerned change, and the next plan uses them."""

import json
from datetime import timedelta

import pytest

from lettermill import tables
from lettermill.errors import InputError
from lettermill.job import Run
from lettermill.planning import known_features
from lettermill.refreshing import refresh
from lettermill.settings import load
from lettermill.tables.features import LATEST
from tests.jobs.conftest import AS_OF

LATER = AS_OF + timedelta(hours=8)


def order(number, *, at):
    line = {"product_id": "7", "quantity": 1, "price": 2, "value": 2, "discount": 0}
    return {
        "messageId": f"o{number}", "type": "track", "event": "Order Completed", "userId": "c1",
        "timestamp": at.isoformat(), "receivedAt": at.isoformat(),
        "properties": {"order_id": f"b{number}", "currency": "USD", "products": [line]},
    }  # fmt: skip


@pytest.fixture
def land(tmp_path):
    folder = tmp_path / "landing/events/orders"
    folder.mkdir(parents=True)
    return lambda name, one: (folder / f"{name}.jsonl").write_text(json.dumps(one) + "\n")


@pytest.mark.acceptance
def test_an_order_refreshes_its_buyer_alone_and_the_next_plan_knows_it(lake, given, run_job, versions, land):
    long_ago = AS_OF - timedelta(days=90)
    records = [{"record_id": f"r{n}", "customer_id": f"c{n}", "position": n, "available_at": long_ago} for n in (1, 2)]
    lake.add(given(tables.quality.PEOPLE, *records), to=tables.quality.PEOPLE)
    lake.add(given(tables.quality.PRODUCTS, {"product_id": "7", "valid_from": long_ago}), to=tables.quality.PRODUCTS)
    land("2018-01-01", order(1, at=AS_OF - timedelta(days=1)))

    for job in ("ingest_events", "check_events", "build_profiles", "build_features"):
        run_job(job)
    land("2018-01-02", order(2, at=AS_OF + timedelta(hours=7)))
    refreshed = run_job("refresh_people", as_of=LATER)
    standing = versions(LATEST)
    run_job("refresh_people", as_of=LATER)

    assert versions(LATEST) == standing
    assert refreshed.counts == {"events": 2, "after_as_of": 0, "people_refreshed": 1}
    assert refreshed.notes[-1].startswith("events waited: median ")
    known = {row["orders_all"]: row for row in known_features(run_job("check_events", as_of=LATER)).collect()}
    assert {orders: row["as_of"] for orders, row in known.items()} == {
        2: LATER.replace(tzinfo=None),
        0: AS_OF.replace(tzinfo=None),
    }
    full = run_job("build_features", as_of=LATER).lake.read(tables.features.PEOPLE).where("orders_all = 2").collect()
    assert full == [known[2]]


@pytest.mark.acceptance
def test_a_job_that_stays_refreshes_whom_an_order_concerns_that_lands_meanwhile(lake, given, run_job, land):
    record = {"record_id": "r1", "customer_id": "c1", "position": 1, "available_at": AS_OF - timedelta(days=90)}
    lake.add(given(tables.quality.PEOPLE, record), to=tables.quality.PEOPLE)
    lake.create(tables.quality.PRODUCTS)
    land("2018-01-01", order(1, at=AS_OF - timedelta(days=1)))
    looks = iter(range(100))

    def now():  # a minute passes at every look at the clock; the third one finds an order that has just been placed
        minute = next(looks)
        if minute == 2:
            land("2018-01-02", order(2, at=AS_OF + timedelta(minutes=1)))
        return AS_OF + timedelta(minutes=minute)

    refreshed = run_job("refresh_people", for_minutes="4", now=now)

    assert refreshed.counts == {"events": 2, "after_as_of": 0, "people_refreshed": 2}
    row = lake.read(LATEST).select("orders_all", "as_of").collect()
    assert [(r["orders_all"], r["as_of"] > AS_OF.replace(tzinfo=None)) for r in row] == [(2, True)]


@pytest.mark.acceptance
def test_who_is_identified_has_an_address_at_once_and_another_one_when_it_changes(lake, run_job, land):
    lake.create(tables.quality.PRODUCTS)
    addresses = []
    for number, at in enumerate((AS_OF - timedelta(days=1), AS_OF + timedelta(hours=7)), start=1):
        told = {"type": "identify", "traits": {"email": f"zoe{number}@example.com"}}
        land(f"2018-01-0{number}", order(number, at=at) | told)
        refreshed = run_job("refresh_people", as_of=LATER if number > 1 else AS_OF)
        addresses += [row.email for row in lake.read(tables.profiles.PEOPLE).collect()]

    assert addresses == ["zoe1@example.com", "zoe2@example.com"]
    assert refreshed.counts == {"events": 1, "after_as_of": 0, "people_refreshed": 1}


def test_a_stay_that_is_no_number_of_minutes_is_refused_before_anything_is_read(run_job):
    with pytest.raises(InputError, match="'1h' is no number of minutes"):
        run_job("refresh_people", for_minutes="1h")


def test_a_refresh_counts_no_order_that_a_review_holds_or_excludes(lake, given):
    when = {"occurred_at": AS_OF - timedelta(days=1), "available_at": AS_OF - timedelta(hours=1)}
    bought = [{"order_id": one, "user_id": "c1", "product_id": "7", **when} for one in ("good", "held", "false")]
    doubts = [
        {"subject_kind": "order", "subject_id": "held", "state": "open", "holds": True},
        {"subject_kind": "order", "subject_id": "false", "state": "excluded", "holds": False},
    ]
    lake.add(given(tables.quality.ORDER_LINES, *bought), to=tables.quality.ORDER_LINES)
    lake.add(given(tables.quality.PRODUCTS, {"product_id": "7"}), to=tables.quality.PRODUCTS)
    lake.add(given(tables.quality.REVIEWS, *doubts), to=tables.quality.REVIEWS)
    lake.add(given(tables.profiles.PEOPLE, {"person_id": "p1"}), to=tables.profiles.PEOPLE)
    known = {"identifier_kind": "customer_id", "identifier": "c1", "person_id": "p1"}
    lake.add(given(tables.profiles.IDENTITIES, known), to=tables.profiles.IDENTITIES)
    for table in (tables.quality.EVENTS, tables.ingest.EVENTS, LATEST):
        lake.create(table)

    arrived = given(tables.quality.EVENTS, {"user_id": "c1", "kind": "order_completed", **when})
    refresh(arrived, lake, run=Run(lake, load("local"), AS_OF, "local", AS_OF))

    refreshed = lake.read(LATEST).select("person_id", "orders_all").collect()
    assert [tuple(row) for row in refreshed] == [("p1", 1)]
