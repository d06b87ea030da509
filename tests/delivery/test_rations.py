"""Rations: nobody is mailed above the cap, a new sender keeps to its day, and a roll-out to its reach."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as invented
from hypothesis import strategies as st

from lettermill.delivery.rations import COUNTED, Rations, Room, messages_counted, rationed, room_of
from lettermill.delivery.roll_out import Step, Stop, Wait
from lettermill.delivery_rules import FrequencyCap, WarmUp
from lettermill.tables.delivery import OUTBOX, STATES

NOON = datetime(2018, 1, 8, 12, tzinfo=UTC)
CAP = FrequencyCap(3, 7)
JUDGED = "message_id string, person_id string, place double, verdict string, reason string, not_before timestamp"
SURVIVORS = "person_id string, survivor string"
COUNTS = "person_id string, counted bigint"


def verdicts(judged, **rations):
    rows = rationed(judged, rations=Rations(**rations)).collect()
    return {row["message_id"]: (row["verdict"], row["reason"], row["not_before"]) for row in rows}


def test_what_a_person_may_have_received_in_the_last_days_counts_over_all_campaigns(spark, given):
    def message(person, state="handed_over", ago=timedelta(days=1), campaign="spring"):
        return {"person_id": person, "state": state, "changed_at": NOON - ago, "campaign": campaign}

    outbox = given(
        OUTBOX,
        *(message("every state", state) for state in STATES),
        *(message("two campaigns", campaign=campaign) for campaign in ("spring", "winter")),
        message("within", ago=timedelta(days=7, microseconds=-1)),
        message("without", ago=timedelta(days=7)),
        message("tomorrow", ago=timedelta(days=-1)),
        *(message(person) for person in ("merged", "survivor")),
    )
    survivors = spark.createDataFrame([("merged", "survivor")], SURVIVORS)
    rows = messages_counted(outbox, cap=CAP, moment=NOON, survivors=survivors).collect()

    assert {row["person_id"]: row["counted"] for row in rows} == {
        "every state": len(COUNTED),
        "two campaigns": 2,
        "within": 1,
        "tomorrow": 1,
        "survivor": 2,
    }


def test_a_person_at_the_cap_is_suppressed_and_of_one_below_it_the_first_messages_leave(spark):
    judged = spark.createDataFrame(
        [
            ("m1", "at the cap", 0.1, "leaves", None, None),
            *((f"m{n}", "below", 0.1, "leaves", None, None) for n in (5, 3, 2)),
            ("m0", "below", 0.1, "later", "sleeps", None),
            ("m4", "below", 0.1, "suppressed", "objects", None),
            ("m6", "never mailed", 0.1, "leaves", None, None),
        ],
        JUDGED,
    )
    counted = spark.createDataFrame([("at the cap", 4), ("below", 1), ("others", 9)], COUNTS)

    assert verdicts(judged, cap=CAP, counted=counted) == {
        "m0": ("later", "sleeps", None),
        "m1": ("suppressed", "4 messages in 7 days, of 3 allowed", None),
        "m2": ("leaves", None, None),
        "m3": ("leaves", None, None),
        "m4": ("suppressed", "objects", None),
        "m5": ("suppressed", "3 messages in 7 days, of 3 allowed", None),
        "m6": ("leaves", None, None),
    }


people = st.sampled_from("abcdef")
standing = st.lists(st.tuples(people, st.sampled_from(STATES), st.integers(0, 10)), max_size=40)
asking = st.lists(st.tuples(people, st.sampled_from(["leaves", "leaves", "later", "suppressed"])), max_size=30)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@invented(standing=standing, asking=asking, cap=st.builds(FrequencyCap, st.integers(1, 4), st.integers(1, 9)))
def test_nobody_is_ever_mailed_above_the_cap_and_nobody_below_it_goes_without(spark, given, standing, asking, cap):
    outbox = given(
        OUTBOX,
        *({"person_id": p, "state": state, "changed_at": NOON - timedelta(days=ago)} for p, state, ago in standing),
    )
    judged = spark.createDataFrame(
        [(f"m{n:03}", person, 0.5, verdict, None, None) for n, (person, verdict) in enumerate(asking)], JUDGED
    )
    none = spark.createDataFrame([], SURVIVORS)
    counted = messages_counted(outbox, cap=cap, moment=NOON, survivors=none)
    found = verdicts(judged, cap=cap, counted=counted)

    for person in "abcdef":
        had = sum(p == person and state in COUNTED and ago < cap.days for p, state, ago in standing)
        wanted = [f"m{n:03}" for n, one in enumerate(asking) if one == (person, "leaves")]
        left = [message for message in wanted if found[message][0] == "leaves"]
        assert had + len(left) <= max(cap.messages, had)
        assert left == wanted[: max(0, cap.messages - had)]
    assert {m: v for m, (v, _, _) in found.items() if asking[int(m[1:])][1] != "leaves"} == {
        f"m{n:03}": verdict for n, (_, verdict) in enumerate(asking) if verdict != "leaves"
    }


def test_a_cap_is_not_passed_over_where_nobody_counted(spark):
    with pytest.raises(ValueError, match="hand in the messages that count"):
        verdicts(spark.createDataFrame([], JUDGED), cap=CAP)


def test_the_day_of_a_warm_up_is_the_campaigns_own():
    warm_up = WarmUp(date(2018, 1, 7), (500, 1000))
    late = datetime(2018, 1, 8, 4, tzinfo=UTC)  # the 7th, 23:00, in New York

    assert room_of(warm_up, used=120, moment=late, timezone="America/New_York") == Room(
        380, 500, date(2018, 1, 7), datetime(2018, 1, 8, 5, tzinfo=UTC)
    )
    assert room_of(warm_up, used=1200, moment=late, timezone="UTC") == Room(
        0, 1000, date(2018, 1, 8), datetime(2018, 1, 9, tzinfo=UTC)
    )
    assert room_of(warm_up, used=0, moment=late + timedelta(days=2), timezone="UTC") is None
    assert room_of(None, used=0, moment=late, timezone="UTC") is None


def test_a_warm_up_takes_the_first_of_the_roll_out_and_the_rest_waits_for_the_next_day(spark):
    judged = spark.createDataFrame(
        [
            (f"m{n}", f"p{n}", spot, verdict, None, None)
            for n, spot, verdict in (
                (1, 0.9, "leaves"),
                (2, 0.1, "leaves"),
                (3, 0.0, "suppressed"),
                (4, 0.2, "leaves"),
                (5, 0.0, "later"),
            )
        ],
        JUDGED,
    )
    room = Room(2, 500, date(2018, 1, 8), datetime(2018, 1, 9, tzinfo=UTC))

    assert verdicts(judged, room=room) == {
        "m1": ("later", "the warm-up allows 500 messages on 2018-01-08", datetime(2018, 1, 9)),
        "m2": ("leaves", None, None),
        "m3": ("suppressed", None, None),
        "m4": ("leaves", None, None),
        "m5": ("later", None, None),
    }


@pytest.mark.parametrize(
    ("reach", "leaving", "told"),
    [
        (Step(1, 0.1), ["m1"], ("later", "the roll-out has come to 10 % of all messages", None)),
        (Step(2, 1.0), ["m1", "m2", "m3"], None),
        (
            Wait(0.1, NOON + timedelta(minutes=7)),
            ["m1"],
            ("later", "the roll-out observes 10 % of all messages until 2018-01-08 12:07 UTC", datetime(2018, 1, 8, 12, 7)),
        ),
        (Stop(("3 bounced",)), [], ("later", "the roll-out has stopped: 3 bounced", None)),
    ],
)  # fmt: skip
def test_what_lies_beyond_the_reach_of_a_roll_out_is_later_and_costs_nobody_their_cap(spark, reach, leaving, told):
    spots = {"m1": 0.09, "m2": 0.1, "m3": 0.9}
    judged = spark.createDataFrame([(m, "p", spot, "leaves", None, None) for m, spot in spots.items()], JUDGED)
    found = verdicts(judged, reach=reach, cap=CAP, counted=spark.createDataFrame([], COUNTS))

    assert found == {m: ("leaves", None, None) if m in leaving else told for m in spots}
