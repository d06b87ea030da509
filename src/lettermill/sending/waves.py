"""One wave: handed over by Spark's tasks."""

from collections.abc import Callable, Mapping
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.due import due_messages
from lettermill.delivery.tally import Tally
from lettermill.delivery.tasks import Line, Packing, hand_over, totals
from lettermill.rendering.messages import with_bodies
from lettermill.rendering.templates import Template
from lettermill.sending.claiming import Wave
from lettermill.sending.desk import Desk, last_second, unsubscribe_address
from lettermill.sending.watching import counted
from lettermill.tables.delivery import OUTBOX


def hand_over_wave(
    desk: Desk,
    wave: Wave,
    *,
    contexts: DataFrame,
    expected: DataFrame,
    templates: Mapping[str, Template],
    fence: Callable[[], bool],
) -> Tally:
    """Render, compare and hand over what is claimed for the wave; what became of each message stands in the journal."""
    delivery = desk.run.settings.delivery
    claimed = desk.run.lake.read(OUTBOX).where((F.col("wave") == wave.id) & (F.col("state") == "claimed"))
    due = due_messages(claimed, contexts=contexts, expected=expected)
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
    made = partial(with_bodies, templates=templates)
    with counted(desk, wave):
        return totals(hand_over(due, key="message_id", made=made, pack=packing, line=line).collect())
