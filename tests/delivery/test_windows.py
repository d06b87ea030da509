"""Quiet hours and send windows: by the wall's clock, whatever is done to the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as invented
from hypothesis import strategies as st

from lettermill.delivery.windows import closes_at, first_closing, is_open, openings, opens_at
from lettermill.delivery_rules import DAYS, DeliveryRules, Hours, SendWindow

NIGHT = DeliveryRules(quiet_hours=Hours("21:00", "08:00"))
EARLY = DeliveryRules(quiet_hours=Hours("21:00", "02:30"))
ONE_HOUR = DeliveryRules(send_window=SendWindow("01:15", "01:45", ("sun",)))
OFFICE = DeliveryRules(send_window=SendWindow("09:00", "18:00", ("mon..fri",)))
MINUTE = timedelta(minutes=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rules", "zone", "moment", "expected"),
    [
        (NIGHT, "Europe/Vienna", utc(2018, 1, 1, 12), utc(2018, 1, 1, 12)),
        (NIGHT, "Europe/Vienna", utc(2018, 1, 1, 20, 0), utc(2018, 1, 2, 7)),
        (NIGHT, "Europe/Vienna", utc(2018, 1, 1, 19, 59, 59), utc(2018, 1, 1, 19, 59, 59)),
        (NIGHT, "Asia/Kolkata", utc(2018, 1, 1, 0, 0, 7), utc(2018, 1, 1, 2, 30)),
        # the night in which the clock goes from 02:00 to 03:00 is an hour shorter
        (NIGHT, "America/New_York", utc(2018, 3, 11, 2), utc(2018, 3, 11, 12)),
        # and the one in which it goes back an hour longer
        (NIGHT, "America/New_York", utc(2018, 11, 4, 2), utc(2018, 11, 4, 13)),
        # 02:30 is skipped: what opens then opens when the clock has jumped over it
        (EARLY, "America/New_York", utc(2018, 3, 11, 3), utc(2018, 3, 11, 7)),
        # 01:15 to 01:45 comes twice: 05:15 and 06:15 in Greenwich
        (ONE_HOUR, "America/New_York", utc(2018, 11, 4, 5, 50), utc(2018, 11, 4, 6, 15)),
        (ONE_HOUR, "America/New_York", utc(2018, 11, 4, 6, 50), utc(2018, 11, 11, 6, 15)),
        (OFFICE, "Pacific/Auckland", utc(2018, 1, 5, 5), utc(2018, 1, 7, 20)),
        # a clock that moves by half an hour
        (EARLY, "Australia/Lord_Howe", utc(2018, 10, 6, 13), utc(2018, 10, 6, 15, 30)),
    ],
)
def test_mail_waits_until_the_wall_shows_an_hour_that_is_allowed(rules, zone, moment, expected):
    assert opens_at(moment, at=ZoneInfo(zone), week=rules.week) == expected


clocks = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda parts: f"{parts[0]:02}:{parts[1]:02}")
quiet = st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Hours(*pair))
days = st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple)
windows = (
    st.tuples(clocks, clocks).filter(lambda pair: pair[0] < pair[1]).flatmap(
        lambda pair: days.map(lambda some: SendWindow(*pair, some))
    )
)  # fmt: skip
zones = st.sampled_from(
    ["America/New_York", "Europe/Vienna", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "UTC"]
)
NEW_YORK, VIENNA = (utc(2018, 3, 11, 7), utc(2018, 11, 4, 6)), (utc(2018, 3, 25, 1), utc(2018, 10, 28, 1))
LORD_HOWE, SAO_PAULO = (utc(2018, 3, 31, 15), utc(2018, 10, 6, 15, 30)), (utc(2018, 2, 18, 2), utc(2018, 11, 4, 3))
near_changes = st.sampled_from([*NEW_YORK, *VIENNA, *LORD_HOWE, *SAO_PAULO])


@invented(
    quiet=quiet,
    window=st.none() | windows,
    zone=zones,
    change=near_changes,
    offset=st.timedeltas(timedelta(days=-1), timedelta(days=1)),
)
def test_no_mail_leaves_in_quiet_hours_nor_waits_longer_than_it_must_across_changes_of_the_clock(
    quiet, window, zone, change, offset
):
    try:
        week = DeliveryRules(quiet_hours=quiet, send_window=window).week
    except ValueError:
        return  # the two leave no minute of the week
    at, moment = ZoneInfo(zone), change + offset
    opens = opens_at(moment, at=at, week=week)

    assert is_open(opens, at=at, week=week)
    assert opens >= moment
    begun = moment.replace(second=0, microsecond=0)
    waited = (begun + n * MINUTE for n in range(1, int((opens - begun) / MINUTE)))
    assert not any(is_open(minute, at=at, week=week) for minute in waited)
    wall = opens.astimezone(at)
    assert not quiet.holds(wall.hour * 60 + wall.minute)


def test_each_time_zone_opens_by_its_own_clock_and_what_is_none_by_the_campaigns(spark):
    people = spark.createDataFrame(
        [(name,) for name in ("Europe/Vienna", "Europe/Vienna", "America/New_York", "Mars/Olympus", None)],
        "timezone string",
    )
    opened = openings(people, moment=utc(2018, 1, 1, 21), week=NIGHT.week, otherwise="Europe/Vienna")

    assert {(row["timezone"], row["opens_at"]) for row in opened.collect()} == {
        ("Europe/Vienna", datetime(2018, 1, 2, 7)),
        ("America/New_York", None),
        ("Mars/Olympus", datetime(2018, 1, 2, 7)),
        (None, datetime(2018, 1, 2, 7)),
    }


@pytest.mark.parametrize(
    ("rules", "zone", "moment", "expected"),
    [
        (NIGHT, "Europe/Vienna", utc(2018, 1, 1, 12), utc(2018, 1, 1, 20)),
        (NIGHT, "Europe/Vienna", utc(2018, 1, 1, 20, 0, 9), utc(2018, 1, 1, 20, 0, 9)),
        (OFFICE, "Europe/Vienna", utc(2018, 1, 5, 8), utc(2018, 1, 5, 17)),
        # 21:00 comes an hour earlier in Greenwich once the clock is put forward
        (NIGHT, "America/New_York", utc(2018, 3, 11, 13), utc(2018, 3, 12, 1)),
        (DeliveryRules(), "Europe/Vienna", utc(2018, 1, 1, 12), None),
    ],
)
def test_mail_may_leave_until_the_wall_shows_an_hour_that_is_not_allowed(rules, zone, moment, expected):
    assert closes_at(moment, at=ZoneInfo(zone), week=rules.week) == expected


def test_a_wave_ends_when_the_first_of_its_time_zones_closes():
    zones = ["Europe/London", None, "Asia/Kathmandu", "no zone"]

    def first(week):
        return first_closing(zones, moment=utc(2018, 1, 2, 12), week=week, otherwise="Europe/Vienna")

    assert first(NIGHT.week) == utc(2018, 1, 2, 15, 15)
    assert first(DeliveryRules().week) is None
    assert first_closing([], moment=utc(2018, 1, 2, 12), week=NIGHT.week, otherwise="UTC") is None
