"""One wave: handed over by Spark's tasks while its lease is kept, and what a person sees of it meanwhile."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.due import due_messages
from lettermill.delivery.tally import Tally
from lettermill.delivery.tasks import Line, Packing, hand_over, totals
from lettermill.rendering.messages import with_bodies
from lettermill.rendering.templates import Template
from lettermill.sending.claiming import Wave
from lettermill.sending.desk import Desk
from lettermill.sending.leases import kept
from lettermill.tables.delivery import OUTBOX

NEVER = float("inf")


def hand_over_wave(
    desk: Desk,
    wave: Wave,
    *,
    contexts: DataFrame,
    expected: DataFrame,
    templates: dict[str, Template],
    fence: Callable[[], bool],
) -> Tally:
    """Render, compare and hand over what is claimed for the wave; what became of each message stands in the journal."""
    delivery = desk.run.settings.delivery
    claimed = desk.run.lake.read(OUTBOX).where((F.col("wave") == wave.id) & (F.col("state") == "claimed"))
    line = Line(
        wave=wave.id,
        provider=desk.provider,
        journal=desk.journal,
        fence=fence,
        not_after=last_second(desk),
        clock=desk.clock,
        chance=desk.chance,
        patience=delivery.patience,
        tasks=max(1, min(delivery.tasks, wave.batches, desk.provider.limits.connections)),
    )
    packing = Packing(desk.provider, unsubscribe=unsubscribe_address(desk), at=desk.moment())
    due = due_messages(claimed, contexts=contexts, expected=expected)
    with kept(wave.lease, every=delivery.lease_seconds / 3), desk.run.doing(f"handing over wave {wave.id}"):
        rendered = hand_over(due, key="message_id", made=partial(with_bodies, templates=templates), pack=packing, line=line)
        return totals(rendered.collect())
