"""The forecast: figures that were worked out by hand, and what binds by name."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.delivery.forecast import Ready, forecast
from lettermill.delivery.load import Load, supposed_load
from lettermill.delivery.provider import Limits
from lettermill.delivery.rooms import quota_room, warm_up_room
from lettermill.delivery.throughput import Quota, Throughput
from lettermill.delivery_rules import DeliveryRules, Hours, WarmUp
from lettermill.patience import Rate

NOON = datetime(2018, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EARLY = NOON - 9 * HOUR
# mail from 09:00 to 20:00 by the wall's clock
BY_DAY = DeliveryRules(quiet_hours=Hours("20:00", "09:00")).week
# 50 messages to a call, ten calls in 10 s: 50 messages a second
LIMITS = Limits(messages=50, bytes=1_000_256, calls=(Rate(10, 10),), connections=4)


def ready(messages, since=NOON, at="UTC"):
    return Ready(messages, since, ZoneInfo(at))


def throughput(limits=LIMITS, *, body=10_000, **more):
    load = supposed_load(10_000, body=body, limits=limits)
    return Throughput(limits, **{"seconds": 0.5, "tasks": 8, "load": load, **more})


@pytest.mark.parametrize(
    ("given", "a_call", "speeds", "binds"),
    [
        (throughput(), 50, {"calls": 50, "connections": 400}, "calls"),
        (throughput(share=0.2), 50, {"calls": 10, "connections": 400}, "calls"),
        # 1,000,000 bytes hold 25 bodies of 40,000
        (throughput(body=40_000), 25, {"calls": 25, "connections": 200}, "bytes"),
        (throughput(body=2_000_000), 1, {"calls": 1, "connections": 8}, "bytes"),
        (throughput(tasks=1, seconds=10), 50, {"calls": 50, "connections": 5}, "connections"),
        (
            throughput(Limits(messages=50, bytes=1_000_256, calls=(Rate(10, 10), Rate(30, 60)), connections=4)),
            50,
            {"calls": 25, "connections": 400},
            "calls",
        ),
        (
            throughput(Limits(messages=50, bytes=1_000_256, calls=(Rate(0),), recipients=(Rate(14),)), body=40_000),
            25,
            {"recipients": 14, "connections": 400},
            "recipients",
        ),
    ],
)
def test_the_slowest_limit_binds(given, a_call, speeds, binds):
    assert (given.a_call, given.speeds, given.binds) == (a_call, speeds, binds)


def test_calls_that_are_not_full_carry_what_was_measured():
    # three messages to a call of 50, of 4,000 bytes each
    account = throughput(load=Load(300, 100, 300 * 4_000 + 100 * LIMITS.envelope))

    assert (account.a_call, account.speeds, account.binds) == (3, {"calls": 3, "connections": 24}, "calls")


def test_without_windows_it_takes_as_long_as_the_limit_says():
    told = forecast(ready=[ready(90_000), ready(90_000, NOON - HOUR)], throughput=throughput(), moment=NOON)

    assert (told.messages, told.ends_at, told.binds, told.undone) == (180_000, NOON + HOUR, "calls", 0)
    assert str(told).splitlines() == [
        "forecast: 180,000 messages, 50 to a call, from 2018-01-01 12:00 UTC",
        "  all done by 2018-01-01 13:00 UTC: 1 h sending",
        "  what binds: calls",
        "  calls               50.0 messages a second",
        "  connections        400.0 messages a second",
    ]


def test_whoever_sleeps_is_waited_for_and_the_window_binds():
    # 60 s of work at noon, 8 h until those who sleep wake up, 60 s of work
    told = forecast(ready=[ready(3_000), ready(3_000, NOON + 8 * HOUR)], throughput=throughput(), moment=NOON)

    assert (told.ends_at, told.binds) == (NOON + 8 * HOUR + timedelta(minutes=1), "window")
    assert (told.sending, told.waiting) == (120, {"window": 8 * 3600 - 60})
    assert str(told).splitlines()[1:3] == [
        "  all done by 2018-01-01 20:01 UTC: 2 min sending, 7 h 59 min waiting for the window",
        "  what binds: window",
    ]


def test_who_wakes_up_while_others_are_mailed_waits_for_their_turn():
    told = forecast(ready=[ready(180_000), ready(180_000, NOON + HOUR / 2)], throughput=throughput(), moment=NOON)

    assert (told.ends_at, told.binds, told.waiting) == (NOON + 2 * HOUR, "calls", {})


def test_a_warm_up_spreads_a_mailing_over_its_days():
    # New York's 1st ends at 05:00 in Greenwich: 400 are left of the 500 on it, 1,000 leave on the 2nd, the rest later
    warm_up = WarmUp(date(2018, 1, 1), (500, 1_000))
    room = warm_up_room(warm_up, moment=NOON, timezone="America/New_York", used=100)
    told = forecast(ready=[ready(5_000)], throughput=throughput(), moment=NOON, rooms=[room])

    assert (told.binds, told.undone) == ("warm-up", 0)
    assert told.ends_at == datetime(2018, 1, 3, 5, tzinfo=UTC) + timedelta(seconds=3_600 / 50)
    assert (told.sending, told.waiting) == (100, {"warm-up": 41 * 3600 - 8 - 20})


def test_a_day_that_is_used_up_and_more_lets_nothing_leave():
    room = warm_up_room(WarmUp(date(2018, 1, 1), (500,)), moment=NOON, timezone="UTC", used=700)
    told = forecast(ready=[ready(10)], throughput=throughput(), moment=NOON, rooms=[room])

    assert told.waiting == {"warm-up": 12 * 3600}
    assert told.ends_at == NOON + 12 * HOUR + timedelta(seconds=0.2)


def test_a_quota_is_used_as_fast_as_the_pace_allows_and_then_waited_for():
    # 1,000 a day on top of 50 a second: 20 s, then a day after the first of them another 20 s, and 10 s
    limits = replace(LIMITS, recipients=(Rate(1_000, 86_400.0),))
    account = throughput(limits)
    told = forecast(
        ready=[ready(2_500, NOON + HOUR)],
        throughput=account,
        moment=NOON,
        rooms=[quota_room(*account.quotas, moment=NOON)],
    )

    assert (account.speeds, account.quotas) == ({"calls": 50, "connections": 400}, [Quota(1_000, 86_400)])
    assert told.ends_at == NOON + HOUR + timedelta(days=2, seconds=10)
    assert (told.binds, told.sending, told.waiting) == ("quota", 50, {"window": 3_600, "quota": 2 * (86_400 - 20)})
    assert str(told).splitlines()[1:] == [
        "  all done by 2018-01-03 13:00 UTC: 50 s sending, 1 h waiting for the window, 1 d 23 h waiting for the quota",
        "  what binds: quota",
        "  calls               50.0 messages a second",
        "  connections        400.0 messages a second",
        "  quota              1,000 messages in 1 d",
    ]


def test_what_was_sent_before_is_off_the_quota_until_its_time_is_over():
    # calls hold 50; 900 of 1,000 messages left two hours ago
    account = throughput(replace(LIMITS, calls=(Rate(10, 10), Rate(20, 7_200.0 * 2)), recipients=(Rate(0, 86_400.0),)))
    room = quota_room(*account.quotas, moment=NOON, used=900, first_at=NOON - 2 * HOUR)
    told = forecast(ready=[ready(300)], throughput=account, moment=NOON, rooms=[room])

    assert account.quotas == [Quota(1_000, 14_400)]
    assert (told.ends_at, told.waiting) == (NOON + 2 * HOUR + timedelta(seconds=4), {"quota": 7_200 - 2})


def test_of_two_rooms_that_are_full_the_one_that_opens_last_is_waited_for():
    warm_up = warm_up_room(WarmUp(date(2018, 1, 1), (500,)), moment=NOON, timezone="UTC", used=500)
    quota = quota_room(Quota(100, 86_400.0), moment=NOON, used=100, first_at=NOON - HOUR)
    told = forecast(ready=[ready(50)], throughput=throughput(), moment=NOON, rooms=[warm_up, quota])

    assert told.waiting == {"quota": 23 * 3600}


def test_what_is_not_done_by_the_last_moment_is_told():
    # an hour of 50 a second, and 70 who would be ready too late
    told = forecast(
        ready=[ready(200_000), ready(70, NOON + 2 * HOUR)], throughput=throughput(), moment=NOON, last_moment=NOON + HOUR
    )  # fmt: skip

    assert (told.ends_at, told.undone, told.binds) == (None, 20_070, "calls")
    assert str(told).splitlines()[1] == "  20,070 not done by 2018-01-01 13:00 UTC: 1 h sending"


@pytest.mark.parametrize("last_moment", [NOON, NOON - HOUR])
def test_after_the_last_moment_nothing_is_done(last_moment):
    told = forecast(ready=[ready(7)], throughput=throughput(), moment=NOON, last_moment=last_moment)

    assert (told.undone, told.ends_at, told.sending) == (7, None, 0)


def test_whoever_is_not_reached_before_their_hours_close_waits_for_the_next_morning():
    # 20:00 in Tokyo is 11:00 in Greenwich, and its morning begins at 00:00: half of an hour's work is done by then
    told = forecast(
        ready=[ready(90_000, EARLY, "Asia/Tokyo"), ready(90_000, EARLY)],
        throughput=throughput(),
        moment=NOON - 1.5 * HOUR,
        week=BY_DAY,
    )

    # both have half an hour's pace between them, then those of Greenwich go on alone for a quarter of an hour
    assert (told.sending, told.waiting) == (3_600, {"window": 12.75 * 3600})
    assert (told.ends_at, told.binds) == (NOON + 12.25 * HOUR, "window")


def test_who_wakes_up_too_late_and_who_falls_asleep_too_early_are_not_done():
    # Honolulu wakes at 19:00 in Greenwich, whose day ends an hour later; Tokyo sleeps from before noon until midnight
    told = forecast(
        ready=[ready(70, at="Asia/Tokyo"), ready(20_000, at="Pacific/Honolulu"), ready(180_000, NOON + 7 * HOUR)],
        throughput=throughput(),
        moment=NOON,
        last_moment=NOON + 11 * HOUR,
        week=BY_DAY,
    )

    # in the hour 180,000 of 200,000 leave, nine in ten of each; then Honolulu's last 2,000
    assert (told.undone, told.ends_at, told.binds) == (18_000 + 70, None, "window")
    assert told.sending == 3_600 + 2_000 / 50


def test_what_takes_longer_than_a_year_is_not_foretold():
    quota = quota_room(Quota(1, 86_400.0), moment=NOON)
    told = forecast(ready=[ready(1_000)], throughput=throughput(), moment=NOON, rooms=[quota])

    assert (told.undone, told.binds, told.last_moment) == (1_000 - 366, "quota", datetime(2019, 1, 2, 12, tzinfo=UTC))


@for_any(
    st.lists(
        st.tuples(
            st.integers(0, 400_000),
            st.integers(0, 40),
            st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu"]),
        ),
        max_size=5,
    ),
    st.integers(1, 200),
    st.integers(50_000, 1_000_000),
)
def test_every_second_is_accounted_for_and_a_rule_more_never_ends_it_sooner(queues, hours, a_day):
    waiting = [ready(messages, NOON + hour * HOUR, at) for messages, hour, at in queues]
    usual = {"ready": waiting, "throughput": throughput(), "moment": NOON}
    quota = quota_room(Quota(a_day, 86_400.0), moment=NOON)
    free, by_day, ration = (
        forecast(**usual, **more) for more in ({}, {"week": BY_DAY}, {"week": BY_DAY, "rooms": [quota]})
    )
    cut_off = forecast(**usual, week=BY_DAY, last_moment=NOON + hours * HOUR)

    for told in (free, by_day, ration):
        assert told.undone == 0
        assert (told.ends_at - NOON).total_seconds() == pytest.approx(told.sending + sum(told.waiting.values()))
        assert told.sending * 50 == pytest.approx(told.messages, abs=1)
    assert free.ends_at <= by_day.ends_at <= ration.ends_at + timedelta(seconds=1)
    assert cut_off.sending * 50 + cut_off.undone == pytest.approx(cut_off.messages, abs=1)


def test_nothing_to_send_takes_no_time():
    told = forecast(ready=[], throughput=throughput(), moment=NOON)

    assert (told.ends_at, told.undone, told.messages) == (NOON, 0, 0)
    assert str(told) == "forecast: nothing to send"


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"tasks": 0}, {"share": 0}, {"share": 1.1}])
def test_a_throughput_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="above 0 and a share up to 1"):
        throughput(**wrong)
