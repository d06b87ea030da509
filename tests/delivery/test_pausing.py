"""Once one connection is told to wait, no call begins before the wait is over: at once in its task, and in others of
the account as soon as they can know."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from random import Random

import pytest

from lettermill.delivery.handing import Batch, hand_over_batch
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Answer, Call, Limits, Parcel, Signal, Status, answered
from lettermill.patience import Rate
from tests.delivery.scripted import accepted, parcels, terms
from tests.delivery.simulation.stage import Stage
from tests.delivery.simulation.witness import Witness
from tests.delivery.simulation.world import MemoryJournal

THREADS = 6
LATENCY = 0.05
LIMITS = Limits(messages=1, bytes=1_000, calls=(Rate(100, 1.0),))


@dataclass
class Watchful:
    """Answers some calls by a wish to be left alone, and books when each began, and from when until when it wished."""

    stage: Stage
    share: float
    refusal: tuple[Signal, float]
    limits: Limits = LIMITS
    name: str = "watchful"
    begun: list[float] = field(default_factory=list)
    wishes: list[tuple[float, float]] = field(default_factory=list)

    def connect(self) -> "Watchful":
        return self

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002
        self.begun.append(self.stage.now)
        self.stage.sleep(self.stage.chance.uniform(0.5, 1.5) * LATENCY)
        if self.stage.chance.random() >= self.share:
            return accepted(parcels)
        signal, wait = self.refusal
        self.wishes.append((self.stage.now, self.stage.now + wait))
        return answered(parcels, Status.DEFERRED, reason="later", signal=signal, wait=wait)

    def intruders(self, *, known_after: float = 0.0) -> list[float]:
        """Calls that began while it was to be left alone."""
        return [at for at in self.begun if any(since + known_after < at < until for since, until in self.wishes)]


def watched(seed: int, refusal: tuple[Signal, float], *, tasks: int = 1) -> Watchful:
    """What a provider saw of the threads of some tasks, whose journal and fence take their time."""
    stage = Stage(Random(seed), crashes=0.0, naps=0.0, switches=0.8, nap_seconds=0.0)
    provider = Watchful(stage, share=0.1, refusal=refusal)
    journal = MemoryJournal(stage, Witness(stage))

    def fence() -> bool:
        stage.sleep(stage.chance.uniform(0.5, 1.5) * LATENCY)
        return True

    of_tasks = [
        terms(provider, journal, stage, fence=fence, pace=Pace(LIMITS, share=1 / tasks, clock=stage))
        for _ in range(tasks)
    ]
    for number in range(THREADS * tasks):
        batch, shared = Batch(number, parcels(*(f"{number}-{place}" for place in range(12)))), of_tasks[number % tasks]
        stage.spawn(
            str(number),
            lambda batch=batch, shared=shared: hand_over_batch(batch, lent=lambda: nullcontext(provider), terms=shared),
        )
    stage.run()
    return provider


@pytest.mark.parametrize("refusal", [(Signal.THROTTLED, 30.0), (Signal.FAILING, 45.0)], ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_no_call_of_a_task_begins_before_a_wait_that_one_of_its_threads_was_told_is_over(seed, refusal):
    provider = watched(seed, refusal)

    assert len(provider.begun) > THREADS * 6
    assert provider.wishes
    assert provider.intruders() == []


@pytest.mark.parametrize("seed", range(6))
def test_the_other_tasks_of_an_account_hear_of_a_wait_before_their_next_call(seed):
    provider = watched(seed, (Signal.THROTTLED, 30.0), tasks=3)

    assert len(provider.begun) > 3 * THREADS * 6
    assert provider.wishes
    assert provider.intruders(known_after=0.05) == []
