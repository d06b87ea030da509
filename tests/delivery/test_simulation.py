"""The protocol under a simulated clock, outbox, journal and provider: whatever a seed lets happen, it holds.

A seed that fails is printed, and replays with `LETTERMILL_SEED=<seed>`.
"""

import os

import pytest

from tests.delivery.simulation.planted import PLANTED
from tests.delivery.simulation.run import simulate

SEEDS = 10_000
PARTS = 10
GIVEN = os.environ.get("LETTERMILL_SEED")


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_is_mailed_twice_or_lost_and_the_unknown_are_the_ambiguous(part):
    for seed in [int(GIVEN)] if GIVEN else range(part, SEEDS, PARTS):
        try:
            simulate(seed)
        except Exception as failure:
            pytest.fail(f"LETTERMILL_SEED={seed}: {failure}")


@pytest.mark.parametrize("fault", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_fault_is_caught_by_some_seed(fault):
    def is_caught(seed):
        try:
            simulate(seed, fault())
        except Exception:
            return True
        return False

    assert any(is_caught(seed) for seed in range(3_000))


def test_a_seed_replays():
    first, again = simulate(7), simulate(7)

    assert first.journal.marks == again.journal.marks
    assert first.outbox.history == again.outbox.history
