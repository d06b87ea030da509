"""Handing changed attributes of people over to a destination, and writing down what it took.

A value that is told twice is the same value, so a hand-over that was cut off is made again from what the tables say.
What must not happen is that an older value comes after a newer one: one sender at a time, by a lease that each call
looks at.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.alerting import alert
from lettermill.clocks import SystemChance, SystemClock
from lettermill.delivery.journal import Journal
from lettermill.delivery.lease import HELD, Lease, newest_of
from lettermill.delivery.profile_provider import ProfileProvider
from lettermill.delivery.profile_rows import ProfilePacking, in_batches, profile_rows, refusals
from lettermill.delivery.providers.braze.cdi import CdiTable
from lettermill.delivery.recovery import settled_wave
from lettermill.delivery.stopping import stop_of
from lettermill.delivery.sync import saved_by_attribute, sync_set, sync_state
from lettermill.delivery.tally import Tally
from lettermill.delivery.tasks import Line, hand_over, totals
from lettermill.errors import DeliveryError
from lettermill.holding import held
from lettermill.job import Run
from lettermill.monitoring.alerts import Severity
from lettermill.patience import Clock
from lettermill.sending.braze_table import rows_written
from lettermill.sending.journals import require_exclusive
from lettermill.sending.leases import counted_among_senders, kept
from lettermill.sending.outcomes import ids_by_batch, outcome_rows
from lettermill.syncing import synced_values
from lettermill.tables.delivery import SYNC_REFUSALS, SYNC_STATE

NEVER = float("inf")
CALLS_A_BATCH = 4
"""Full calls of a batch: people are spread over batches by a hash, so none is quite full."""


@dataclass(frozen=True)
class StillHeld:
    """Whether a lease is still the holder's own: asked by each task before each call."""

    journal: Journal
    prefix: str
    holder: str

    def __call__(self) -> bool:
        newest = newest_of(self.journal, self.prefix)
        return newest is not None and newest.holder == self.holder and newest.kind == HELD


@dataclass(frozen=True)
class Destination:
    """A destination of conf with what hands attributes over to it."""

    run: Run
    name: str
    provider: ProfileProvider | CdiTable
    journal: Journal
    clock: Clock = field(default_factory=SystemClock)

    @property
    def lease_prefix(self) -> str:
        return f"leases/sync/{self.name}"

    @property
    def fence(self) -> StillHeld:
        return StillHeld(self.journal, self.lease_prefix, self.run.run_id)


@contextmanager
def lacking(to: Destination) -> Iterator[tuple[DataFrame, DataFrame]]:
    """The attributes that the destination is to have, and those of them that it lacks, while the block reads them."""
    to.run.lake.create(SYNC_STATE)
    standing = to.run.read(SYNC_STATE)
    with (
        held(synced_values(to.run, to.name)) as values,
        held(sync_set(values, standing=standing, destination=to.name)) as changes,
    ):
        yield values, changes


def tell_points(to: Destination, values: DataFrame, changes: DataFrame) -> None:
    """Count the data points that are sent, and those that need not be."""
    counted = (
        saved_by_attribute(values, changes).agg(F.sum("sent").alias("sent"), F.sum("saved").alias("saved")).first()
    )
    sent, saved = ((counted[name] or 0) if counted else 0 for name in ("sent", "saved"))
    to.run.count(points_to_send=sent, points_saved=saved)


def sync(to: Destination, changes: DataFrame) -> None:
    """Hand the changes over and store what was taken in delivery.sync_state, and what was refused with the reason.

    Raises DeliveryError where another sync of the destination is under way, where the provider stopped this one, or
    where the journal's store would let two hold the lease.
    """
    require_exclusive(to.journal)
    settings = to.run.settings.delivery
    lease = Lease(to.journal, to.lease_prefix, to.run.run_id, settings.lease_seconds, to.clock)
    if not lease.acquire():
        mend = "wait until it has ended, or until its lease has"
        raise DeliveryError(f"{to.name} is being synced by somebody else", place=to.lease_prefix, mend=mend)
    try:
        with kept(lease, every=settings.lease_seconds / 3):
            _sync_lacking(to, changes)
    finally:
        lease.release()


def _sync_lacking(to: Destination, changes: DataFrame) -> None:
    profiles = profile_rows(changes, people=to.run.read(tables.profiles.PEOPLE))
    if isinstance(to.provider, CdiTable):
        with rows_written(profiles, to.provider, run=to.run, destination=to.name, fence=to.fence) as outcomes:
            _write_down(to, changes, profiles, outcomes)
        return
    size = to.provider.limits.messages * CALLS_A_BATCH
    with held(in_batches(profiles, rows=profiles.count(), size=size)) as batched:
        _store(to, changes, batched, _handed_over(to, to.provider, batched))


def _handed_over(to: Destination, provider: ProfileProvider, batched: DataFrame) -> tuple[str, Tally]:
    wave = f"sync.{to.name}.{to.run.run_id}"
    delivery = to.run.settings.delivery
    line = Line(
        wave=wave,
        provider=provider,
        journal=to.journal,
        fence=to.fence,
        not_after=NEVER,
        clock=to.clock,
        chance=SystemChance(),
        patience=delivery.patience,
        tasks=delivery.tasks,
    )
    packing = ProfilePacking(provider, to.run.as_of)
    with (
        to.run.doing(f"handing attributes over to {to.name}"),
        counted_among_senders(line, lease_seconds=delivery.lease_seconds),
    ):
        counted = hand_over(batched, order=["person_id"], made=iter, pack=packing, line=line)
        return wave, totals(counted.collect())


def _write_down(to: Destination, changes: DataFrame, profiles: DataFrame, outcomes: DataFrame) -> None:
    """Store what was taken and what was refused, by rows of outcome_rows."""
    taken = outcomes.where("settled = 'handed_over'").select(F.col("message_id").alias("person_id"))
    now = F.lit(to.run.as_of)
    state = sync_state(changes.join(taken, on="person_id", how="left_semi"), destination=to.name, at=now)
    to.run.lake.merge(state, into=SYNC_STATE)
    refused = refusals(profiles, settled=outcomes, destination=to.name, at=now)
    to.run.lake.replace(refused, into=SYNC_REFUSALS, where={"destination": to.name})


def _store(to: Destination, changes: DataFrame, batched: DataFrame, handed: tuple[str, Tally]) -> None:
    """Store what the marks say was taken and refused. They are of no use afterwards: attributes are told anew."""
    wave, tally = handed
    batches = ids_by_batch(batched, key="person_id")
    settled = list(settled_wave(to.journal, wave, batches, by=to.run.run_id, at=to.clock.time()))
    _write_down(to, changes, batched, outcome_rows(settled, spark=to.run.spark))
    to.run.count(**Counter(one.state for one in settled), calls=tally.calls)
    stopped = stop_of(to.journal, wave)
    to.journal.remove(f"waves/{wave}")
    if stopped:
        problem = f"{to.name} stopped the sync: {stopped[1]}"
        alert(to.run, "sync_stopped", Severity.CRITICAL, subject=to.name, text=problem)
        mend = "see what the provider asks for, and run it again: it goes on where it stopped"
        raise DeliveryError(problem, place=to.lease_prefix, mend=mend)
