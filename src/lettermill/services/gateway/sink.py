"""Where events go: one verb, which returns when they would survive the machine's losing power."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Line:
    """One event as a line of JSON, of a source. Lines with the same `key` keep their order where the sink has one."""

    source: str
    value: bytes
    key: bytes | None = None


class Sink(Protocol):
    """Raises Refusal (503) from `put` where the lines are not durable; some of them may be, so they are sent again."""

    def start(self) -> None:
        """Get ready; what an earlier process left behind is brought home first."""

    async def put(self, lines: Sequence[Line]) -> None:
        """Return when all the lines are durable."""

    def fault(self) -> str | None:
        """What keeps the sink from taking lines now, if anything."""

    def close(self) -> None:
        """Bring everything home; nothing is put any more."""
