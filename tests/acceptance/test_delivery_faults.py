"""Senders that die, sleep, race and are restored, as real processes: with smaller numbers than the benchmark has."""

from itertools import product
from random import Random

import pytest

from tests.delivery.faults import cases
from tests.delivery.faults.dying import OPERATIONS
from tests.delivery.faults.points import died_at_random
from tests.delivery.faults.site import opened_site
from tests.delivery.faults.zombies import outlived

pytestmark = pytest.mark.acceptance

MESSAGES, POINTS, KILLS, ZOMBIES = 300, 20, 2, 3


@pytest.fixture(scope="module")
def site(spark, tmp_path_factory):
    assert spark  # its session is used
    with opened_site(tmp_path_factory.mktemp("faults") / "site", messages=MESSAGES, seed=7) as opened:
        yield opened


def right(found):
    """Whether everything holds that is to hold of any case."""
    return (found.is_right, found.unknown == found.ambiguous, sum(found.states.values()) > 0) == (True, True, True)


@pytest.mark.parametrize("seed", range(POINTS))
def test_a_crash_at_a_random_operation_loses_and_doubles_nothing(seed):
    _, found = died_at_random(seed, messages=MESSAGES)

    assert right(found), found


@pytest.mark.parametrize("seed", range(ZOMBIES))
def test_a_worker_that_wakes_up_after_its_wave_was_recovered_doubles_nothing(seed, tmp_path):
    found = outlived(tmp_path, messages=1_000, seed=seed)

    assert right(found), found


@pytest.mark.parametrize(("step", "side"), product(OPERATIONS, ("before", "after")))
def test_a_job_that_dies_at_a_step_is_taken_to_its_end_by_the_next(site, step, side):
    found = cases.died_at(site, step, side)

    assert right(found), found


def test_jobs_killed_at_random_are_taken_to_their_end_by_the_next(site):
    seed = Random().randrange(10**6)
    chance, length = Random(seed), cases.undisturbed_seconds(site)
    results = [cases.killed(site, number, after=chance.uniform(0, length)) for number in range(KILLS)]

    assert all(right(found) for found in results), (seed, results)


def test_a_job_that_wakes_up_after_others_did_its_work_doubles_nothing(site):
    found = cases.slept(site)

    assert right(found), found


@pytest.mark.parametrize("race", [cases.raced_for_a_cap, cases.raced_for_a_slot])
def test_two_jobs_at_once_mail_nobody_twice_or_above_the_cap(site, race):
    found = race(site)

    assert right(found), found


def test_a_restored_outbox_is_refused_by_name_and_nothing_is_sent(site):
    found = cases.restored(site)

    assert (right(found), found.refused, found.sent_after_restore) == (True, 1, 0)
