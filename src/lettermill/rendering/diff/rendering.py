"""The blocks of one side of a diff over a batch, each a text for every row."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lettermill.rendering.columnar.bodies import write_bodies
from lettermill.rendering.columnar.values import Mask, Rows
from lettermill.rendering.diff.blocks import PartBlocks
from lettermill.rendering.mail import MISSING
from lettermill.rendering.plan.branches import null_printed


@dataclass(frozen=True)
class Blocks:
    """What some blocks of a part came to: texts by the block's place; a fault where a null was printed.

    A row that is `deferred` has to be rendered whole, by the template's library: its texts here mean nothing.
    """

    texts: dict[int, pa.StringArray]
    fault: pa.StringArray
    deferred: Mask


def render_blocks(part: PartBlocks | None, places: Iterable[int], batch: pa.RecordBatch) -> Blocks:
    """Render the blocks at `places` of a part; a part that is not there has no texts."""
    wanted = sorted(places)
    size = batch.num_rows
    if part is None or not wanted or not size:
        texts = {place: pa.array([""] * size, pa.string()) for place in wanted}
        return Blocks(texts, pa.nulls(size, pa.string()), np.zeros(size, np.bool_))
    selection = part.selected(wanted)
    columns = part.part.renderer.columns(batch, names=selection.inputs)
    found = write_bodies(selection.program, selection.bodies, columns, batch.column(MISSING), size)
    texts = dict(zip(wanted, (found.texts[number] for number in selection.shown), strict=True))
    return Blocks(texts, _nulls_printed(selection.program.plan.branches, found.taken), found.deferred)


def render_whole(part: PartBlocks | None, batch: pa.RecordBatch) -> tuple[pa.StringArray, pa.StringArray]:
    """Texts and faults of a whole part."""
    if part is None or not batch.num_rows:
        return pa.array([""] * batch.num_rows, pa.string()), pa.nulls(batch.num_rows, pa.string())
    texts, faults, _ = part.part.render(batch)
    return texts, faults


def _nulls_printed(branches: tuple[str, ...], taken: Mask) -> pa.StringArray:
    """The fault of the first null that each row printed."""
    faults: list[str | None] = [None] * taken.shape[1]
    for number in reversed(range(len(branches))):
        told = null_printed(branches[number]) if taken[number].any() else None
        if told is not None:
            for row in np.flatnonzero(taken[number]):
                faults[row] = f"{told[0]} is null and was printed, at {told[1]}"
    return pa.array(faults, pa.string())


def put(texts: pa.StringArray, rows: Rows, others: pa.StringArray) -> pa.StringArray:
    """The texts with those of `rows` replaced by `others`."""
    if not len(rows):
        return texts
    source = np.arange(len(texts))
    source[rows] = len(texts) + np.arange(len(rows))
    return pa.concat_arrays([texts, others]).take(pa.array(source))
