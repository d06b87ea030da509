"""Blocks are chosen by rules, score or bandit; the same person gets the same again, with the probability it had."""

from collections import Counter
from dataclasses import replace

import pytest

from lettermill.campaigns.choosing import with_choices
from lettermill.campaigns.slots import Candidate, Slot
from lettermill.tables.campaigns import BANDITS

LOYAL = Candidate("loyal", when="segment = 'loyal'")
RULES = Slot((LOYAL, Candidate("near", when="distance < 5"), Candidate("rest")))
SCORE = Slot(
    (Candidate("a", score="liking_a"), Candidate("b", score="liking_b"), Candidate("c", when="false", score="9")),
    choose="score",
    otherwise="rest",
)
BANDIT = Slot((Candidate("a"), Candidate("b"), Candidate("c"), LOYAL), choose="bandit", exploration=0.3)


@pytest.fixture
def chosen(spark):
    """Choose for people: rows of person_id and what conditions read; returns person -> (block, source, propensity)."""

    def choose(slot, people, *, columns, states=None, occurrence="2018-01-01"):
        rows = spark.createDataFrame(people, f"person_id string, {columns}")
        made = with_choices(rows, campaign="spring", occurrence=occurrence, slots={"hero": slot}, states=states)
        found = made.select("person_id", "slots.hero", "choices.hero.source", "choices.hero.propensity").collect()
        return {row[0]: tuple(row[1:]) for row in found}

    return choose


def crowd(size=3_000):
    return [(f"p{number}", "new") for number in range(size)]


def arms(given, **rewards):
    rows = ({"campaign": "spring", "slot": "hero", "block": b, "trials": 100, "rewards": r} for b, r in rewards.items())
    return given(BANDITS, *rows)


def test_the_first_block_whose_rule_is_true_is_shown(chosen):
    people = [("both", "loyal", 1.0), ("near", "new", 1.0), ("far", "new", 9.0), ("nowhere", None, None)]

    shown = chosen(RULES, people, columns="segment string, distance double")

    assert shown == {
        "both": ("loyal", "rules", 1.0),
        "near": ("near", "rules", 1.0),
        "far": ("rest", "rules", 1.0),
        "nowhere": ("rest", "rules", 1.0),
    }


def test_a_slot_without_an_eligible_block_shows_what_it_says_or_nothing(chosen):
    only = replace(RULES, blocks=(LOYAL,))
    people = [("p", "new")]

    assert chosen(only, people, columns="segment string") == {"p": (None, "otherwise", 1.0)}
    assert chosen(replace(only, otherwise="rest"), people, columns="segment string")["p"][0] == "rest"


def test_the_highest_score_wins_of_equals_the_first_and_what_has_no_score_is_out(chosen):
    people = [
        ("b", 0.1, 0.2),
        ("equal", 0.5, 0.5),
        ("only_b", None, 0.0),
        ("odd", float("nan"), -1.0),
        ("none", None, None),
    ]

    shown = chosen(SCORE, people, columns="liking_a double, liking_b double")

    assert {who: block for who, (block, *_) in shown.items()} == {
        "b": "b", "equal": "a", "only_b": "b", "odd": "b", "none": "rest",
    }  # fmt: skip
    assert shown["none"] == ("rest", "otherwise", 1.0)


def test_a_bandit_shows_its_best_arm_and_explores_the_eligible_ones_evenly(chosen, given):
    states = arms(given, a=2.0, b=5.0, c=1.0, loyal=90.0)

    shown = chosen(BANDIT, crowd(), columns="segment string", states=states)

    assert {(block, round(p, 12)) for block, _, p in shown.values()} == {("a", 0.1), ("b", 0.8), ("c", 0.1)}
    counted = Counter(block for block, *_ in shown.values())
    for block, share in {"a": 0.1, "b": 0.8, "c": 0.1}.items():
        assert abs(counted[block] / 3_000 - share) < 0.02


def test_a_bandit_that_knows_nothing_yet_draws_evenly_and_says_so(chosen, given):
    people = [*crowd(600), ("fan", "loyal")]

    unknown = chosen(BANDIT, people, columns="segment string")
    untried = chosen(BANDIT, people, columns="segment string", states=arms(given).limit(0))

    assert unknown == untried
    assert {round(p, 9) for who, (_, _, p) in unknown.items() if who != "fan"} == {round(1 / 3, 9)}
    assert unknown["fan"][2] == 0.25
    counted = Counter(block for who, (block, *_) in unknown.items() if who != "fan")
    assert {block for block, number in counted.items() if number > 150} == {"a", "b", "c"}


def test_nobody_moves_when_others_come_or_it_is_chosen_again_and_another_occurrence_draws_anew(chosen, given):
    states = arms(given, a=2.0, b=5.0)
    few = chosen(BANDIT, crowd(200), columns="segment string", states=states)

    many = chosen(BANDIT, list(reversed(crowd(400))), columns="segment string", states=states)
    later = chosen(BANDIT, crowd(200), columns="segment string", states=states, occurrence="2018-01-08")

    assert {who: many[who] for who in few} == few
    assert later != few


@pytest.mark.parametrize(
    ("blocks", "knobs", "words"),
    [
        ((), {}, "needs blocks"),
        ((LOYAL, LOYAL), {}, "listed twice"),
        ((Candidate("a"), LOYAL), {}, "never shown"),
        ((LOYAL,), {"choose": "score"}, "every block has a score"),
        ((Candidate("a", score="1"),), {}, "else none"),
        ((LOYAL,), {"choose": "bandit", "exploration": 0}, "exploration must be above 0"),
    ],
)
def test_a_slot_that_can_mean_nothing_is_refused(blocks, knobs, words):
    with pytest.raises(ValueError, match=words):
        Slot(blocks, **knobs)
