"""Which of several changed inputs moved a block: told by rendering it again with one of them changed at a time."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.values import Mask, Rows
from lettermill.rendering.diff.comparing import Part
from lettermill.rendering.diff.pairs import PartPair
from lettermill.rendering.diff.rendering import render_blocks
from lettermill.rendering.diff.values import flags
from lettermill.rendering.mail import MISSING

Moved = dict[int, dict[str, Mask]]


def moved_by(
    pairs: PartPair,
    part: Part,
    before: pa.RecordBatch,
    after: pa.RecordBatch,
    *,
    inputs: Mapping[str, Mask],
    rows: Rows,
) -> Moved:
    """For pairs of a part that read several changed inputs, and each of these, the rows that it moves by itself.

    The batches hold the `rows` of `part`, `inputs` where each input differs in them. Where none moves the block alone,
    or that cannot be told, all count. What the template changed is not asked.
    """
    unsure = part.by_library[rows] | inputs.get(MISSING, np.zeros(len(rows), np.bool_))
    several = {
        place: pair.roots & set(inputs)
        for place, pair in enumerate(pairs.pairs)
        if pair.is_same and place in part.differ and part.differ[place][rows].any()
    }
    found: Moved = {place: {} for place, names in several.items() if len(names) > 1}
    for name in sorted(set().union(*(several[place] for place in found))):
        asked = [place for place in found if name in several[place]]
        at = {place: pairs.pairs[place].before for place in asked}
        blocks = render_blocks(
            pairs.before, [one for one in at.values() if one is not None], _with(before, after, name)
        )
        for place, own in at.items():
            assert own is not None  # what is the same is on both sides
            old = part.pairs[place][0].take(pa.array(rows))
            found[place][name] = flags(pc.not_equal(old, blocks.texts[own])) | blocks.deferred | unsure
    for masks in found.values():
        none = ~np.logical_or.reduce(list(masks.values()))
        for name in masks:
            masks[name] = masks[name] | none
    return found


def _with(before: pa.RecordBatch, after: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """The batch with one input as it is afterwards."""
    columns = [after.column(name) if one == name else before.column(one) for one in before.schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=before.schema)
