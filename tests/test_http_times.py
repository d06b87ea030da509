"""Times in the heads of calls: whatever form they have, and whatever else stands there."""

import time

import pytest

from lettermill.http_times import moment_in, seconds_in, wait_in

NOON = 1_714_564_800.0


@pytest.fixture(params=["UTC", "Asia/Tokyo"])
def machine_elsewhere(request, monkeypatch):
    """The clock of this machine in a zone, which must not matter."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ("Wed, 01 May 2024 12:00:00 GMT", NOON),
        ("Wednesday, 01-May-24 12:00:00 GMT", NOON),
        ("Wed May  1 12:00:00 2024", NOON),
        ("Wed, 01 May 2024 14:00:00 +0200", NOON),
        (f"1 May {'9' * 30} 12:00:00 GMT", None),
        ("Wed, 99 May 2024 12:00:00 GMT", None),
        ("soon", None),
        ("30", None),
        ("", None),
        (None, None),
    ],
)
@pytest.mark.usefixtures("machine_elsewhere")
def test_a_date_is_read_in_each_of_its_forms_as_the_same_moment_in_any_zone(header, moment):
    assert moment_in(header) == moment


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        (None, None),
    ],
)
def test_seconds_are_a_number_that_can_be_waited(header, seconds):
    assert seconds_in(header) == seconds


@pytest.mark.parametrize(
    ("header", "now", "wait"),
    [
        ("30", NOON, 30.0),
        ("30", None, 30.0),
        ("Wed, 01 May 2024 12:00:45 GMT", NOON, 45.0),
        ("Wed, 01 May 2024 11:59:00 GMT", NOON, 0.0),
        ("Wed, 01 May 2024 12:00:45 GMT", None, None),
        ("soon", NOON, None),
        (None, NOON, None),
    ],
)
def test_a_wait_is_a_number_of_seconds_or_the_time_up_to_a_date(header, now, wait):
    assert wait_in(header, now=now) == wait
