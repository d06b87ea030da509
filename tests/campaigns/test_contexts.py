"""Contexts hold the declared inputs, typed, and say what was missing and where it came from."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lettermill.campaigns.contexts import Plan, build_contexts, slates, with_message_ids
from lettermill.campaigns.definition import Campaign, Experiment, Input, Slate
from lettermill.campaigns.slots import Candidate, Slot
from lettermill.campaigns.tokens import unsubscribe_token
from lettermill.lake import conform
from lettermill.tables.models import RECOMMENDATIONS
from lettermill.tables.quality import PRODUCTS

AS_OF = datetime(2018, 1, 1, tzinfo=UTC)
SHOP = {"name": "Shop", "url": "https://shop.example"}
CAMPAIGN = Campaign(
    name="greeting",
    description="",
    audience="true",
    experiment=Experiment("greeting"),
    slate=Slate(size=2, reason="concat(source, '!')"),
    parts={},
    columns={"greeting_name": "upper(first_name)"},
    inputs={
        "name": Input("string", "greeting_name", missing="default", default="you", at="updated_at"),
        "year": Input("int", "birth_year", missing="skip_block"),
        "picks": Input(
            "array<struct<name: string, price: decimal(12,2), reason: string>>", "picks", missing="skip_person"
        ),
        "out": Input("string", "links.unsubscribe"),
    },
)
PLAN = Plan(CAMPAIGN, "2018-01-01", AS_OF, "t1", SHOP, {"churn": "3"}, token_key=b"key")
PICK = "array(named_struct('name', 'Jam', 'price', 1.5, 'reason', 'r'))"


@pytest.fixture
def contexts(spark):
    """Contexts of one person with the given SQL columns, by `build_contexts`."""

    def build(plan=PLAN, **columns):
        columns = {"first_name": "'Ann'", "birth_year": "1980", "verdict": "'mailed'", "picks": PICK} | columns
        fixed = "'p' person_id, 'a@e.com' email, 'treatment' arm, 0.9d propensity, cast(null as string) locale, 'Europe/Vienna' timezone"
        rest = ", ".join(f"{value} {name}" for name, value in columns.items() if name != "picks")
        people = spark.sql(f"SELECT {fixed}, cast(null as string) detail, timestamp'2017-05-01' updated_at, {rest}")
        slate = spark.sql(f"SELECT 'p' person_id, {columns['picks']} picks")
        return build_contexts(with_message_ids(people, plan=plan), slates=slate, plan=plan)

    return build


def test_a_context_holds_the_declared_inputs_and_where_they_came_from(contexts):
    built = contexts()

    row = conform(built, CAMPAIGN.contexts).first()
    token = unsubscribe_token(row.message_id, key=b"key", key_id="1")
    assert row.inputs.asDict(recursive=True) == {
        "name": "ANN",
        "year": 1980,
        "picks": [{"name": "Jam", "price": Decimal("1.50"), "reason": "r"}],
        "out": f"https://shop.example/mail/unsubscribe/{token}",
    }
    assert (row.locale, row.timezone, row.missing, row.versions) == ("en_US", "Europe/Vienna", [], {"churn": "3"})
    assert {name: at.year for name, at in row.inputs_at.items()} == {
        "name": 2017,
        "year": 2018,
        "picks": 2018,
        "out": 2018,
    }


@pytest.mark.parametrize(
    ("columns", "name", "missing", "verdict", "detail"),
    [
        ({"first_name": "cast(null as string)"}, "you", [], "mailed", None),
        ({"birth_year": "cast(null as int)"}, "ANN", ["year"], "mailed", None),
        ({"picks": f"if(false, {PICK}, null)"}, "ANN", [], "missing_input", "picks"),
        ({"verdict": "'held_out'"}, "ANN", [], "held_out", None),
    ],
)
def test_each_policy_for_what_is_missing_does_what_it_says(contexts, columns, name, missing, verdict, detail):
    row = contexts(**columns).first()

    assert (row.inputs.name, row.missing, row.verdict, row.detail) == (name, missing, verdict, detail)


def test_a_message_id_is_the_same_for_person_campaign_and_occurrence_for_ever(contexts):
    first, again, next_week = (
        contexts(plan=plan).first().message_id
        for plan in (
            PLAN,
            replace(PLAN, as_of=datetime(2018, 1, 9, tzinfo=UTC)),
            replace(PLAN, occurrence="2018-01-08"),
        )
    )

    assert first == again != next_week


def test_a_slate_keeps_the_rank_and_leaves_out_what_is_not_to_be_had(given):
    products = given(PRODUCTS, *({"product_id": p, "is_available": p != "gone"} for p in ("a", "b", "c", "gone")))
    ranked = given(
        RECOMMENDATIONS,
        *(
            {"person_id": "p", "rank": n, "product_id": p, "source": "als"}
            for n, p in enumerate(["gone", "c", "a", "b"], 1)
        ),
    )

    row = slates(ranked, products=products, campaign=CAMPAIGN).first()

    assert [(pick.product_id, pick.reason, pick.source) for pick in row.picks] == [
        ("c", "als!", "als"),
        ("a", "als!", "als"),
    ]


def test_the_token_names_no_address_and_changes_with_key_and_message():
    tokens = {unsubscribe_token(m, key=k, key_id="1") for m in ("m1", "m2") for k in (b"a", b"b")}

    assert len(tokens) == 4
    assert all(token.startswith("1.m") for token in tokens)


def test_the_block_of_each_slot_is_an_input_chosen_over_the_campaigns_columns(contexts):
    slots = {
        "hero": Slot((Candidate("named", when="greeting_name = 'ANN'"), Candidate("plain", when="size(picks) > 9")))
    }
    plan = replace(PLAN, campaign=replace(CAMPAIGN, slots=slots))

    ann, bob = contexts(plan).first(), contexts(plan, first_name="'Bob'").first()

    assert (ann.inputs.slots.hero, bob.inputs.slots.hero) == ("named", None)
    assert ann.choices["hero"].asDict() == {"block": "named", "source": "rules", "propensity": 1.0}
    assert ann.inputs.slots == conform(contexts(plan), plan.campaign.contexts).first().inputs.slots


def test_the_name_of_the_slots_is_no_inputs():
    with pytest.raises(ValueError, match="the input 'slots' is made of the slots"):
        replace(CAMPAIGN, inputs={"slots": Input("string", "x")})


def test_another_shape_of_inputs_is_another_table():
    wider = replace(CAMPAIGN, inputs=CAMPAIGN.inputs | {"more": Input("string", "x")})

    assert CAMPAIGN.contexts.name.startswith("campaigns.contexts_greeting__")
    assert CAMPAIGN.contexts.name != wider.contexts.name
