"""Fence and claim: who may still be mailed is asked and written down in one step, under a lease of the whole lake.

Without the lease two campaigns could each see a person below the frequency cap. Who is paused over the lease finds it
taken, and gives back what was claimed meanwhile: nothing of it has been called yet.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.recovery import begin_wave, is_begun
from lettermill.delivery.states import SEEN, advance
from lettermill.errors import DeliveryError
from lettermill.sending.desk import Desk
from lettermill.sending.leases import kept
from lettermill.sending.settling import lease_of
from lettermill.tables.delivery import OUTBOX

CLAIM = "leases/claim"
"""Where the lease of claiming stands in the journal."""
PAUSE = 1.0
PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Wave:
    """Messages claimed together, and handed over by one sender, who holds the wave's lease meanwhile."""

    id: str
    lease: Lease
    messages: int
    batches: int


class Moved(Exception):  # noqa: N818 (it says what happened)
    """The outbox has moved since the fence looked at it: nothing was claimed."""


@contextmanager
def claiming(desk: Desk) -> Iterator[Lease]:
    """Hold the lake's lease of claiming while the block runs, having waited for it as long as need be.

    Raises DeliveryError where others keep it for longer than ten times what one may hold it.
    """
    seconds, waited = desk.run.settings.delivery.lease_seconds, 0.0
    lease = Lease(desk.journal, CLAIM, desk.holder, seconds, desk.clock)
    while not lease.acquire():
        if waited > 10 * seconds:
            mend = "see who by `lettermill send status`, and run it again"
            raise DeliveryError(f"others have been claiming for {waited:.0f} s", place=desk.slot.place, mend=mend)
        desk.clock.sleep(PAUSE)
        waited += PAUSE
    try:
        with kept(lease, every=seconds / 3):
            yield lease
    finally:
        lease.release()


def claim(
    desk: Desk, planned: DataFrame, *, judged: DataFrame, batched: DataFrame, version: int, lease: Lease
) -> Wave | None:
    """Write the fence's word down in one commit: what is suppressed, and the wave of those that leave now.

    `judged` has of planned messages `verdict` and `reason`, `batched` of those that are to leave the `batch`; both were
    made of the outbox at `version`. Null where none leaves. Raises Moved where somebody has committed since, and where
    the lease was lost meanwhile: the messages are planned, then, and the fence has to be asked again.
    """
    wave = next_wave(desk)
    of_wave = lease_of(desk, wave)
    last = batched.agg(F.max("batch")).first()
    leaves = last is not None and last[0] is not None
    if leaves:
        is_new = begin_wave(desk.journal, wave, batches=last[0] + 1)  # type: ignore[index]
        if not (is_new and of_wave.acquire()):
            raise Moved
    moved = _moved(desk, planned, judged, batched, wave=wave)
    is_ours = desk.run.lake.move(moved, of=OUTBOX, seen=SEEN, at=version)
    claimed = desk.run.lake.read(OUTBOX).where((F.col("wave") == wave) & (F.col("state") == "claimed"))
    if not (is_ours and lease.renew()):
        back = advance(claimed, to=F.lit("planned"), as_of=F.lit(desk.moment()))
        desk.run.lake.move(back, of=OUTBOX, seen=SEEN)
        of_wave.release()
        raise Moved
    if not leaves:
        return None
    counted = claimed.agg(F.count("*").alias("messages"), F.count_distinct("batch").alias("batches")).first()
    assert counted is not None  # an aggregate without groups is one row
    return Wave(wave, of_wave, counted["messages"], counted["batches"])


def next_wave(desk: Desk) -> str:
    """The id of the slot's next wave: `<campaign>.<occurrence>.<number>`; numbers are never used again."""
    occurrence = desk.slot.occurrence
    plain = occurrence if PLAIN.fullmatch(occurrence) else sha256(occurrence.encode()).hexdigest()[:16]
    slot = f"{desk.slot.campaign.name}.{plain}."
    taken = {key.split("/")[2] for key in desk.journal.keys(wave_lease(slot))}
    # The marks of old waves are removed.
    newest = desk.slot.outbox().where(F.col("wave").startswith(slot)).agg(F.max("wave")).first()
    if newest and newest[0]:
        taken.add(newest[0])
    last = max((int(wave.rpartition(".")[2]) for wave in taken), default=0)
    waves = (f"{slot}{number:05d}" for number in count(last + 1))
    return next(wave for wave in waves if not is_begun(desk.journal, wave))


def _moved(desk: Desk, planned: DataFrame, judged: DataFrame, batched: DataFrame, *, wave: str) -> DataFrame:
    none = F.lit(None)
    suppressed = judged.where("verdict = 'suppressed'").select(
        "message_id", F.lit("suppressed").alias("becomes"), F.col("reason").alias("because"), none.alias("into")
    )
    leaving = batched.select(
        "message_id", F.lit("claimed").alias("becomes"), none.alias("because"), F.col("batch").alias("into")
    )
    # right side: one row per message
    rows = planned.join(suppressed.unionByName(leaving), on="message_id", how="inner")
    return advance(
        rows,
        to=F.col("becomes"),
        reason=F.col("because"),
        wave=F.when(F.col("becomes") == "claimed", wave).otherwise(F.col("wave")),
        batch=F.coalesce(F.col("into").cast("int"), "batch"),
        as_of=F.lit(desk.moment()),
    )
