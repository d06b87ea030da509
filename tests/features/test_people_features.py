"""Features as known at a moment: exact values on a small history, and the law that later rows change nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from lettermill.features.people import people_features, refreshed_features
from lettermill.tables import features, profiles, quality

NUMBERS = (*features.PURCHASE, *features.BROWSING, *features.ENGAGEMENT)
AS_OF = datetime(2017, 6, 1, tzinfo=UTC)
EARLIER = datetime(2017, 5, 1, tzinfo=UTC)
LISTED = datetime(2017, 1, 1, tzinfo=UTC)


def at(day: int, month: int = 5, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2017, month, day, hour, minute, tzinfo=UTC)


def line(order, when, product, amount, *, user="c1", discount=None, arrives=None, number=1):
    return {
        "order_id": order, "line": number, "user_id": user, "product_id": product, "amount": Decimal(amount),
        "discount": discount and Decimal(discount), "occurred_at": when, "available_at": arrives or when,
    }  # fmt: skip


def event(name, kind, when, *, user="c1", browser=None, device=None, email=None, arrives=None):
    properties = {"email_id": email, "device_id": device}
    return {
        "event_id": name, "kind": kind, "user_id": user, "anonymous_id": browser, "properties": properties,
        "occurred_at": when, "available_at": arrives or when,
    }  # fmt: skip


LINES = (
    line("o1", at(1), "milk", "10.00", discount="2.50"),
    line("o1", at(1), "bread", "5.00", number=2),
    line("o2", at(11), "milk", "20.00"),
    line("o3", at(28), "unlisted", "4.00"),
    line("o4", at(30), "fuel", "40.00"),
    line("late", at(31), "milk", "1.00", arrives=at(1, month=6)),
    line("on the moment", AS_OF, "milk", "1.00"),
)
PRODUCTS = (
    {"product_id": "milk", "department": "Dairy", "category": "Milk", "valid_from": LISTED},
    {"product_id": "bread", "department": "Bakery", "category": "Bread", "valid_from": LISTED},
    {"product_id": "fuel", "department": "Fuel", "category": "Fuel", "valid_from": LISTED},
)
EVENTS = (
    event("e1", "page_viewed", at(30, hour=9)),
    event("e2", "product_viewed", at(30, hour=9, minute=20), user=None, browser="b1"),
    event("e3", "product_added", at(30, hour=10)),
    event("e4", "product_viewed", at(31), arrives=at(2, month=6)),
    event("e5", "product_viewed", at(31), user=None, browser="nobody's"),
    event("m1", "email_delivered", at(10), email="mail"),
    event("m2", "email_opened", at(11), email="mail"),
    event("m3", "email_opened", at(22), email="mail"),
)


@pytest.fixture(autouse=True)
def interpreted(spark):
    """A few rows are computed before code for them is compiled."""
    names = ("spark.sql.codegen.wholeStage", "spark.sql.codegen.factoryMode")
    standing = {name: spark.conf.get(name) for name in names}
    spark.conf.set(names[0], "false")
    spark.conf.set(names[1], "NO_CODEGEN")
    yield
    for name, value in standing.items():
        spark.conf.set(name, value)


@pytest.fixture
def known(given):
    """A function: the features of c1 and the newcomer c2, from these lines, events and products."""

    def build(lines=LINES, events=EVENTS, products=PRODUCTS, moments=(EARLIER, AS_OF), concerned=None):
        people = given(profiles.PEOPLE, {"person_id": "p1"}, {"person_id": "p2"})
        identities = given(
            profiles.IDENTITIES,
            {"identifier_kind": "customer_id", "identifier": "c1", "person_id": "p1"},
            {"identifier_kind": "customer_id", "identifier": "c2", "person_id": "p2"},
            {"identifier_kind": "anonymous_id", "identifier": "b1", "person_id": "p1"},
            {"identifier_kind": "device", "identifier": "d2", "person_id": "p2"},
        )
        told = (
            given(quality.ORDER_LINES, *lines),
            given(quality.PRODUCTS, *products),
            given(quality.EVENTS, *events),
        )
        if concerned is None:
            rows = people_features(people, identities, *told, moments=moments, excluded_departments=("Fuel",))
        else:
            rows = refreshed_features(
                people,
                identities,
                *told,
                concerned=people.where(F.col("person_id") == concerned).select("person_id"),
                moment=moments[-1],
                excluded_departments=("Fuel",),
            )
        return {(row["person_id"], row["as_of"].isoformat()[:10]): row.asDict() for row in rows.collect()}

    return build


@pytest.fixture(scope="module")
def once():
    """What is built once for the tests that only look at it."""
    return {}


@pytest.fixture
def rows(known, once):
    if not once:
        once.update(known())
    return once


def test_a_small_history_gives_these_features(rows):
    row = rows["p1", "2017-06-01"]

    assert (row["last_order_at"], row["favourite_category"]) == (at(28).replace(tzinfo=None), "Milk")
    known_values = {name: value for name, value in row.items() if value is not None and name in NUMBERS}
    assert known_values == pytest.approx({
        "orders_all": 3, "days_since_order": 3.5, "tenure_days": 30.5,
        "orders_7d": 1, "orders_14d": 1, "orders_28d": 2, "orders_56d": 3, "orders_91d": 3, "orders_182d": 3, "orders_364d": 3,
        "spend_7d": 4.0, "spend_14d": 4.0, "spend_28d": 24.0, "spend_56d": 39.0, "spend_91d": 39.0, "spend_182d": 39.0, "spend_364d": 39.0,
        "products_7d": 1, "products_14d": 1, "products_28d": 2, "products_56d": 4, "products_91d": 4, "products_182d": 4, "products_364d": 4,
        "discount_share_7d": 0.0, "discount_share_14d": 0.0, "discount_share_28d": 0.0,
        **dict.fromkeys((f"discount_share_{days}d" for days in (56, 91, 182, 364)), 250 / 4150),
        "active_weeks_56d": 3, "active_weeks_182d": 3,
        "order_trend_28d": 2 * 91 / (3 * 28), "order_trend_91d": 3 * 30.5 / (3 * 91), "spend_trend_28d": 24 * 91 / (39 * 28),
        "gap_mean": 13.5, "gap_sd": 24.5**0.5, "gap_longest": 17.0, "gap_last": 17.0, "gap_mean_91d": 13.5, "gap_longest_91d": 17.0,
        "overdue": 3.5 / 13.5, "overdue_91d": 3.5 / 13.5, "overdue_longest": 3.5 / 17,
        "basket_mean": 13.0, "basket_last": 4.0, "weekend_share": 1 / 3, "same_weekday_share": 1 / 3,
        "categories_182d": 2, "favourite_category_share_182d": 30 / 35, "favourite_department_share_182d": 30 / 35,
        **{f"{things}_{days}d": 1 for things in ("pages", "views", "adds") for days in (7, 28, 91)},
        **{f"sessions_{days}d": 2 for days in (7, 28, 91)}, "days_since_visit": 1 + 14 / 24,
        **{f"{things}_{days}d": 1 for things in ("delivered", "opened") for days in (28, 91, 182)},
        **{f"clicked_{days}d": 0 for days in (28, 91, 182)}, "days_since_open": 9.5,
    }, rel=1e-14)  # fmt: skip


def test_a_person_without_orders_or_visits_has_zeros_and_nulls(rows):
    row = rows["p2", "2017-06-01"]

    required = {column.name for column in features.PEOPLE.columns if column.required} - {"person_id", "as_of"}
    assert {name for name, value in row.items() if value == 0} == required
    assert {name for name, value in row.items() if value is None} == {*row} - required - {"person_id", "as_of"}


def test_several_moments_in_one_pass_are_the_moments_one_by_one(known, rows):
    alone = known(moments=(AS_OF,))

    assert {key: row for key, row in rows.items() if key[1] == "2017-06-01"} == alone
    assert {key: row["orders_all"] for key, row in rows.items() if key not in alone} == {
        ("p1", "2017-05-01"): 0,
        ("p2", "2017-05-01"): 0,
    }


def test_what_occurs_or_arrives_later_changes_nothing(known, rows):
    """Rows at the moment, after it, and of long ago that arrive after it: of every kind, for both people."""
    after, soon = AS_OF + timedelta(microseconds=1), AS_OF + timedelta(days=3)
    later = [
        ("x1", AS_OF, AS_OF), ("x2", soon, soon), ("x3", at(3), after), ("x4", at(27, month=4), soon),
    ]  # fmt: skip
    lines = [
        line(name, when, "milk", "9.99", user=user, arrives=arrives)
        for name, when, arrives in later
        for user in ("c1", "c2")
    ]
    kinds = ("page_viewed", "product_viewed", "product_added", "email_delivered", "email_opened", "email_link_clicked")
    events = [
        event(name + kind, kind, when, email=name, arrives=arrives) for name, when, arrives in later for kind in kinds
    ]
    reclassed = [{"product_id": "milk", "department": "Fuel", "category": "Fuel", "valid_from": after}]
    newly_classed = [{"product_id": "unlisted", "department": "Fuel", "category": "Fuel", "valid_from": soon}]

    grown = known((*LINES, *lines), (*EVENTS, *events), (*PRODUCTS, *reclassed, *newly_classed))

    assert grown == rows


def test_a_product_counts_under_the_class_it_had_then(known):
    moved = ({"product_id": "milk", "department": "Fuel", "category": "Fuel", "valid_from": at(15)},)

    rows = known(products=(*PRODUCTS, *moved), moments=(at(12, hour=13), AS_OF))

    assert rows["p1", "2017-05-12"]["spend_28d"] == 35.0
    assert rows["p1", "2017-06-01"]["spend_364d"] == 9.0


def test_an_event_is_its_customers_or_else_its_browsers_or_else_its_devices(known):
    events = (
        event("of c1", "product_viewed", at(30), browser="b1", device="d2"),
        event("of b1", "product_viewed", at(30), user=None, browser="b1", device="d2"),
        event("of d2", "product_viewed", at(30), user=None, browser="nobody's", device="d2"),
        event("nobody's", "product_viewed", at(30), user="unknown", browser="nobody's", device="nobody's"),
    )

    rows = known(events=events, moments=(AS_OF,))

    assert {person: row["views_7d"] for (person, _), row in rows.items()} == {"p1": 2, "p2": 1}


@pytest.mark.parametrize("person", ["p1", "p2"])
def test_what_is_refreshed_of_one_person_is_what_is_built_of_all(known, person):
    device = event("of d2", "product_viewed", at(30), user=None, browser="nobody's", device="d2")
    events = (*EVENTS, device)

    refreshed = known(events=events, moments=(AS_OF,), concerned=person)

    assert refreshed == {key: row for key, row in known(events=events, moments=(AS_OF,)).items() if key[0] == person}
