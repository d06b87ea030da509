"""Rules of delivery in campaign.yml: read as written, refused with path and mend, and nothing is asked of those without."""

from datetime import UTC, date, datetime

import pytest

from lettermill.campaigns.definition import Campaign
from lettermill.delivery_rules import (
    DAYS,
    MINUTES,
    DeliveryRules,
    FrequencyCap,
    Hours,
    RollOut,
    SendWindow,
    Stock,
    StopAt,
    WarmUp,
    zone,
)
from lettermill.errors import ConfigError
from lettermill.settings import load, load_campaign

FOLDER = load("local").campaigns.folder
CAMPAIGN = """
description: Spring is here
audience: "true"
experiment: {name: spring}
parts: {subject: subject.j2, html: body.html.j2}
slate: {size: 1, reason: "''"}
inputs:
  picks: {type: "array<struct<product_id: string, price: decimal(12,2)>>", value: picks}
"""
DELIVERY = """
delivery:
  frequency_cap: {messages: 3, days: 7}
  quiet_hours: {from: "21:00", to: "08:00"}
  send_window: {days: [mon..wed, fri], from: "09:00", to: "18:00"}
  not_after: 36 hours
  stock: {input: picks, id: product_id, price: price, price_tolerance: 0.05}
  on_unknown: resend
  warm_up: {starts: 2018-01-01, daily: [500, 1000, 2000]}
  roll_out:
    {steps: [0.01, 0.1, 1.0], observe: 30 minutes, stop: {bounced: 0.03, complained: 0.001}, at_least: 50}
"""


def read(tmp_path, text) -> Campaign:
    (tmp_path / "spring").mkdir()
    (tmp_path / "spring" / "campaign.yml").write_text(CAMPAIGN + text)
    return load_campaign("spring", folder=tmp_path)


def test_rules_are_read_as_they_are_written(tmp_path):
    assert read(tmp_path, DELIVERY).delivery == DeliveryRules(
        frequency_cap=FrequencyCap(3, 7),
        quiet_hours=Hours("21:00", "08:00"),
        send_window=SendWindow("09:00", "18:00", ("mon..wed", "fri")),
        not_after="36 hours",
        stock=Stock("picks", "product_id", "price", 0.05),
        on_unknown="resend",
        warm_up=WarmUp(date(2018, 1, 1), (500, 1000, 2000)),
        roll_out=RollOut((0.01, 0.1, 1.0), "30 minutes", StopAt(bounced=0.03, complained=0.001), 50),
    )


def test_a_campaign_without_rules_lets_everything_leave_at_once(tmp_path):
    rules = read(tmp_path, "").delivery

    assert rules == DeliveryRules()
    assert all(rules.week)
    assert rules.last_moment(occurrence="2018-01-01", timezone="UTC") is None


@pytest.mark.parametrize("name", ["weekly_picks", "win_back"])
def test_the_sample_campaigns_say_how_often_they_may_mail(name):
    assert load_campaign(name, folder=FOLDER).delivery.frequency_cap == FrequencyCap(7, 7)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{quite_hours: {}}", r"delivery.quite_hours: unknown key, did you mean 'quiet_hours'\?"),
        ('{quiet_hours: {form: "21:00", to: "08:00"}}', r"quiet_hours.form: unknown key, did you mean 'from'\?"),
        ('{quiet_hours: {from: 21:00, to: "08:00"}}', r'delivery.quiet_hours: .*from 1260 is no time.*"21:30", in quo'),
        ('{quiet_hours: {from: "25:00", to: "08:00"}}', "from '25:00' is no time of day"),
        ('{quiet_hours: {from: "08:00", to: "08:00"}}', "from and to are both 08:00"),
        ('{send_window: {from: "18:00", to: "09:00"}}', "ends on the day it begins: from 18:00 is not before to 09:00"),
        ("{send_window: {days: [mon, tues]}}", "delivery.send_window: .*'tues' is no day; write mon, tue, wed"),
        ("{send_window: {days: [fri..mon]}}", "'fri..mon' is no day"),
        ("{send_window: {days: []}}", "a send window needs days"),
        (
            '{quiet_hours: {from: "08:00", to: "20:00"}, send_window: {from: "09:00", to: "18:00"}}',
            "delivery: .*leave no minute of the week",
        ),
        ("{frequency_cap: {messages: 0, days: 7}}", "delivery.frequency_cap: .*is 0 messages in 7 days"),
        ("{frequency_cap: {messages: 3}}", "delivery.frequency_cap.days: Field required"),
        ("{not_after: 36}", "delivery: .*not_after 36 is no duration and no moment; write 36 hours, or 2018-01-03T18"),
        ("{not_after: tomorrow}", "not_after 'tomorrow' is no duration and no moment"),
        ("{on_unknown: retry}", "delivery.on_unknown: Input should be 'hold', 'resend' or 'drop'"),
        ("{stock: {input: pick}}", r"no input is called 'pick', did you mean 'picks'\?"),
        ("{stock: {input: picks, price: prize}}", r"picks has no field 'prize', did you mean 'price'\?"),
        ("{stock: {input: picks, price_tolerance: 5}}", "price_tolerance must be a share from 0 to 1, is 5"),
        ("{warm_up: {starts: 2018-01-01, daily: []}}", "delivery.warm_up: .*daily numbers of 1 or more"),
        ("{roll_out: {steps: [0.1, 0.01, 1.0]}}", "delivery.roll_out: .*steps are shares that rise to 1.0"),
        ("{roll_out: {steps: [0.01, 0.1]}}", "steps are shares that rise to 1.0"),
        ("{roll_out: {observe: a while}}", "observe 'a while' is no duration"),
        ("{roll_out: {stop: {bounces: 0.1}}}", r"roll_out.stop.bounces: unknown key, did you mean 'bounced'\?"),
        ("{roll_out: {stop: {bounced: 2}}}", "delivery.roll_out.stop: .*bounced must be a share from 0 to 1, is 2"),
        ("{roll_out: {at_least: 0}}", "at_least must be 1 or more, is 0"),
    ],
)
def test_a_wrong_rule_is_named_by_path_and_mend(tmp_path, text, problem):
    with pytest.raises(ConfigError, match=problem):
        read(tmp_path, f"delivery: {text}\n")


def test_a_window_and_quiet_hours_leave_the_minutes_that_both_allow():
    rules = DeliveryRules(quiet_hours=Hours("17:00", "10:00"), send_window=SendWindow("09:00", "18:00", ("sat", "mon")))
    open_minutes = {divmod(minute, MINUTES) for minute, is_open in enumerate(rules.week) if is_open}

    assert open_minutes == {(DAYS.index(day), m) for day in ("mon", "sat") for m in range(10 * 60, 17 * 60)}


@pytest.mark.parametrize(
    ("not_after", "timezone", "expected"),
    [
        ("36 hours", "UTC", datetime(2018, 3, 12, 12, tzinfo=UTC)),
        ("36 hours", "America/New_York", datetime(2018, 3, 12, 17, tzinfo=UTC)),  # the clock jumps within them
        ("2018-03-12T18:00", "America/New_York", datetime(2018, 3, 12, 22, tzinfo=UTC)),
        ("2018-03-12T18:00+01:00", "America/New_York", datetime(2018, 3, 12, 17, tzinfo=UTC)),
        (datetime(2018, 3, 12, 18), "UTC", datetime(2018, 3, 12, 18, tzinfo=UTC)),
        (date(2018, 3, 12), "UTC", datetime(2018, 3, 12, tzinfo=UTC)),
    ],
)
def test_not_after_counts_from_the_occurrence_in_the_time_zone_of_the_campaign(not_after, timezone, expected):
    rules = DeliveryRules(not_after=not_after)

    assert rules.last_moment(occurrence="2018-03-11", timezone=timezone) == expected


def test_a_duration_does_not_count_from_an_occurrence_that_is_no_date():
    with pytest.raises(ValueError, match="the occurrence 'order-7' is none; write a moment"):
        DeliveryRules(not_after="36 hours").last_moment(occurrence="order-7", timezone="UTC")


def test_a_warm_up_allows_its_numbers_day_by_day_and_then_any():
    warm_up = WarmUp(date(2018, 1, 1), (500, 1000))
    days = [date(2017, 12, 31), date(2018, 1, 1), date(2018, 1, 2), date(2018, 1, 3)]

    assert [warm_up.allowance(day) for day in days] == [0, 500, 1000, None]


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "America", "../etc/passwd", "\0"])
def test_what_is_no_time_zone_is_read_as_the_other_one(name):
    assert zone(name, otherwise="America/New_York").key == "America/New_York"
