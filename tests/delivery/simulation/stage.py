"""Actors that take turns, one step at a time, as a seed decides: any of them may crash, or sleep for long, at any."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from greenlet import GreenletExit, getcurrent, greenlet


class Crash(BaseException):
    """The process is gone: nothing of it is done any more."""


@dataclass
class Actor:
    name: str
    flow: greenlet = field(repr=False)
    wakes_at: float = 0.0
    is_alive: bool = True
    has_napped: bool = False
    parent: "Actor | None" = None

    @property
    def is_well(self) -> bool:
        """Whether it, and who started it, have gone on all the time."""
        return self.is_alive and not self.has_napped and (self.parent is None or self.parent.is_well)


class Stage:
    """Flows of one thread, of which one runs: the same seed gives the same run. Also the Clock of everybody on it."""

    def __init__(
        self,
        chance: Random,
        *,
        crashes: float,
        naps: float,
        switches: float,
        nap_seconds: float,
        most_steps: int = 20_000,
    ) -> None:
        self.chance, self.crashes, self.naps, self.switches = chance, crashes, naps, switches
        self.nap_seconds, self.most_steps = nap_seconds, most_steps
        self.now, self.steps = 1_000_000.0, 0
        self.actors: list[Actor] = []
        self.current: Actor | None = None
        self.failure: BaseException | None = None
        self._hub = getcurrent()

    def spawn(self, name: str, act: Callable[[], None], *, after: float = 0.0) -> Actor:
        flow = greenlet(lambda: self._live(actor, act), parent=self._hub)
        actor = Actor(name, flow, wakes_at=self.now + after, parent=self.current)
        self.actors.append(actor)
        return actor

    def run(self) -> None:
        """Until everybody is gone; what went wrong in any of them is raised."""
        while self.actors and not self.failure:
            self.current = self._choose()
            self.current.flow.switch()
        self.current = None
        if self.failure:
            raise self.failure

    def step(self) -> None:
        """Stand between two operations."""
        self.now += 0.001
        self.steps += 1
        if self.steps > self.most_steps:
            raise AssertionError("no end is reached")
        fate = self.chance.random()
        if fate < self.crashes:
            raise Crash
        if fate < self.crashes + self.naps:
            self.acting.has_napped = True
            self.sleep(self.chance.uniform(0.5, 2.5) * self.nap_seconds)
        elif self.chance.random() < self.switches:
            self._hub.switch()

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.acting.wakes_at = self.now + max(seconds, 0.001)
        self._hub.switch()

    @property
    def acting(self) -> Actor:
        assert self.current is not None
        return self.current

    def _choose(self) -> Actor:
        ready = [actor for actor in self.actors if actor.wakes_at <= self.now]
        if not ready:
            self.now = min(actor.wakes_at for actor in self.actors)
            ready = [actor for actor in self.actors if actor.wakes_at <= self.now]
        return ready[int(self.chance.random() * len(ready))] if len(ready) > 1 else ready[0]

    def _live(self, actor: Actor, act: Callable[[], None]) -> None:
        try:
            act()
        except Crash:
            pass
        except GreenletExit:  # the run is over, for a failure of another
            return
        except BaseException as error:  # it is raised by whoever runs the stage
            self.failure = error
        actor.is_alive = False
        self.actors.remove(actor)
