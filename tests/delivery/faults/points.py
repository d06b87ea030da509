"""Senders over the simulated outbox, journal and provider, one of whom dies at one operation of all that are made."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.delivery.faults.verdict import Found, compared
from tests.delivery.simulation.run import CAMPAIGNS, calm, check
from tests.delivery.simulation.sender import LEASE_SECONDS, Practice, Sender, World
from tests.delivery.simulation.stage import Actor, Crash, Stage
from tests.delivery.simulation.witness import Witness
from tests.delivery.simulation.world import Choices, MemoryJournal, Outbox, Row, SimProvider

WAVE, BATCH, CALL = 500, 100, 50
SHARED = 10
"""One of so many people is planned by both campaigns, and may be mailed by one of them."""
FAULTS = 0.1


class PointedStage(Stage):
    """A stage on which one actor crashes, at the step number `point`; with `is_whole`, all of its process."""

    def __init__(self, chance: Random, *, point: int, is_whole: bool, most_steps: int) -> None:
        super().__init__(chance, crashes=0, naps=0, switches=0.1, nap_seconds=LEASE_SECONDS, most_steps=most_steps)
        self.point, self.is_whole = point, is_whole
        self.doomed: Actor | None = None

    def step(self) -> None:
        number = self.steps + 1  # of this step: others may make theirs before it returns
        super().step()
        if number == self.point:
            self.doomed = _root(self.acting) if self.is_whole else self.acting
            raise Crash
        if self.is_whole and self.doomed is not None and _root(self.acting) is self.doomed:
            raise Crash


def _root(actor: Actor) -> Actor:
    return actor if actor.parent is None else _root(actor.parent)


@dataclass(frozen=True)
class Point:
    """Where a run died: step `number` of the `steps` that it makes undisturbed."""

    number: int
    steps: int
    is_whole: bool


def died_at_random(seed: int, *, messages: int) -> tuple[Point, Found]:
    """Let two senders of two campaigns work, one die somewhere, and others go on; the seed says where.

    Raises AssertionError with what did not hold.
    """
    steps = _storm(seed, messages=messages, point=0, is_whole=False).stage.steps
    chance = Random(-seed - 1)
    point = Point(chance.randint(1, steps), steps, is_whole=chance.random() < 0.5)
    world = _storm(seed, messages=messages, point=point.number, is_whole=point.is_whole)
    assert getattr(world.stage, "doomed", None), "nobody died"
    calm(world)
    check(world, is_restored=False)
    return point, _found(world)


def _storm(seed: int, *, messages: int, point: int, is_whole: bool) -> World:
    stage = PointedStage(Random(seed), point=point, is_whole=is_whole, most_steps=100 * messages + 20_000)
    world = _world(stage, messages)
    for name in CAMPAIGNS:
        stage.spawn(name, Sender(world, name, name))
    stage.run()
    return world


def _world(stage: Stage, messages: int) -> World:
    persons = [f"p{number:05d}" for number in range(messages // 2)]
    others = [one if number % SHARED == 0 else f"q{number:05d}" for number, one in enumerate(persons)]
    rows = [
        Row(f"{name}-{person}", person, name)
        for name, people in zip(CAMPAIGNS, (persons, others), strict=True)
        for person in people
    ]
    witness = Witness(stage)
    provider = SimProvider(stage, faults=FAULTS, messages=CALL)
    return World(
        stage, Outbox(stage, rows), MemoryJournal(stage, witness), Choices(stage), provider, witness, Practice(),
        not_after=1e12, wave=WAVE, batch=BATCH,
    )  # fmt: skip


def _found(world: World) -> Found:
    book = Counter({one: times for one, times in world.provider.book.items() if times})
    states = {one: row.state for one, row in world.outbox.rows.items()}
    return compared(states, book=book, ambiguous=world.witness.ambiguous())
