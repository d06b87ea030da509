"""What must hold when all is over: the outbox against the provider's book, the unknown against the ambiguous."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENDS = {"handed_over", "rejected", "suppressed", "unknown"}


@dataclass
class Found:
    """What a case came to, in messages."""

    lost: int = 0
    """Neither handed over, rejected, suppressed nor unknown; or told to be handed over, and not in the book."""
    double: int = 0
    untold: int = 0
    """In the book, and told to be what it is not: rejected, suppressed, planned."""
    unknown: int = 0
    ambiguous: int = 0
    apart: int = 0
    """Unknown and not ambiguous, or the other way round."""
    above_cap: int = 0
    """People who got more than the frequency cap allows."""
    refused: int = 0
    """Outboxes that were restored, and refused by name."""
    sent_after_restore: int = 0
    states: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, name) + getattr(other, name) for name in vars(self)))

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.double or self.untold or self.apart or self.above_cap or self.sent_after_restore)


def compared(states: Mapping[str, str], *, book: Counter[str], ambiguous: set[str]) -> Found:
    """Hold what is told of messages against the book, and the unknown against the ambiguous."""
    told = {one for one, state in states.items() if state == "handed_over"}
    unknown = {one for one, state in states.items() if state == "unknown"}
    return Found(
        lost=sum(state not in ENDS for state in states.values()) + len(told - set(book)),
        double=sum(times > 1 for times in book.values()),
        untold=len(set(book) - told - unknown),
        unknown=len(unknown),
        ambiguous=len(ambiguous),
        apart=len(unknown ^ ambiguous),
        states=Counter(states.values()),
    )


def ambiguous(journal: Path) -> set[str]:
    """The messages whose last call has no answer, or one that says nothing; read off the marks by other code."""
    last: dict[str, str] = {}
    for start in sorted((journal / "waves").glob("*/*.started")):
        named, end = _marked(start).get("messages", []), start.with_suffix(".done")
        answers = [one[0] for one in _marked(end)["outcomes"]] if end.exists() else ["unknown"] * len(named)
        last.update(zip(named, answers, strict=True))
    return {one for one, answer in last.items() if answer == "unknown"}


def _marked(file: Path) -> dict[str, Any]:
    """What a mark says: the line of its file that begins with its name. Marks that were made at once share a file."""
    contents = [
        line.partition(b" ")[2] for line in file.read_bytes().split(b"\n") if line.startswith(file.name.encode())
    ]
    (content,) = map(json.loads, contents)
    return content
