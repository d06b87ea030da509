"""The roll-out: step by step, observed in between, and stopped by what goes wrong, in words."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given as invented
from hypothesis import strategies as st

from lettermill.delivery.roll_out import Step, Stop, Tally, Wait, foreseen, next_step, tally, unforeseen
from lettermill.delivery_rules import RollOut, StopAt
from lettermill.tables.delivery import EVENTS, LEDGER, OUTBOX

NOON = datetime(2018, 1, 8, 12, tzinfo=UTC)
RULES = RollOut(steps=(0.01, 0.1, 1.0), observe="30 minutes")
AT_ONCE, LATER = NOON, NOON + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("case", "counts", "now", "expected"),
    [
        ("nothing has left", Tally((0, 0, 0), (10, 90, 900)), NOON, Step(0, 0.01)),
        ("nobody is in the first step", Tally((0, 0, 0), (0, 2, 18)), NOON, Step(1, 0.1)),
        ("some of the step are still to leave", Tally((4, 0, 0), (6, 90, 900), last_at=NOON), LATER, Step(0, 0.01)),
        ("some are on their way", Tally((10, 0, 0), (0, 90, 900), claimed=1, last_at=NOON), LATER, Step(0, 0.01)),
        ("the step is out", Tally((10, 0, 0), (0, 90, 900), last_at=NOON), NOON, Wait(0.01, LATER)),
        ("it was observed", Tally((10, 0, 0), (0, 90, 900), last_at=NOON), LATER, Step(1, 0.1)),
        ("the next has nobody", Tally((10, 0, 0), (0, 0, 900), last_at=NOON), LATER, Step(2, 1.0)),
        ("all were held back as faulty", Tally((10, 0, 0), (0, 90, 900), faulty=10), NOON, Step(1, 0.1)),
        ("somebody of the first step woke up", Tally((9, 90, 0), (1, 0, 900), last_at=NOON), NOON, Step(1, 0.1)),
        ("the last step has begun", Tally((10, 90, 5), (0, 0, 895), last_at=NOON), NOON, Step(2, 1.0)),
        ("everything is out", Tally((10, 90, 900), (0, 0, 0), last_at=NOON), NOON, Step(2, 1.0)),
        ("the rest of the slot sleeps", Tally((10, 0, 0), (0, 0, 0), last_at=NOON), LATER, Step(0, 0.01)),
        ("there is nothing at all", Tally((0, 0, 0), (0, 0, 0)), NOON, Step(0, 0.01)),
    ],
)
def test_a_roll_out_goes_on_when_its_step_is_out_and_observed(case, counts, now, expected):
    assert next_step(RULES, tally=counts, now=now) == expected, case


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        (
            {"handed_over": 1_500, "complained": 3},
            "3 of 1,500 messages complained (0.20 %, above 0.1 %: delivery.roll_out.stop.complained)",
        ),
        (
            {"handed_over": 100, "bounced": 3},
            "3 of 100 messages bounced (3.00 %, above 2 %: delivery.roll_out.stop.bounced)",
        ),
        (
            {"handed_over": 99, "faulty": 2},
            "2 of 101 messages were faulty (1.98 %, above 1 %: delivery.roll_out.stop.faulty)",
        ),
        (
            {"handed_over": 200, "unsubscribed": 5},
            "5 of 200 messages unsubscribed (2.50 %, above 2 %: delivery.roll_out.stop.unsubscribed)",
        ),
    ],
)
def test_a_threshold_that_was_passed_stops_it_at_any_step_with_count_rate_and_limit(counts, why):
    for left, waiting in (((10, 0, 0), (0, 90, 900)), ((10, 90, 100), (0, 0, 800))):
        stopped = next_step(RULES, tally=Tally(left, waiting, **counts), now=NOON)
        assert (stopped, stopped.share, stopped.words) == (Stop((why,)), 0.0, f"the roll-out has stopped: {why}")


def test_all_thresholds_that_were_passed_are_named():
    counts = Tally((100, 0, 0), (0, 9, 9), handed_over=100, bounced=50, complained=50)
    stopped = next_step(RULES, tally=counts, now=NOON)

    assert [one.split(" (")[0] for one in stopped.why] == [
        "50 of 100 messages bounced",
        "50 of 100 messages complained",
    ]


def test_a_rate_that_is_just_reached_or_of_too_few_stops_nothing():
    rules = RollOut(stop=StopAt(bounced=0.02), at_least=100)
    at_the_limit = Tally((100, 0, 0), (0, 9, 9), handed_over=100, bounced=2)
    of_few = Tally((99, 0, 0), (0, 9, 9), handed_over=99, bounced=99)

    assert [next_step(rules, tally=one, now=NOON) for one in (at_the_limit, of_few)] == [Step(1, 0.1)] * 2


@invented(
    sizes=st.lists(st.integers(0, 20), min_size=3, max_size=3).map(tuple),
    asleep=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_every_roll_out_that_goes_well_ends_with_all_messages_out_and_never_ahead_of_itself(sizes, asleep):
    left, waiting, sleeping = [0, 0, 0], list(sizes), [0, 0, 0]
    for number, sleeps in enumerate(asleep):  # some of a step wake up only when the rest has left
        if sleeps and waiting[number]:
            waiting[number], sleeping[number] = waiting[number] - 1, 1
    now, last_at, observed = NOON, None, 0
    for _ in range(12):
        reach = next_step(RULES, tally=Tally(tuple(left), tuple(waiting), last_at=last_at), now=now)
        if isinstance(reach, Wait):
            observed, now = observed + 1, reach.until
            continue
        out = sum(waiting[: reach.number + 1])
        for number in range(reach.number + 1):
            left[number], waiting[number] = left[number] + waiting[number], 0
        if out:
            last_at = now
        elif sum(waiting) == 0:
            waiting, sleeping = sleeping, [0, 0, 0]
    assert tuple(left) == sizes
    assert observed <= len(sizes)


@pytest.mark.parametrize(
    ("reach", "waiting", "share", "words"),
    [
        (
            Step(0, 0.01),
            (0, 90, 9_000),
            0.01,
            [
                "not in the forecast: 90 messages of the roll-out's step to 10 %, which begins 30 minutes after the one "
                "before is out",
                "not in the forecast: 9,000 messages of the roll-out's step to 100 %, which begins 30 minutes after the "
                "one before is out",
            ],
        ),
        (
            Wait(0.01, LATER),
            (0, 90, 9_000),
            0.1,
            [
                "not in the forecast: 9,000 messages of the roll-out's step to 100 %, which begins 30 minutes after the "
                "one before is out",
            ],
        ),
        (Wait(0.01, LATER), (0, 0, 9_000), 1.0, []),
        (Step(2, 1.0), (0, 0, 0), 1.0, []),
        (
            Stop(("3 bounced",)),
            (1, 90, 9_000),
            0.0,
            ["not in the forecast: 9,091 messages, for which the roll-out has stopped"],
        ),
        (Stop(("3 bounced",)), (0, 0, 0), 0.0, []),
    ],
)
def test_what_waits_for_a_step_that_has_not_begun_is_told_as_not_in_the_forecast(reach, waiting, share, words):
    known = foreseen(RULES, reach=reach, waiting=waiting)
    beyond = [number if step > known else 0 for step, number in zip(RULES.steps, waiting, strict=True)]

    assert known == share
    assert [*unforeseen(RULES, reach=reach, beyond=beyond)] == words


def test_a_slot_is_counted_by_step_and_by_what_events_tell_of_it(spark, given):
    def spot(message):
        return int(sha256(message.encode()).hexdigest()[:13], 16) / 16**13

    ids = sorted((f"m{n}" for n in range(40)), key=spot)
    rules = RollOut(steps=((spot(ids[2]) + spot(ids[3])) / 2, (spot(ids[9]) + spot(ids[10])) / 2, 1.0))
    states = dict(zip(ids, ["rejected", "confirmed", "rejected", "unknown", "claimed", "rejected", "handed_over"],
                      strict=False))  # fmt: skip
    rows = ({"message_id": m, "state": states.get(m, "planned")} for m in ids)
    events = [(ids[0], "bounced", 1), (ids[0], "bounced", 2), (ids[1], "complained", 1), (ids[3], "unsubscribed", 1),
              (ids[0], "opened", 1), ("of another slot", "bounced", 1)]  # fmt: skip
    # The first bounced after it was handed over; the third and the sixth were refused when they were to be.
    ledger = [(0, "claimed", "handed_over", 1), (0, "handed_over", "rejected", 9), (1, "claimed", "handed_over", 1),
              (1, "handed_over", "confirmed", 9), (2, "claimed", "rejected", 2), (3, "claimed", "unknown", 3),
              (4, "planned", "claimed", 8), (5, "claimed", "rejected", 4), (6, "claimed", "unknown", 2),
              (6, "unknown", "handed_over", 2)]  # fmt: skip
    judged = spark.createDataFrame(
        [(m, spot(m), "later" if m == ids[39] else "leaves") for m in ids[7:]],
        "message_id string, place double, verdict string",
    )
    counted = tally(
        rules,
        outbox=given(OUTBOX, *rows),
        judged=judged,
        ledger=given(
            LEDGER,
            *(
                {
                    "message_id": ids[n],
                    "state_before": before,
                    "state": state,
                    "changed_at": NOON + timedelta(minutes=after),
                }
                for n, before, state, after in ledger
            ),
        ),
        events=given(EVENTS, *({"message_id": m, "kind": k, "address_key": str(n)} for m, k, n in events)),
    )

    assert counted == Tally(
        left=(3, 4, 0),
        waiting=(0, 3, 29),
        claimed=1,
        handed_over=4,
        faulty=2,
        bounced=1,
        complained=1,
        unsubscribed=1,
        last_at=NOON + timedelta(minutes=3),
    )
