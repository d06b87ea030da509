"""Fence and claim: who may still be mailed is asked and written down in one step, under a lease of the whole lake.

Without the lease two campaigns could each see a person below the frequency cap. Who is paused over the lease finds it
taken, and gives back what was claimed meanwhile: nothing of it has been called yet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.lease import Lease
from lettermill.delivery.opt_outs import Watch
from lettermill.delivery.states import SEEN, advance
from lettermill.errors import DeliveryError
from lettermill.sending.desk import Desk
from lettermill.sending.fencing import Fenced, fenced_slot, watch_opt_outs
from lettermill.tables.delivery import OUTBOX

CLAIM = "claim"
"""Where the lease of claiming stands in the journal."""
PAUSE = 1.0


@dataclass(frozen=True)
class Wave:
    """Messages claimed together: handed over by one sender, who holds the wave's lease while it does.

    `messages` and `batches` are how many; `watch` tells whether anybody opted out since they were fenced.
    """

    id: str
    lease: Lease
    watch: Watch
    messages: int
    batches: int


@dataclass(frozen=True)
class Claim:
    """What one turn of claiming came to: a wave, where anything may leave now, and what was held back."""

    wave: Wave | None
    suppressed: int
    later: int
    words: tuple[str, ...] = ()


def claim(desk: Desk, *, limit: int) -> Claim:
    """Fence the slot's planned messages and claim at most `limit` of those that may leave, in one commit.

    Raises DeliveryError where the lease of claiming cannot be had.
    """
    with claiming(desk) as lease:
        watch = watch_opt_outs(desk)
        wave = open_wave(desk)
        with fenced_slot(desk, wave=wave.id, limit=limit) as fenced:
            moved = _moved(desk, fenced)
            desk.run.lake.move(moved, of=OUTBOX, seen=SEEN)
        claimed = desk.run.lake.read(OUTBOX).where((F.col("wave") == wave.id) & (F.col("state") == "claimed"))
        if not lease.renew():
            desk.run.lake.move(_given_back(desk, claimed), of=OUTBOX, seen=SEEN)
            raise DeliveryError(
                "the lease of claiming was lost while messages were claimed; they are planned again",
                place=desk.slot.place,
                mend="run it again; where this machine is often paused, raise delivery.lease_seconds",
            )
        counted = claimed.agg(F.count("*").alias("messages"), F.count_distinct("batch").alias("batches")).first()
        assert counted is not None
    held = fenced.held
    if not counted["messages"]:
        wave.release()
        return Claim(None, **held)
    return Claim(Wave(wave.prefix.split("/")[1], wave, watch, counted["messages"], counted["batches"]), **held)


@contextmanager
def claiming(desk: Desk) -> Iterator[Lease]:
    """Hold the lake's lease of claiming while the block runs, waiting for it as long as it may be held."""
    seconds = desk.run.settings.delivery.lease_seconds
    lease = Lease(desk.journal, prefix=CLAIM, holder=desk.holder, seconds=seconds, clock=desk.clock)
    waited = 0.0
    while not lease.acquire():
        if waited > 10 * seconds:
            raise DeliveryError(
                f"others have been claiming for {waited:.0f} s",
                place=desk.slot.place,
                mend="see who by `lettermill send status`, and run it again",
            )
        desk.clock.sleep(PAUSE)
        waited += PAUSE
    try:
        yield lease
    finally:
        lease.release()
