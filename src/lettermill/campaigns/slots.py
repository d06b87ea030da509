"""Slots: places of a mail for which a block of the library is chosen for each person, when a campaign is planned."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["rules", "score", "bandit"]


@dataclass(frozen=True)
class Candidate:
    """A block that a slot may show.

    `when` is a SQL condition and `score` a SQL number, both over the columns that inputs may use. A block whose
    condition is not true, or whose score is null, is not eligible.
    """

    block: str
    when: str | None = None
    score: str | None = None


@dataclass(frozen=True)
class Slot:
    """How one of `blocks` is chosen among those that are eligible for a person.

    `rules`: the first. `score`: the one with the highest score, of equals the first. `bandit`: mostly the one with the
    best rate of rewards so far, and for a share `exploration` of people any of them, drawn evenly. Where none is
    eligible, the slot shows the block `otherwise`, or nothing.
    """

    blocks: tuple[Candidate, ...]
    choose: Mode = "rules"
    exploration: float = 0.1
    otherwise: str | None = None

    def __post_init__(self) -> None:
        names = [one.block for one in self.blocks]
        if not names:
            raise ValueError("a slot needs blocks")
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"the block {doubled[0]!r} is listed twice: join its conditions by OR")
        if not 0 < self.exploration <= 1:
            raise ValueError(f"exploration must be above 0, up to 1, is {self.exploration}")
        for one in self.blocks:
            if (one.score is not None) != (self.choose == "score"):
                raise ValueError(f"the block {one.block!r}: every block has a score with choose: score, else none")
        always = [one.block for one in self.blocks[:-1] if one.when is None]
        if self.choose == "rules" and always:
            raise ValueError(f"the block {always[0]!r} has no `when`, so that those behind it are never shown")

    @property
    def shown(self) -> tuple[str, ...]:
        """The blocks that it may show."""
        return tuple(dict.fromkeys([one.block for one in self.blocks] + ([self.otherwise] if self.otherwise else [])))
