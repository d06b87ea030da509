"""Settling: the journal is read, the outbox moves in one commit, and the ledger follows.

Recovering is the same for waves whose sender is gone, before anything is claimed. Both in the order that
tests/delivery/simulation holds to every crash.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.alerting import alert
from lettermill.delivery.guard import (
    SAMPLE,
    OutboxRestored,
    Standing,
    note_settled,
    require_not_restored,
    waves_to_note,
)
from lettermill.delivery.lease import Lease, newest_of
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.recovery import Settled, close_wave, late_answers, settled_wave, waves_to_recover
from lettermill.delivery.states import SEEN, advance
from lettermill.monitoring.alerts import Severity
from lettermill.sending.desk import Desk, last_second
from lettermill.sending.ledger import post_ledger
from lettermill.sending.outcomes import ids_by_batch, outcome_rows
from lettermill.tables.delivery import OUTBOX

DAY = 86_400.0
"""How long a wave without a not-after time may go on: nobody holds one for longer."""


def lease_of(desk: Desk, wave: str) -> Lease:
    """The lease of a wave, in this sender's name."""
    return Lease(desk.journal, wave_lease(wave), desk.holder, desk.run.settings.delivery.lease_seconds, desk.clock)


def settle(desk: Desk, wave: str) -> Counter[str]:
    """Write down what became of a wave that nobody hands over any more; count it by state.

    Done again, it changes nothing, but for answers that came later.
    """
    rows = _of_wave(desk, wave).where("state = 'claimed'")
    batches = ids_by_batch(rows, key="message_id")
    settled = list(settled_wave(desk.journal, wave, batches, by=desk.holder, at=desk.clock.time()))
    _move(desk, rows, settled)
    _note(desk, wave)
    return Counter(one.state for one in settled)


def refuse_restored(desk: Desk) -> None:
    """Raises OutboxRestored, by name, where the outbox is what it was before a hand-over."""
    lake = desk.run.lake
    require_not_restored(
        desk.journal,
        version_now=lambda: lake.version(OUTBOX),
        commit_time_of=lambda version: lake.committed_at(OUTBOX, version=version),
        rows_of=lambda ids: _standings(lake.read(OUTBOX).where(F.col("message_id").isin(list(ids)))),
    )


def require_same_outbox(desk: Desk) -> None:
    """The same, with an alert: whoever sends does not look at every run."""
    try:
        refuse_restored(desk)
    except OutboxRestored as refused:
        alert(desk.run, "outbox_restored", Severity.CRITICAL, subject=OUTBOX.name, text=refused.problem)
        raise


def recover(desk: Desk) -> Counter[str]:
    """Settle every wave of the lake whose sender is gone, and take in what came to light of unknown messages.

    To be done under the lease of claiming. What was settled, by state.
    """
    recovered: Counter[str] = Counter()
    claimed, unknown = _waves(desk, "claimed"), _waves(desk, "unknown")
    for wave in waves_to_recover(desk.journal, claimed, now=desk.clock.time()):
        own = lease_of(desk, wave)
        if own.acquire():
            recovered += settle(desk, wave)
            own.release()
            claimed.remove(wave)
    for wave in waves_to_note(desk.journal, claimed=claimed):
        own = lease_of(desk, wave)
        if own.acquire():
            close_wave(desk.journal, wave, by=desk.holder, at=desk.clock.time())
            _note(desk, wave)
            own.release()
    for wave in unknown:
        recovered += _heard_late(desk, wave)
    return recovered


def may_claim(desk: Desk) -> bool:
    """Whether nobody else is between beginning a wave and claiming it, or between settling one and its note."""
    return not waves_to_note(desk.journal, claimed=_waves(desk, "claimed"))


class InHand(NamedTuple):
    """A wave that somebody has in hand, or had: nobody has settled it yet."""

    wave: str
    messages: int
    holder: str


def in_hand(desk: Desk) -> list[InHand]:
    """The waves of the slot with claimed messages."""
    claimed = desk.slot.outbox().where("state = 'claimed'").groupBy("wave").count().orderBy("wave").collect()
    holders = {row["wave"]: newest_of(desk.journal, wave_lease(row["wave"])) for row in claimed}
    return [
        InHand(row["wave"], row["count"], holding.holder if (holding := holders[row["wave"]]) else "unknown")
        for row in claimed
    ]


def _heard_late(desk: Desk, wave: str) -> Counter[str]:
    rows = _of_wave(desk, wave).where("state = 'unknown'")
    batches = ids_by_batch(rows, key="message_id")
    late = list(late_answers(desk.journal, wave, batches, by=desk.holder, at=desk.clock.time()))
    _move(desk, rows, [replace(one, attempt=0) for one in late])  # their calls were counted when it was settled
    return Counter(one.state for one in late)


def _note(desk: Desk, wave: str) -> None:
    lake = desk.run.lake
    version = lake.version(OUTBOX)
    called = _of_wave(desk, wave).where("attempt > 0").orderBy("message_id").limit(SAMPLE)
    rows = _standings(called)
    require_same_outbox(desk)
    note_settled(
        desk.journal,
        wave,
        version=version,
        committed_at=lake.committed_at(OUTBOX, version=version) or desk.moment(),
        rows=rows,
        not_after=min(last_second(desk), desk.clock.time() + DAY),
    )


def _waves(desk: Desk, state: str) -> list[str]:
    rows = desk.run.lake.read(OUTBOX).where((F.col("state") == state) & F.col("wave").isNotNull())
    return sorted(row["wave"] for row in rows.select("wave").distinct().collect())


def _of_wave(desk: Desk, wave: str) -> DataFrame:
    return desk.run.lake.read(OUTBOX).where(F.col("wave") == wave)


def _standings(rows: DataFrame) -> Mapping[str, Standing]:
    found = rows.select("message_id", "state", "attempt", "wave").collect()
    return {row["message_id"]: Standing(row["state"], row["attempt"], row["wave"]) for row in found}


def _move(desk: Desk, rows: DataFrame, settled: Sequence[Settled]) -> None:
    """Move the rows to what became of them, where nobody did so before."""
    if settled:
        outcomes = outcome_rows(settled, spark=desk.run.spark)
        found = rows.join(outcomes, on="message_id", how="inner")  # right side: one row per message
        moved = advance(
            found,
            to=F.col("settled"),
            reason=F.col("settled_reason"),
            reference=F.coalesce("settled_reference", "provider_reference"),
            attempt=F.col("attempt") + F.col("calls"),
            as_of=F.lit(desk.moment()),
        )
        desk.run.lake.move(moved, of=OUTBOX, seen=SEEN)
    post_ledger(desk.run)
