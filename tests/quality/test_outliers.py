"""Orders and customers far from the others are found, and what is merely large, steady or new is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lettermill.quality.definition import Outlier, Spike
from lettermill.quality.outliers import (
    iqr,
    known_lines,
    measured_subjects,
    outliers,
    robust_z,
    scored_weeks,
    spikes,
    weekly_orders,
)
from lettermill.tables.quality import ORDER_LINES

AS_OF = datetime(2017, 6, 5, tzinfo=UTC)  # a Monday
AMOUNT = Outlier("far", "order", "sum(amount)", "robust_z", limit=6, least=100)
SPIKE = Spike("sudden", limit=6, least_orders=6, least_weeks=8, look_back_weeks=4)
INVENTED = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = st.lists(st.integers(-1000, 1000).map(float), min_size=5, max_size=40)


def scores(spark, method, values):
    frame = spark.createDataFrame(list(enumerate(values)), "n int, value double")
    return [row.score for row in method(frame).orderBy("n").collect()]


@pytest.mark.parametrize("method", [robust_z, iqr])
@INVENTED
@given(values=NUMBERS, factor=st.sampled_from([0.5, 2.0, 1024.0]), shift=st.integers(-500, 500))
def test_how_far_off_a_value_is_does_not_depend_on_its_unit_or_origin(spark, method, values, factor, shift):
    plain, moved = scores(spark, method, values), scores(spark, method, [v * factor + shift for v in values])

    assert moved == pytest.approx(plain) if None not in plain else moved == plain


@INVENTED
@given(values=NUMBERS, wild=st.sampled_from([1e6, 1e12]))
def test_how_wild_one_value_is_does_not_change_how_far_off_the_others_are(spark, values, wild):
    assert scores(spark, robust_z, [*values, 1e5])[:-1] == scores(spark, robust_z, [*values, wild])[:-1]


def test_scores_are_what_the_books_say(spark):
    assert scores(spark, robust_z, [1.0, 2.0, 3.0, 4.0, 100.0]) == pytest.approx(
        [(v - 3) / 1.4826 for v in (1, 2, 3, 4, 100)]
    )
    assert scores(spark, iqr, [1.0, 2.0, 3.0, 4.0, 100.0]) == pytest.approx([-0.5, 0, 0, 0, 48])
    assert scores(spark, robust_z, [7.0] * 5 + [8.0]) == [None] * 6  # nothing can be told of the spread


@pytest.fixture
def orders(given):
    """Order lines from (customer, day, amount), each an order of its own."""

    def rows(*bought):
        return given(
            ORDER_LINES,
            *(
                {
                    "order_id": f"o{n}",
                    "line": 1,
                    "user_id": who,
                    "occurred_at": at,
                    "available_at": at,
                    "amount": Decimal(amount),
                }
                for n, (who, at, amount) in enumerate(bought)
            ),
        )

    return rows


def days_before(days):
    return AS_OF - timedelta(days=days, hours=1)


@pytest.mark.parametrize(("method", "limit"), [("robust_z", 6.0), ("iqr", 3.0)])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_an_order_far_from_the_others_is_found_and_a_small_one_is_not(orders, method, limit, scale):
    usual = [("c", days_before(n), 20 + n % 7) for n in range(40)]
    rule = replace(AMOUNT, method=method, limit=limit, scale=scale)

    found = outliers(
        measured_subjects(orders(*usual, ("d", days_before(3), 9000), (None, days_before(4), "0.01")), rule), rule
    )

    row = found.collect()[0]
    assert found.count() == 1
    assert (row.finding, row.subject_kind, row.subject_id, row.observed, row.holds) == (
        "far",
        "order",
        "o40",
        9000,
        True,
    )
    assert row.usual == pytest.approx(23, abs=3)
    assert row.detail.startswith("order o40: sum(amount) is 9000.00, usual is")


def test_a_filter_leaves_lines_out_of_the_measure(orders):
    rule = replace(AMOUNT, filter="amount < 1000")
    bought = orders(*(("c", days_before(n), 20 + n % 7) for n in range(20)), ("d", days_before(3), 9000))

    assert measured_subjects(bought, rule).count() == 20


def test_only_what_had_occurred_and_arrived_is_looked_at(orders):
    assert known_lines(orders(("c", days_before(1), 1), ("c", AS_OF, 1)), as_of=AS_OF).count() == 1


def weeks(who, orders_in_week):
    """Orders of a customer, week by week, the last one ending at AS_OF."""
    last = len(orders_in_week)
    return [
        (who, AS_OF - timedelta(weeks=last - week) + timedelta(hours=order + 1), 5)
        for week, number in enumerate(orders_in_week)
        for order in range(number)
    ]


def test_only_a_sudden_spike_is_found_and_in_the_week_of_it(orders):
    bought = orders(
        *weeks("sudden", [1, 0, 1, 2, 1, 1, 0, 1, 1, 1, 0, 14]),
        *weeks("was sudden", [1, 0, 1, 2, 1, 1, 0, 1, 1, 14, 0, 1]),
        *weeks("long ago", [1, 1, 1, 1, 1, 1, 1, 1, 14, 1, 1, 1, 1, 1]),
        *weeks("heavy", [14, 13, 15, 14, 12, 14, 15, 13, 14, 14, 13, 15]),
        *weeks("growing", [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7]),
        *weeks("new", [1, 1, 14]),
        *weeks("idle", [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]),
    )

    scored = scored_weeks(weekly_orders(bought, SPIKE), SPIKE, as_of=AS_OF)
    found = spikes(scored, SPIKE).orderBy("subject_id").collect()

    assert [(row.subject_id, str(row.week), row.observed, row.usual) for row in found] == [
        ("sudden", "2017-05-29", 14, 1),
        ("was sudden", "2017-05-15", 14, 1),
    ]
    assert found[0].score == pytest.approx((14 - 1) / 2**0.5)
    assert found[0].detail.startswith("customer sudden: 14 orders in the week of 2017-05-29, usual is 1.0")
