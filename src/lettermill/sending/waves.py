"""One wave: handed over by Spark's tasks, or weighed by them for a dry run."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema

from lettermill.delivery.due import CARRIED
from lettermill.delivery.load import Load
from lettermill.delivery.tally import Tally
from lettermill.delivery.tasks import Line, Packing, Rows, hand_over, totals, weigh, whole_load
from lettermill.rendering.context_places import PLACE, with_contexts
from lettermill.rendering.messages import with_bodies
from lettermill.rendering.templates import Template
from lettermill.sending.claiming import Wave
from lettermill.sending.desk import Desk, unsubscribe_address
from lettermill.sending.leases import counted_among_senders
from lettermill.sending.watching import counted


def hand_over_wave(
    desk: Desk,
    wave: Wave,
    *,
    due: DataFrame,
    templates: Mapping[str, Template],
    fence: Callable[[], bool],
    not_after: float,
) -> Tally:
    """Render, compare and hand over what is `due` in the wave; what became of each message stands in the journal.

    `due` are rows of `due.due_messages`. With their PLACE, the tasks read the contexts by themselves. From `not_after`
    on, in seconds of the desk's clock, nothing more leaves.
    """
    delivery = desk.run.settings.delivery
    line = Line(
        wave=wave.id,
        provider=desk.provider,
        journal=desk.journal,
        fence=fence,
        not_after=not_after,
        clock=desk.clock,
        chance=desk.chance,
        patience=delivery.patience,
        tasks=max(1, min(delivery.tasks, wave.batches, desk.provider.limits.connections)),
    )
    rows, order, made = _rendered(desk, due, templates)
    with counted_among_senders(line, lease_seconds=delivery.lease_seconds), counted(desk, wave):
        return totals(hand_over(rows, order=order, made=made, pack=_packing(desk), line=line).collect())


def weigh_wave(desk: Desk, *, due: DataFrame, templates: Mapping[str, Template]) -> Load:
    """Render, compare and pack what is `due`, as to hand it over: what it comes to, of which nothing is called for."""
    limits, tasks = desk.provider.limits, desk.run.settings.delivery.tasks
    rows, order, made = _rendered(desk, due, templates)
    with desk.run.doing("rendering, comparing and packing what would leave"):
        weighed = weigh(rows, order=order, made=made, pack=_packing(desk), limits=limits, tasks=tasks)
        return whole_load(weighed.collect())


def _packing(desk: Desk) -> Packing:
    return Packing(desk.provider, unsubscribe=unsubscribe_address(desk), at=desk.moment())


def _rendered(
    desk: Desk, due: DataFrame, templates: Mapping[str, Template]
) -> tuple[DataFrame, Sequence[str], Callable[[Rows], Rows]]:
    """The rows to hand to the tasks, in which order, and what makes bodies of them there."""
    contexts = desk.slot.contexts().select(*CARRIED)
    if set(PLACE) <= set(due.columns):
        return due, PLACE, partial(_fetched, read=to_arrow_schema(contexts.schema), templates=templates)
    # right side: one row per message
    rows = due.drop("template_version").join(contexts, on="message_id", how="inner")
    return rows, ["message_id"], partial(with_bodies, templates=templates)


def _fetched(rows: Rows, *, read: pa.Schema, templates: Mapping[str, Template]) -> Rows:
    return with_bodies(with_contexts(rows, read=read), templates=templates)
