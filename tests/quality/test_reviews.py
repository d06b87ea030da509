"""A finding waits once; every decision is kept; what is excluded or held does not count."""

from datetime import UTC, datetime

import pytest
from pyspark.sql import functions as F

from lettermill.quality.reviews import (
    decided,
    held,
    held_people,
    lines_without_people,
    review_rows,
    trusted_lines,
    without_people,
)
from lettermill.tables.profiles import IDENTITIES
from lettermill.tables.quality import ORDER_LINES, REVIEWS

MAY, JUNE = datetime(2017, 5, 1, tzinfo=UTC), datetime(2017, 6, 1, tzinfo=UTC)
FINDING = "finding string, kind string, subject_kind string, subject_id string, detail string, holds boolean"


@pytest.fixture
def found(spark):
    return spark.createDataFrame([("far", "outlier", "order", "o1", "o1 is far", True)], FINDING)


def test_finding_it_again_later_is_the_same_review_and_another_week_is_not(found):
    spike = found.withColumn("week", F.lit("2017-05-29").cast("date"))

    rows = [review_rows([found], as_of=at).first() for at in (MAY, JUNE)]
    ids = {
        review_rows([one], as_of=MAY).first().review_id
        for one in (found, spike, spike.withColumn("week", F.lit("2017-06-05").cast("date")))
    }

    assert (rows[0].review_id, rows[0].state, rows[0].history) == (rows[1].review_id, "open", [])
    assert len(ids) == 3


def test_the_last_decision_holds_and_the_earlier_ones_are_kept(found):
    rows = review_rows([found], as_of=MAY)

    out = decided(rows, state="excluded", by="ann", at=MAY, why="a till error")
    back = decided(out, state="accepted", by="ben", at=JUNE, why="a wedding").first()

    assert (back.state, back.decided_by, back.reason) == ("accepted", "ben", "a wedding")
    assert [(one.state, one.by, one.why) for one in back.history] == [
        ("excluded", "ann", "a till error"),
        ("accepted", "ben", "a wedding"),
    ]


def test_open_reviews_hold_where_they_should_and_excluded_ones_always_do(given):
    cases = {
        ("open", True): True,
        ("open", False): False,
        ("accepted", True): False,
        ("accepted", False): False,
        ("excluded", True): True,
        ("excluded", False): True,
    }
    rows = given(
        REVIEWS, *({"review_id": f"{state} {holds}", "state": state, "holds": holds} for state, holds in cases)
    )

    assert {row.review_id for row in held(rows).collect()} == {f"{s} {h}" for (s, h), out in cases.items() if out}


@pytest.fixture
def reviews(given):
    return given(
        REVIEWS,
        {"subject_kind": "order", "subject_id": "o1", "state": "open"},
        {"subject_kind": "order", "subject_id": "o2", "state": "accepted"},
        {"subject_kind": "customer", "subject_id": "c1", "state": "excluded"},
        {"subject_kind": "email_domain", "subject_id": "c3", "state": "excluded"},
    )


def test_lines_of_held_orders_and_of_held_people_under_any_id_do_not_count(given, reviews):
    ids = [("c1", "p1"), ("c1b", "p1"), ("c2", "p2"), ("c3", "p3")]
    identities = given(
        IDENTITIES, *({"identifier_kind": "customer_id", "identifier": one, "person_id": who} for one, who in ids)
    )
    bought = [("o1", "c2"), ("o2", "c2"), ("o3", "c1"), ("o4", "c1b"), ("o5", "c3"), ("o6", None)]
    lines = given(ORDER_LINES, *({"order_id": order, "user_id": who} for order, who in bought))

    people = held_people(reviews, identities)
    trusted = trusted_lines(lines, reviews)
    taught = lines_without_people(trusted, people, identities)

    assert [row.person_id for row in people.collect()] == ["p1"]
    assert sorted(row.order_id for row in trusted.collect()) == ["o2", "o3", "o4", "o5", "o6"]
    assert sorted(row.order_id for row in taught.collect()) == ["o2", "o5", "o6"]
    assert {row.person_id for row in without_people(identities, people).collect()} == {"p2", "p3"}
