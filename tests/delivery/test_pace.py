"""The pace uses what an account allows, and no window of the provider ever sees more."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Limits
from lettermill.patience import Rate
from tests.delivery.simulation.stage import Stage
from tests.ingest.serving import TestClock


@dataclass
class WakesLate:
    now: float
    late: Callable[[], float]

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds + self.late()


def limits(*, calls=(), recipients=()):
    return Limits(messages=100, bytes=1_000_000, calls=calls, recipients=recipients)


def begun(tasks, *, seconds, threads=8, recipients=1, latency=0.03, seed=1):
    """When calls begin, of tasks with a pace each, whose threads wake a little late; in seconds from the start."""
    stage = Stage(Random(seed), crashes=0.0, naps=0.0, switches=0.0, nap_seconds=0.0)
    start, times = stage.now, []

    def thread(pace):
        while stage.now < start + seconds:
            pace.take(recipients)
            stage.sleep(stage.chance.uniform(0.0, 0.0015))  # waking up late, and the way to the provider
            times.append(stage.now - start)
            stage.sleep(latency)

    for make in tasks:
        pace = make(stage)
        for number in range(threads):
            stage.spawn(str(number), lambda pace=pace: thread(pace))
    stage.run()
    return [time for time in times if time < seconds]


def by_window(times, seconds=1.0):
    return Counter(int(time / seconds) for time in times)


@pytest.mark.parametrize("tasks", [1, 2, 8])
def test_of_two_hundred_calls_a_second_all_but_a_twentieth_are_used_and_no_window_is_passed(tasks):
    rate = limits(calls=(Rate(200, 1.0),))
    times = begun([lambda stage: Pace(rate, share=1 / tasks, clock=stage)] * tasks, seconds=10)
    windows = [by_window(times)[second] for second in range(1, 9)]

    assert max(windows) <= 200
    assert sum(windows) >= 0.95 * 200 * len(windows)


@for_any(st.integers(1, 400), st.sampled_from([1.0, 10.0, 60.0]), st.floats(0.0, 1.0), st.integers(0, 2**32))
def test_no_window_wherever_it_begins_sees_more_than_is_allowed(calls, seconds, offset, seed):
    chance = Random(seed)
    clock = WakesLate(1000.0, lambda: chance.choice((0.0, 0.0, 0.9, 2.5)) * seconds / calls)
    pace = Pace(limits(calls=(Rate(calls, seconds),)), share=1.0, clock=clock)
    times = []
    for _ in range(3 * calls + 5):
        pace.take(1)
        times.append(clock.time())

    assert max(by_window([time + offset * seconds for time in times], seconds).values()) <= calls


def test_the_tightest_of_several_rates_binds():
    clock = TestClock(0.0)
    pace = Pace(limits(calls=(Rate(10, 1.0), Rate(150, 60.0))), share=1.0, clock=clock, headroom=1.0)
    waited = [pace.take(1) for _ in range(4)]

    assert waited == pytest.approx([0.0, 0.4, 0.4, 0.4])


def test_recipients_are_paced_by_how_many_a_call_has():
    clock = TestClock(0.0)
    pace = Pace(limits(recipients=(Rate(1000, 1.0),)), share=0.5, clock=clock, headroom=1.0)
    waited = [pace.take(100), pace.take(50), pace.take(50)]

    assert waited == pytest.approx([0.0, 0.2, 0.1])


def test_a_wish_to_be_left_alone_holds_for_every_thread():
    clock = TestClock(0.0)
    pace = Pace(limits(calls=(Rate(100, 1.0),)), share=1.0, clock=clock)
    pace.pause(30.0)
    pace.pause(5.0)

    assert pace.take(1) == pytest.approx(30.0)
    assert pace.take(1) + pace.take(1) == pytest.approx(1 / 98)


def test_after_a_pause_threads_do_not_burst():
    rate = limits(calls=(Rate(100, 1.0),))
    paces = []

    def made(stage):
        paces.append(Pace(rate, share=1.0, clock=stage))
        paces[0].pause(2.0)
        return paces[0]

    times = begun([made], seconds=4, threads=20)

    assert min(times) >= 2.0
    assert max(by_window(times, 0.1).values()) <= 11


def test_threads_that_waited_for_a_journal_together_call_one_by_one():
    pace = Pace(limits(calls=(Rate(100, 1.0),)), share=1.0, clock=TestClock(0.0))

    assert [pace.space(1) for _ in range(3)] == [0.0, pytest.approx(1 / 99), pytest.approx(1 / 99)]


def test_a_quota_of_a_day_is_no_pace_and_no_limit_is_none():
    clock = TestClock(0.0)
    pace = Pace(limits(calls=(Rate(200, 86_400.0), Rate(0, 1.0))), share=1.0, clock=clock)

    assert [pace.take(1) for _ in range(3)] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.5}, {"share": 1.0, "headroom": 0.0}])
def test_a_share_or_headroom_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="share and headroom"):
        Pace(limits(), clock=TestClock(), **wrong)


def test_a_call_whose_turn_has_come_waits_for_a_pause_that_another_was_told_to_keep():
    clock = TestClock(1000.0)
    pace = Pace(limits(calls=(Rate(10, 1.0),)), 1.0, clock)
    pace.take(1)
    pace.pause(7.0)

    assert (pace.space(1), clock.now) == (7.0, 1007.0)


def test_a_pause_that_comes_while_a_call_is_spaced_is_kept_too():
    class Interrupted(TestClock):
        def sleep(self, seconds):
            super().sleep(seconds)
            if len(self.slept) == 1:
                pace.pause(7.0)

    clock = Interrupted(1000.0)
    pace = Pace(limits(calls=(Rate(10, 1.0),)), 1.0, clock)
    pace.space(1)
    waited = pace.space(1)

    assert clock.now >= 1000.0 + clock.slept[0] + 7.0
    assert waited == pytest.approx(clock.now - 1000.0)
