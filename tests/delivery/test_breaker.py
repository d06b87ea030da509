"""A failing provider is left alone, probed by one call, and given up after a while; retries have a budget."""

from random import Random

from lettermill.delivery.breaker import Breaker, RetryBudget
from tests.delivery.simulation.stage import Stage
from tests.ingest.serving import TestClock


def test_it_opens_after_failures_in_a_row_and_cools_down():
    breaker = Breaker(TestClock(), failures=3, cooling_seconds=30.0)
    waited = []
    for _ in range(4):
        waited.append(breaker.enter())
        breaker.failed()

    assert waited == [0.0, 0.0, 0.0, 30.0]


def test_a_call_that_goes_well_closes_it():
    breaker = Breaker(TestClock(), failures=2, cooling_seconds=30.0, openings=2)
    for outcome in (
        breaker.failed,
        breaker.went_well,
        breaker.failed,
        breaker.failed,
        breaker.went_well,
        breaker.failed,
    ):
        breaker.enter()
        outcome()

    assert breaker.enter() == 0.0
    assert not breaker.is_spent


def test_a_probe_that_fails_opens_it_again_until_it_is_spent():
    breaker = Breaker(TestClock(), failures=2, cooling_seconds=30.0, openings=3)
    waited = []
    while not breaker.is_spent:
        waited.append(breaker.enter())
        breaker.failed()

    assert waited == [0.0, 0.0, 30.0, 30.0]
    assert breaker.enter() == 0.0


def test_calls_under_way_when_it_opens_do_not_open_it_again():
    breaker = Breaker(TestClock(), failures=2, openings=2)
    for _ in range(8):
        breaker.failed()

    assert not breaker.is_spent


def test_while_one_probes_the_others_wait():
    stage = Stage(Random(3), crashes=0.0, naps=0.0, switches=0.0, nap_seconds=0.0)
    breaker = Breaker(stage, failures=1, cooling_seconds=10.0)
    breaker.failed()
    start, order = stage.now, []

    def thread(name):
        breaker.enter()
        order.append((name, round(stage.now - start)))
        stage.sleep(4.5)
        order.append((name, "went well"))
        breaker.went_well()

    for name in range(3):
        stage.spawn(str(name), lambda name=name: thread(name))
    stage.run()

    assert [what for _, what in order] == [10, "went well", 15, 15, "went well", "went well"]


def test_a_probe_that_is_not_made_lets_another_probe():
    breaker = Breaker(TestClock(), failures=1, cooling_seconds=10.0)
    breaker.failed()
    breaker.enter()
    breaker.leave()

    assert breaker.enter() == 0.0


def test_retries_are_a_share_of_calls_and_a_few_more():
    budget = RetryBudget(share=0.2, floor=2)
    first = [budget.spend_retry() for _ in range(3)]
    for _ in range(10):
        budget.spend_call()
    then = [budget.spend_retry() for _ in range(3)]

    assert (first, then) == ([True, True, False], [True, True, False])
