"""Handing a wave over in Spark's tasks: each renders its batches, packs them, and calls."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from hashlib import sha256
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from lettermill.delivery.batches import hand_over_batches
from lettermill.delivery.breaker import Breaker, RetryBudget
from lettermill.delivery.due import ADDRESSED, message_of, refusal_of
from lettermill.delivery.handing import Batch, Terms
from lettermill.delivery.journal import Journal
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Callee, Outcome, Parcel, Provider, Status, Unpackable
from lettermill.delivery.stopping import Stopping
from lettermill.delivery.tally import Tally
from lettermill.patience import Chance, Clock, Patience

Rows = Iterable[pa.RecordBatch]
Packed = Callable[[pa.RecordBatch], Sequence[Parcel | Outcome]]
COUNTED = "what string, number double"


@dataclass(frozen=True)
class Line:
    """How the tasks of a wave call: see handing.Terms. Each of `tasks` has its share of the account."""

    wave: str
    provider: Callee
    journal: Journal
    fence: Callable[[], bool]
    not_after: float
    clock: Clock
    chance: Chance
    patience: Patience = field(default_factory=Patience)
    tasks: int = 1

    @property
    def connections(self) -> int:
        """Connections of one task."""
        return max(1, self.provider.limits.connections // self.tasks)

    def terms(self) -> Terms:
        """What the threads of one task share."""
        clock, journal = self.clock, self.journal
        return Terms(
            wave=self.wave,
            provider=self.provider,
            journal=journal,
            fence=self.fence,
            not_after=self.not_after,
            clock=clock,
            chance=self.chance,
            patience=self.patience,
            pace=Pace(self.provider.limits, 1 / self.tasks, clock),
            breaker=Breaker(clock),
            budget=RetryBudget(),
            stop=Stopping(journal, self.wave, clock),
        )


def hashes_of(texts: pa.StringArray) -> pa.StringArray:
    """The sha256 of each text in hexadecimal; rendering has a way that takes the texts as Arrow has them."""
    return pa.array([sha256(text.encode()).hexdigest() for text in texts.to_pylist()], pa.string())


@dataclass(frozen=True)
class Packing:
    """How rendered contexts become parcels: `unsubscribe` stands before a message's token, `at` is a mail's date.

    `hashes` are the sha256 of a column of texts, in hexadecimal.
    """

    provider: Provider
    unsubscribe: str
    at: datetime
    hashes: Callable[[pa.StringArray], pa.StringArray] = hashes_of

    def __call__(self, rows: pa.RecordBatch) -> list[Parcel | Outcome]:
        """Each message as the provider takes it, or why it is rejected before any call."""
        bodies = rows.column("bodies")
        bounds = bodies.offsets.to_pylist()
        start, size = bounds[0], bounds[-1] - bounds[0]
        names, texts = bodies.keys.slice(start, size).to_pylist(), bodies.items.slice(start, size)
        made = [f"{name}={text}" for name, text in zip(names, self.hashes(texts).to_pylist(), strict=True)]
        parts = list(zip(names, texts.to_pylist(), strict=True))
        columns = (rows.column(name).to_pylist() for name in ADDRESSED)
        ends = pairwise(bound - start for bound in bounds)
        faults = (rows.column(name).to_pylist() for name in ("fault", "expected_fault", "expected"))
        return [
            self._packed(
                {**dict(zip(ADDRESSED, of_row, strict=True)), "bodies": dict(parts[first:last])},
                refusal_of(made[first:last], fault=fault or expected_fault, expected=expected or ()),
            )
            for of_row, (first, last), fault, expected_fault, expected in zip(
                zip(*columns, strict=True), ends, *faults, strict=True
            )
        ]

    def _packed(self, row: Mapping[str, Any], reason: str | None) -> Parcel | Outcome:
        if reason is None:
            try:
                return self.provider.pack(message_of(row, unsubscribe=self.unsubscribe), at=self.at)
            except Unpackable as unfit:
                reason = str(unfit)
        return Outcome(row["message_id"], Status.REJECTED, reason=reason)


def hand_over(due: DataFrame, *, key: str, made: Callable[[Rows], Rows], pack: Packed, line: Line) -> DataFrame:
    """Hand the rows of a wave over; rows `what`, `number`: counts alone come back (see Tally), by task.

    `due` has `batch` and the id `key`; each batch is one task's. `made` is done to the rows within the task (render
    them) and keeps their order; `pack` makes a parcel of each row, or says why it is rejected uncalled. What became of
    each stands in the journal, whatever becomes of the task.
    """

    def in_task(rows: Rows) -> Iterator[pa.RecordBatch]:
        batches = batches_of(made(rows), pack=pack)
        yield _counted(hand_over_batches(batches, terms=line.terms(), connections=line.connections))

    ordered = due.repartitionByRange(line.tasks, "batch").sortWithinPartitions("batch", key)
    return ordered.mapInArrow(in_task, COUNTED)


def batches_of(rows: Rows, *, pack: Packed) -> Iterator[Batch]:
    """The batches of rows that come sorted by `batch`; one is packed at a time."""
    for number, stretches in groupby(_stretches(rows), key=itemgetter(0)):
        packed = [one for _, stretch in stretches for one in pack(stretch)]
        yield Batch(
            number,
            [one for one in packed if isinstance(one, Parcel)],
            [one for one in packed if isinstance(one, Outcome)],
        )


def _stretches(rows: Rows) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Rows that follow one another and are of one batch, with its number."""
    for each in rows:
        numbers = each.column("batch").to_numpy(zero_copy_only=False)
        bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)] if len(numbers) else []
        for first, last in pairwise(bounds):
            yield int(numbers[first]), each.slice(first, last - first)


def totals(counted: Sequence[Any]) -> Tally:
    """The tally over all tasks, of the rows that `hand_over` gave."""
    sums: Counter[str] = Counter()
    for row in counted:
        sums[row["what"]] += row["number"]
    tally = Tally()
    for what, number in sums.items():
        name, _, kind = what.partition(" ")
        if kind:
            getattr(tally, name)[kind] += int(number)
        else:
            setattr(tally, name, number if name == "waited" else int(number))
    return tally


def _counted(tally: Tally) -> pa.RecordBatch:
    counts: dict[str, float] = {}
    for one in fields(tally):
        value = getattr(tally, one.name)
        named = {f"{one.name} {kind}": number for kind, number in value.items()} if isinstance(value, Counter) else {
            one.name: value
        }  # fmt: skip
        counts |= named
    schema = pa.schema([("what", pa.string()), ("number", pa.float64())])
    return pa.RecordBatch.from_pydict({"what": list(counts), "number": [float(n) for n in counts.values()]}, schema)
