"""What a pulled source hands over: portions of rows, each with the position that is reached when they are stored."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

Position = Mapping[str, Any]
"""How far a source has been read, in the source's own terms; JSON values only, and nothing secret or personal."""


class PulledRow(NamedTuple):
    """One row as it came. `position` is None where only the commit that stores the row can tell it from its repeats."""

    origin: str
    position: int | None
    raw: bytes
    received_at: datetime


@dataclass(frozen=True)
class Portion:
    """Rows that are stored together with `position`. `stored` is called once they are, and not before."""

    rows: tuple[PulledRow, ...]
    position: Position
    stored: Callable[[], None] = lambda: None


class Reader(Protocol):
    """One pulled source. `repeats` says how a row that may come again is known:

    `never`, it does not come again; `by key`, its origin and position are the same each time; `by content`, its origin
    is, and it is worth storing where its content differs from the newest stored one.
    """

    @property
    def repeats(self) -> Literal["never", "by key", "by content"]: ...

    @property
    def counts(self) -> Mapping[str, int]:
        """What was done, by name, for the run's summary."""

    @property
    def notes(self) -> list[str]:
        """What a person should know of it."""

    def portions(self, position: Position | None) -> Generator[Portion, None, None]:
        """Read on from `position` (None: from the start) until what there is now has been read.

        Closed early, it lets go of what it holds."""

    def outlook(self, position: Position | None) -> str:
        """What `portions` would take, in words, without taking it."""
