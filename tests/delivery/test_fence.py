"""The fence: who may not leave for good, who not yet, and which rule says so where several do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from lettermill.delivery.fence import Facts, Terms, judged
from lettermill.delivery.persons import survivors
from lettermill.delivery_rules import DeliveryRules, Hours, SendWindow, Stock
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.profiles import ERASURES, IDENTITY_CHANGES, PEOPLE
from lettermill.tables.quality import PRODUCTS

PICKS = "struct<picks: array<struct<product_id: string, price: decimal(12,2)>>, one: struct<product_id: string>>"
CONTEXTS = contexts_table("spring", inputs=PICKS, fingerprint="00000000")
SLOT = {"campaign": "spring", "occurrence": "2018-01-01"}
NIGHT = datetime(2018, 1, 1, 22, tzinfo=UTC)
SURVIVORS = "person_id string, survivor string"
PERMITTED = "message_id string, mail string, mail_because string, mail_by string"
ATHOME = {"timezone": "UTC", "address": "ana@example.com", "inputs": ([], None)}


class Case:
    """A slot of messages `m1`, `m2`, ... to persons `p1`, `p2`, ..., all of whom may be mailed but for what differs."""

    def __init__(self, spark, given, *contexts):
        self.spark, self.given = spark, given
        numbers = range(1, len(contexts) + 1)
        ids = [{**SLOT, "message_id": f"m{n}", "person_id": f"p{n}"} for n in numbers]
        self.people = {f"p{n}" for n in numbers}
        self.planned = given(CONTEXTS, *({**ATHOME, **one, **c} for one, c in zip(ids, contexts, strict=True)))
        self.mail = {f"m{n}": "granted" for n in numbers}
        self.survivors, self.erased, self.products = [], [], None

    def facts(self):
        return Facts(
            permitted=self.planned.join(
                self.spark.createDataFrame(
                    [(one, mail, "crm record", "person") for one, mail in self.mail.items()], PERMITTED
                ),
                on="message_id",
                how="left",
            ),
            people=self.given(PEOPLE, *({"person_id": one} for one in sorted(self.people))),
            survivors=self.spark.createDataFrame(self.survivors, SURVIVORS),
            erasures=self.given(ERASURES, *({"person_id": one} for one in self.erased)),
            products=None if self.products is None else self.given(PRODUCTS, *self.products),
        )

    def verdicts(self, **terms):
        terms = Terms(NIGHT, **{"rules": DeliveryRules(), **terms})
        rows = judged(self.planned, facts=self.facts(), terms=terms).collect()
        return {row["message_id"]: (row["verdict"], row["reason"], row["not_before"]) for row in rows}


LEAVES = ("leaves", None, None)


def suppressed(reason):
    return ("suppressed", reason, None)


def test_people_who_are_erased_merged_or_gone_get_nothing_and_the_first_rule_says_why(spark, given):
    case = Case(spark, given, *[{}] * 7)
    case.people -= {"p2", "p3", "p4"}
    case.erased = ["p1", "p1", None, "p4"]
    case.survivors = [("p2", "p6"), ("p4", "p6")]
    case.mail |= {"m1": "denied", "m2": "denied", "m5": "denied", "m7": "granted"}

    assert case.verdicts() == {
        "m1": suppressed("the person asked to be erased"),
        "m2": suppressed("the person became part of p6"),
        "m3": suppressed("the person is not known any more"),
        "m4": suppressed("the person asked to be erased"),
        "m5": suppressed("mail is denied: crm record"),
        "m6": LEAVES,
        "m7": LEAVES,
    }


def test_a_person_who_was_merged_again_and_again_is_found_and_one_who_is_back_is_nobody_elses(spark, given):
    def merge(before, after, day=1, change="merge"):
        return {
            "change": change,
            "from_person_id": before,
            "into_person_id": after,
            "known_at": datetime(2018, 1, day, tzinfo=UTC),
        }

    changes = given(
        IDENTITY_CHANGES,
        *(merge("a", "old"), merge("a", "b", 2), merge("b", "c", 3), merge("c", "d", 4)),
        *(merge("back", "d"), merge("moved", "d", change="move")),
    )
    people = given(PEOPLE, {"person_id": "d"}, {"person_id": "back"})

    found = survivors(changes, people=people)

    assert {row["person_id"]: row["survivor"] for row in found.collect()} == {"a": "d", "b": "d", "c": "d"}


def test_nothing_leaves_from_the_last_moment_on_but_what_it_is_refused_for_comes_first(spark, given):
    case = Case(spark, given, {}, {})
    case.mail["m1"] = "denied"
    waiting = {"allowed": ["@seeds.example"], "rules": DeliveryRules(quiet_hours=Hours("21:00", "08:00"))}

    assert case.verdicts(last_moment=NIGHT, **waiting) == {
        "m1": suppressed("mail is denied: crm record"),
        "m2": suppressed("too late: not after 2018-01-01 22:00 UTC"),
    }
    assert case.verdicts(last_moment=NIGHT + timedelta(seconds=1))["m2"] == LEAVES


def product(product_id, price="4.00", **more):
    return {"product_id": product_id, "price": Decimal(price), "is_available": True, **more}


def test_a_message_does_not_show_what_is_gone_nor_a_price_that_has_moved_by_more_than_the_tolerance(spark, given):
    shown = {
        "m1": [("kept", "4.00"), ("moved by 5 %", "4.00")],
        "m2": [("kept", "4.00"), ("moved by more", "4.00"), ("gone", "1.00")],
        "m3": [("gone", "1.00")],
        "m4": [("unknown", "1.00")],
        "m5": [(None, "1.00")],
        "m6": [],
        "m7": [("free", "0.00")],
    }
    products = [
        product("kept"),
        product("moved by 5 %", "3.80"),
        product("moved by more", "4.21"),
        product("gone", is_available=False),
        product("free", "0.01"),
    ]
    case = Case(spark, given, *({"inputs": ([(name, Decimal(p)) for name, p in one], None)} for one in shown.values()))
    case.products = products
    rules = DeliveryRules(stock=Stock("picks", price="price", price_tolerance=0.05))

    assert case.verdicts(rules=rules) == {
        "m1": LEAVES,
        "m2": suppressed("the price of product moved by more moved from 4.00 to 4.21"),
        "m3": suppressed("product gone is gone"),
        "m4": suppressed("product unknown is gone"),
        "m5": suppressed("product without an id is gone"),
        "m6": LEAVES,
        "m7": suppressed("the price of product free moved from 0.00 to 0.01"),
    }


def test_an_input_of_one_product_is_watched_too_and_its_price_may_move_where_none_is_named(spark, given):
    case = Case(spark, given, *({"inputs": ([], (name,))} for name in ("kept", "gone")), {"inputs": ([], None)})
    case.products = [product("kept", "9.00")]

    assert case.verdicts(rules=DeliveryRules(stock=Stock("one"))) == {
        "m1": LEAVES,
        "m2": suppressed("product gone is gone"),
        "m3": LEAVES,
    }


def test_stock_is_not_passed_over_where_nobody_handed_in_the_products(spark, given):
    with pytest.raises(ValueError, match="hand in the products"):
        Case(spark, given, {}).verdicts(rules=DeliveryRules(stock=Stock("one")))


def test_whoever_sleeps_is_mailed_later_and_test_mode_takes_nothing_from_the_mailing(spark, given):
    case = Case(
        spark,
        given,
        {"timezone": "Europe/Vienna", "address": "qa@seeds.example"},
        {"timezone": "America/New_York", "address": "QA@seeds.example "},
        {"timezone": "Mars/Olympus", "address": "qa@seeds.example"},
        {"timezone": "America/New_York", "address": "ana@example.com"},
    )
    case.mail["m3"] = "denied"
    rules = DeliveryRules(quiet_hours=Hours("21:00", "08:00"), send_window=SendWindow("09:00", "18:00", ("mon..fri",)))

    assert case.verdicts(rules=rules, timezone="Asia/Tokyo", allowed=["@seeds.example"]) == {
        "m1": ("later", "outside the hours for mail in Europe/Vienna", datetime(2018, 1, 2, 8)),
        "m2": LEAVES,
        "m3": suppressed("mail is denied: crm record"),
        "m4": ("later", "test mode mails addresses on its list alone", None),
    }
    case.mail["m3"] = "granted"
    assert case.verdicts(rules=rules, timezone="Asia/Tokyo")["m3"] == (
        "later",
        "outside the hours for mail in Mars/Olympus",
        datetime(2018, 1, 2, 0),
    )


def test_every_message_has_a_verdict_once_with_its_person_and_its_place(spark, given):
    case = Case(spark, given, *[{}] * 3)
    rows = judged(case.planned, facts=case.facts(), terms=Terms(NIGHT, DeliveryRules()))
    places = {f"m{n}": int(sha256(f"m{n}".encode()).hexdigest()[:13], 16) / 16**13 for n in (1, 2, 3)}

    assert rows.columns == ["message_id", "person_id", "place", "verdict", "reason", "not_before"]
    assert sorted(tuple(row) for row in rows.collect()) == [
        (f"m{n}", f"p{n}", places[f"m{n}"], *LEAVES) for n in (1, 2, 3)
    ]
