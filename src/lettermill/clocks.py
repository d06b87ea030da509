"""Time and chance of the machine, for what may not ask it by itself."""

import random
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock; small, so that tasks may have it."""

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class SystemChance:
    """The machine's chance, which spreads the retries of many workers."""

    def __call__(self) -> float:
        return random.random()
