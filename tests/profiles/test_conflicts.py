"""Of several claims one holds, by the rule; how they arrived makes no difference to what holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lettermill.profiles.conflicts import DAY, TOLD, Claim, Decision, Loser, history, known_history
from lettermill.profiles.policy import Rule

TRUST = {"crm": 0.8, "shop": 0.5, "broker": 0.2}
LAST, FREQUENT = Rule(), Rule("most_frequent")
PRIORITY = Rule("source_priority", order=("crm", "shop"))
TRUSTED = Rule("most_trusted", within_days=10)


def claim(day, source, value, *, record=None, known=None, row=("f", 1)):
    return Claim(day * DAY, source, row, value, record or source, (day if known is None else known) * DAY, "f:1")


def told(decisions):
    """(from day, to day, value, source, rule, losing values) of decisions."""
    return [
        (
            one.valid_from // DAY,
            one.valid_to and one.valid_to // DAY,
            one.value,
            one.source,
            one.rule,
            [lost.value for lost in one.losers],
        )
        for one in decisions
    ]


def test_the_last_write_wins_and_what_stood_elsewhere_has_lost():
    claims = [claim(1, "crm", "Ann"), claim(3, "shop", "Anna"), claim(5, "crm", "Anne")]

    assert told(history(claims, rule=LAST, trust=TRUST)) == [
        (1, 3, "Ann", "crm", "undisputed", []),
        (3, 5, "Anna", "shop", "last_write", ["Ann"]),
        (5, None, "Anne", "crm", "last_write", ["Anna"]),
    ]


def test_the_source_that_stands_first_wins_however_old_and_unnamed_ones_come_last():
    claims = [claim(1, "broker", "A"), claim(2, "shop", "B"), claim(3, "crm", "C"), claim(9, "shop", "D")]

    assert told(history(claims, rule=PRIORITY, trust=TRUST)) == [
        (1, 2, "A", "broker", "undisputed", []),
        (2, 3, "B", "shop", "source_priority", ["A"]),
        (3, None, "C", "crm", "source_priority", ["A", "B", "D"]),
    ]


def test_the_most_trusted_wins_while_it_is_young_enough_and_then_the_next_that_is():
    claims = [claim(1, "crm", "C"), claim(5, "broker", "A"), claim(6, "shop", "B")]

    assert told(history(claims, rule=TRUSTED, trust=TRUST)) == [
        (1, 11, "C", "crm", "most_trusted", ["A", "B"]),
        (11, None, "B", "shop", "most_trusted", ["A", "C"]),
    ]


def test_where_none_is_young_enough_the_last_write_wins():
    claims = [claim(1, "broker", "A"), claim(1, "crm", "C"), claim(2, "broker", "B")]

    assert told(history(claims, rule=TRUSTED, trust=TRUST))[-1] == (11, None, "B", "broker", "most_trusted", ["C"])
    assert (
        told(history([one._replace(at=one.at - 50 * DAY) for one in claims], rule=TRUSTED, trust=TRUST))[-1][2] == "B"
    )


def test_the_value_of_most_records_wins_and_of_as_many_the_last_written():
    votes = [(1, "A"), (2, "B"), (3, "A"), (4, "B")]
    claims = [claim(day, "crm", value, record=str(day)) for day, value in votes]

    assert [(one.valid_from // DAY, one.value) for one in history(claims, rule=FREQUENT, trust=TRUST)] == votes
    assert history([*claims, claim(5, "crm", "C", record="5")], rule=FREQUENT, trust=TRUST)[-1].value == "B"


def test_claims_of_one_instant_are_decided_by_source_and_then_by_the_later_row():
    tied = [claim(1, "shop", "S"), claim(1, "crm", "C1"), claim(1, "crm", "C2", row=("f", 2))]

    assert [one.value for one in history(tied, rule=LAST, trust={})] == ["S"]
    assert [one.value for one in history(tied[1:], rule=LAST, trust={})] == ["C2"]


def test_a_late_claim_mends_the_history_and_what_was_believed_until_then_is_kept():
    late = claim(2, "shop", "B", known=8)

    known = known_history([claim(1, "crm", "A"), claim(5, "crm", "C"), late], rule=LAST, trust=TRUST)

    def decision(start, end, value, source, rule, losers):
        ends = None if end is None else end * DAY
        return Decision(start * DAY, ends, value, source, "f:1", rule, losers)

    b, a = Loser("B", "shop", 2 * DAY), Loser("A", "crm", DAY)
    assert [(row.decision, row.known_from // DAY, row.known_to and row.known_to // DAY) for row in known] == [
        (decision(1, None, "A", "crm", "undisputed", ()), 1, 5),
        (decision(1, 5, "A", "crm", "undisputed", ()), 5, 8),
        (decision(1, 2, "A", "crm", "undisputed", ()), 8, None),
        (decision(2, 5, "B", "shop", "last_write", (a,)), 8, None),
        (decision(5, None, "C", "crm", "undisputed", ()), 5, 8),
        (decision(5, None, "C", "crm", "last_write", (b,)), 8, None),
    ]


DAYS = st.integers(0, 30)
CLAIMS = st.lists(
    st.builds(
        lambda at, source, row, value, record, delay: Claim(
            at * DAY, source, row, value, f"{source}/{record}", (at + delay) * DAY, ":".join(map(str, row))
        ),
        DAYS,
        st.sampled_from(sorted(TRUST)),
        st.tuples(st.sampled_from("fg"), st.integers(1, 3)),
        st.sampled_from("ABC"),
        st.sampled_from("12"),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=12,
)
RULES = st.sampled_from([LAST, FREQUENT, PRIORITY, TRUSTED])


def as_bytes(rows):
    return repr(rows).encode()


@given(CLAIMS, RULES, st.data())
@settings(max_examples=200)
def test_any_order_repetition_and_portions_of_arrival_give_the_same_history_byte_for_byte(claims, rule, data):
    arrived = data.draw(st.permutations(claims + data.draw(st.lists(st.sampled_from(claims), max_size=5))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(arrived)), max_size=3)))
    portions = [arrived[start:end] for start, end in zip([0, *cuts], [*cuts, len(arrived)], strict=True)]

    stored = []  # what a table holds after each portion was added to it
    for portion in portions:
        stored = [*portion, *stored]

    assert as_bytes(known_history(stored, rule=rule, trust=TRUST)) == as_bytes(
        known_history(claims, rule=rule, trust=TRUST)
    )


@given(CLAIMS, RULES, st.data())
@settings(max_examples=200)
def test_what_arrived_late_changes_only_what_was_known_when(claims, rule, data):
    delayed = [one._replace(known=one.at + data.draw(DAYS) * DAY) for one in claims]

    canonical = history(claims, rule=rule, trust=TRUST)
    for arrival in (claims, delayed):
        known = known_history(arrival, rule=rule, trust=TRUST)
        assert as_bytes([row.decision for row in known if row.known_to is None]) == as_bytes(canonical)


@given(CLAIMS, RULES)
@settings(max_examples=200)
def test_at_each_moment_what_was_known_is_the_history_of_what_had_arrived(claims, rule):
    known = known_history(claims, rule=rule, trust=TRUST)

    for moment in {one.known for one in claims}:
        arrived = [one for one in claims if one.known <= moment]
        then = [
            row.decision
            for row in known
            if row.known_from <= moment and (row.known_to is None or moment < row.known_to)
        ]
        assert then == history(arrived, rule=rule, trust=TRUST)
        assert [one.valid_to for one in then] == [*(one.valid_from for one in then[1:]), None]


def visits(values):
    """Claims of one browser, one a minute, beside an older one of the company's own records."""
    minute = 60 * 1_000_000
    told = (Claim(at * minute, "web", ("w", at), value, "web/1", at * minute, f"w:{at}") for at, value in values)
    return [Claim(0, "crm", ("c", 1), "Ann", "crm/1", 0, "c:1"), *told]


@pytest.mark.parametrize(("rule", "rows"), [(LAST, 3), (FREQUENT, 3), (PRIORITY, 2)])
def test_who_says_the_same_at_each_of_many_visits_is_told_by_a_few_rows(rule, rows):
    claims = visits((at, "Anna") for at in range(1, 20_000))  # hours, where each visit looks at all before it

    assert len(known_history(claims, rule=rule, trust=TRUST)) == rows


def test_of_ever_new_values_that_lose_those_that_stood_first_are_told_and_later_ones_change_nothing():
    known = known_history(visits((at, f"A{at}") for at in range(1, 20_000)), rule=PRIORITY, trust=TRUST)

    assert len(known) == TOLD + 1
    assert {lost.value for lost in known[-1].decision.losers} == {f"A{at}" for at in range(1, TOLD + 1)}
