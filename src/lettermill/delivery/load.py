"""What messages come to as a provider takes them, before any call: in counts, small enough to be a task's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from math import ceil

from lettermill.delivery.handing import Batch
from lettermill.delivery.provider import Limits, Parcel
from lettermill.delivery.splitting import calls_of, size_of, too_large

REASONS = 100
"""Reasons that a task tells apart: some of them name the bytes of one message."""
OTHERS = "other reasons"


@dataclass
class Load:
    """So many `messages` in `calls` with `bytes` of body, beside those that are `rejected` uncalled, by reason."""

    messages: int = 0
    calls: int = 0
    bytes: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Load) -> Load:
        return Load(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Load)))

    def body(self, limits: Limits) -> float:
        """Bytes that a message takes of a call on average; none, where there is none."""
        return (self.bytes - self.calls * limits.envelope) / self.messages if self.messages else 0.0


def load_of(batches: Iterable[Batch], *, limits: Limits) -> Load:
    """The load of packed batches, one of which is held at a time: each in its own calls, as they are handed over."""
    load = sum((_of_batch(batch, limits) for batch in batches), Load())
    load.rejected = _told_apart(load.rejected)
    return load


def supposed_load(messages: int, *, body: float, limits: Limits) -> Load:
    """The load of messages that nobody has packed, each of which takes `body` bytes of a call: as full as may be."""
    a_call = max(1, min(limits.messages, int((limits.bytes - limits.envelope) // body)))
    calls = ceil(messages / a_call)
    return Load(messages, calls, calls * limits.envelope + ceil(messages * body))


def _of_batch(batch: Batch, limits: Limits) -> Load:
    load = Load(rejected=Counter(str(one.reason) for one in batch.rejected))
    for call in calls_of(_fitting(batch.parcels, limits, load.rejected), limits):
        load.messages += len(call)
        load.calls += 1
        load.bytes += size_of(call, limits)
    return load


def _fitting(parcels: Iterable[Parcel], limits: Limits, rejected: Counter[str]) -> Iterator[Parcel]:
    """The parcels that a call can hold; those that none can are counted."""
    for parcel in parcels:
        refused = too_large(parcel, limits)
        if refused is None:
            yield parcel
        else:
            rejected[str(refused.reason)] += 1


def _told_apart(rejected: Counter[str]) -> Counter[str]:
    named = Counter(dict(rejected.most_common(REASONS)))
    others = rejected.total() - named.total()
    return named + Counter({OTHERS: others})
