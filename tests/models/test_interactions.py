"""What is known of purchases at a moment, and what may be recommended."""

from datetime import UTC, datetime, timedelta

from lettermill.models.interactions import (
    CandidateRule,
    candidates,
    interactions,
    lines_of_nobody,
    purchases_between,
)  # fmt: skip
from lettermill.tables.profiles import IDENTITIES
from lettermill.tables.quality import ORDER_LINES, PRODUCTS

AS_OF = datetime(2017, 12, 1, tzinfo=UTC)


def days_before(days):
    return AS_OF - timedelta(days=days)


def line(order_id, user_id, product_id, days, *, place=1, quantity=1, late=0):
    at = days_before(days)
    return {
        "order_id": order_id, "line": place, "user_id": user_id, "product_id": product_id, "quantity": quantity,
        "occurred_at": at, "available_at": at + timedelta(days=late),
    }  # fmt: skip


def customers(given, **people):
    rows = ({"identifier_kind": "customer_id", "identifier": user, "person_id": own} for user, own in people.items())
    return given(IDENTITIES, *rows)


def test_purchases_are_summed_up_by_person_and_product_as_known_at_the_moment(given):
    lines = given(
        ORDER_LINES,
        line("1", "u", "milk", 90, quantity=2),
        line("1", "u", "milk", 90, place=2, quantity=3),  # the same order again is no second order
        line("2", "u2", "milk", 0.000001, quantity=1),  # u and u2 are one person
        line("3", "u", "soap", 45),
        line("4", "u", "soap", 0),  # at the moment itself
        line("5", "u", "soap", 3, late=4),  # arrived after it
        line("6", "stranger", "soap", 3),
        line("7", None, "soap", 3),
    )
    known = customers(given, u="ada", u2="ada")

    bought = interactions(lines, known, as_of=AS_OF).orderBy("product_id").collect()

    assert [tuple(row[:4]) for row in bought] == [("ada", "milk", 2, 6), ("ada", "soap", 1, 1)]
    assert [row["typical_gap_days"] for row in bought] == [90.0, None]
    assert [round(row["fresh_orders"], 4) for row in bought] == [1.5, round(0.5**0.5, 4)]
    nobody = lines_of_nobody(lines, known, as_of=AS_OF).select("order_id").collect()
    assert sorted(row[0] for row in nobody) == ["6", "7"]


def test_candidates_were_bought_by_enough_people_and_stand_in_an_admitted_department(given):
    sold = {"milk": "GROCERY", "petrol": "FUEL", "rare": "GROCERY", "unlisted": None, "gift": None}
    lines = given(
        ORDER_LINES,
        *(line(f"{p}{u}", u, p, 10 + 30 * (u == "b")) for p in sold for u in "ab" if (p, u) != ("rare", "b")),
    )
    listed = ({"product_id": p, "department": d, "category": None} for p, d in sold.items() if p != "unlisted")
    bought = interactions(lines, customers(given, a="ada", b="bob"), as_of=AS_OF)

    kept = candidates(
        bought, given(PRODUCTS, *listed), as_of=AS_OF, excluded_departments=["FUEL"], rule=CandidateRule(least_people=2)
    )

    assert sorted(kept.collect()) == [("gift", "gift", True, 2, 1), ("milk", "milk", True, 2, 1)]


def test_the_truth_is_what_was_bought_from_the_cut_off_on(given):
    lines = given(ORDER_LINES, line("1", "u", "old", 1), line("2", "u", "first", 0), line("3", "u", "past", -31))

    truth = purchases_between(lines, customers(given, u="ada"), start=AS_OF, until=AS_OF + timedelta(days=31)).collect()

    assert truth == [("ada", "first")]
