"""Once one connection of a task is told to wait, no call of the task begins before the wait is over."""

from collections.abc import Sequence
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

    def intruders(self) -> list[float]:
        """Calls that began while it was to be left alone."""
        return [at for at in self.begun if any(since < at < until for since, until in self.wishes)]


def task(seed: int, refusal: tuple[Signal, float]) -> Watchful:
    """What a provider saw of the threads of a task, whose journal and fence take their time."""
    stage = Stage(Random(seed), crashes=0.0, naps=0.0, switches=0.8, nap_seconds=0.0)
    provider = Watchful(stage, share=0.1, refusal=refusal)
    journal = MemoryJournal(stage, Witness(stage))

    def fence() -> bool:
        stage.sleep(stage.chance.uniform(0.5, 1.5) * LATENCY)
        return True

    shared = terms(provider, journal, stage, fence=fence, pace=Pace(LIMITS, share=1.0, clock=stage))
    for number in range(THREADS):
        batch = Batch(number, parcels(*(f"{number}-{place}" for place in range(12))))
        stage.spawn(str(number), lambda batch=batch: hand_over_batch(batch, connection=provider, terms=shared))
    stage.run()
    return provider


@pytest.mark.parametrize("refusal", [(Signal.THROTTLED, 30.0), (Signal.FAILING, 45.0)], ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_no_call_of_a_task_begins_before_a_wait_that_one_of_its_threads_was_told_is_over(seed, refusal):
    provider = task(seed, refusal)

    assert len(provider.begun) > THREADS * 6
    assert provider.wishes
    assert provider.intruders() == []
