"""Handing a wave over in Spark's tasks: each renders its batches, packs them, and calls."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
from pyspark.sql import DataFrame

from lettermill.delivery.account_sharing import AccountShare, account_of
from lettermill.delivery.batch_rows import rows_by_batch
from lettermill.delivery.batches import hand_over_batches
from lettermill.delivery.breaker import Breaker, RetryBudget
from lettermill.delivery.due import message_of, refusal
from lettermill.delivery.handing import Batch, Terms
from lettermill.delivery.journal import Journal
from lettermill.delivery.load import Load, load_of
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Callee, Limits, Outcome, Parcel, Provider, Status, Unpackable
from lettermill.delivery.stopping import Stopping
from lettermill.delivery.tally import Tally
from lettermill.patience import Chance, Clock, Patience

Rows = Iterable[pa.RecordBatch]
COUNTED = "what string, number double"
Counts = TypeVar("Counts", Tally, Load)


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
        pace = Pace(self.provider.limits, 1 / self.tasks, clock)
        return Terms(
            wave=self.wave,
            provider=self.provider,
            journal=journal,
            fence=self.fence,
            not_after=self.not_after,
            clock=clock,
            chance=self.chance,
            patience=self.patience,
            account=AccountShare(account_of(self.provider, journal), self.wave, pace, clock),
            breaker=Breaker(clock),
            budget=RetryBudget(),
            stop=Stopping(journal, self.wave, clock),
        )


@dataclass(frozen=True)
class Packing:
    """How rendered contexts become parcels: `unsubscribe` stands before a message's token, `at` is a mail's date."""

    provider: Provider
    unsubscribe: str
    at: datetime

    def __call__(self, row: Any) -> Parcel | Outcome:
        """The message as the provider takes it, or why it is rejected before any call."""
        bodies, expected = dict(row["bodies"] or ()), row["expected"] or ()
        reason = refusal(bodies, fault=row["fault"] or row["expected_fault"], expected=expected)
        if reason is None:
            try:
                message = message_of({**row, "bodies": bodies}, unsubscribe=self.unsubscribe)
                return self.provider.pack(message, at=self.at)
            except Unpackable as unfit:
                reason = str(unfit)
        return Outcome(row["message_id"], Status.REJECTED, reason=reason)


def hand_over(
    due: DataFrame,
    *,
    order: Sequence[str],
    made: Callable[[Rows], Rows],
    pack: Callable[[Any], Parcel | Outcome],
    line: Line,
) -> DataFrame:
    """Hand the rows of a wave over; rows `what`, `number`: counts alone come back (see Tally), by task.

    `due` has `batch`; each batch is one task's, and its rows come in the `order` of these columns. `made` is done to
    the rows within the task (render them) and keeps their order; `pack` makes a parcel of a row, or says why it is
    rejected uncalled. What became of each stands in the journal, whatever becomes of the task.
    """

    def handed_over(batches: Iterator[Batch]) -> Tally:
        return hand_over_batches(batches, terms=line.terms(), connections=line.connections)

    return _in_tasks(due, handed_over, order=order, made=made, pack=pack, tasks=line.tasks)


def weigh(
    due: DataFrame,
    *,
    order: Sequence[str],
    made: Callable[[Rows], Rows],
    pack: Callable[[Any], Parcel | Outcome],
    limits: Limits,
    tasks: int,
) -> DataFrame:
    """Do to the rows of a wave all that `hand_over` does before it calls; counts alone come back (see Load), by task.

    Nothing is called, and nothing written.
    """
    return _in_tasks(due, partial(load_of, limits=limits), order=order, made=made, pack=pack, tasks=tasks)


def _in_tasks(
    due: DataFrame,
    work: Callable[[Iterator[Batch]], Tally | Load],
    *,
    order: Sequence[str],
    made: Callable[[Rows], Rows],
    pack: Callable[[Any], Parcel | Outcome],
    tasks: int,
) -> DataFrame:
    def in_task(rows: Rows) -> Iterator[pa.RecordBatch]:
        yield _counted(work(batches_of(made(rows), pack=pack)))

    ordered = due.repartitionByRange(tasks, "batch").sortWithinPartitions("batch", *order)
    return ordered.mapInArrow(in_task, COUNTED)


def batches_of(rows: Rows, *, pack: Callable[[Any], Parcel | Outcome]) -> Iterator[Batch]:
    """The batches of rows that come sorted by `batch`; one is held at a time."""
    for number, of_batch in rows_by_batch(rows):
        packed = [pack(row) for row in of_batch]
        yield Batch(
            number,
            [one for one in packed if isinstance(one, Parcel)],
            [one for one in packed if isinstance(one, Outcome)],
        )


def totals(counted: Sequence[Any]) -> Tally:
    """The tally over all tasks, of the rows that `hand_over` gave."""
    return _summed(counted, into=Tally())


def whole_load(counted: Sequence[Any]) -> Load:
    """The load over all tasks, of the rows that `weigh` gave."""
    return _summed(counted, into=Load())


def _summed(counted: Sequence[Any], *, into: Counts) -> Counts:
    sums: Counter[str] = Counter()
    for row in counted:
        sums[row["what"]] += row["number"]
    for what, number in sums.items():
        name, _, kind = what.partition(" ")
        if kind:
            getattr(into, name)[kind] += int(number)
        else:
            setattr(into, name, number if name == "waited" else int(number))
    return into


def _counted(counted: Tally | Load) -> pa.RecordBatch:
    counts: dict[str, float] = {}
    for one in fields(counted):
        value = getattr(counted, one.name)
        named = {f"{one.name} {kind}": number for kind, number in value.items()} if isinstance(value, Counter) else {
            one.name: value
        }  # fmt: skip
        counts |= named
    schema = pa.schema([("what", pa.string()), ("number", pa.float64())])
    return pa.RecordBatch.from_pydict({"what": list(counts), "number": [float(n) for n in counts.values()]}, schema)
