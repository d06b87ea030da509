"""What a hand-over came to, in counts: small enough to be a task's result, and without any address."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Ending(StrEnum):
    """How the hand-over of a batch ended."""

    DONE = "done"  # each message was called for until it was answered, or given up
    LEFT = "left"  # somebody else is or was at this batch
    FENCED = "fenced"  # people's choices have changed since the batch was fenced: it goes back
    LATE = "late"  # the time was over after which nothing may leave
    STOPPED = "stopped"  # the wave was stopped, by a provider's word or by a person


@dataclass
class Tally:
    """Counts of batches of one task; tallies add up.

    `outcomes` counts messages by Status as it was told last: deferred ones go back to planned when the batch is
    settled, as do those of `messages` without any outcome. `endings` counts batches. `bytes` are those of bodies,
    `waited` the seconds that threads slept for a pace, a provider's wish or a backoff. `retries` are calls that offered
    messages again, `throttled` and `failed` those that were answered so.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    calls: int = 0
    bytes: int = 0
    retries: int = 0
    throttled: int = 0
    failed: int = 0
    waited: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Tally)))
