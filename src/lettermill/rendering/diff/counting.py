"""Changed messages of a batch counted by what changes in them and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lettermill.rendering.columnar.values import Mask
from lettermill.rendering.diff.attributing import moved_by
from lettermill.rendering.diff.causes import Cause, Facet, input_facets, is_read
from lettermill.rendering.diff.comparing import Compared, Part, compare, reached
from lettermill.rendering.diff.pairs import MailPair, Pair, PartPair
from lettermill.rendering.diff.values import flags
from lettermill.rendering.mail import MISSING

CAUSE = pa.struct([("path", pa.string()), ("kind", pa.string()), ("before", pa.string()), ("after", pa.string())])
COUNTED = pa.schema(
    [
        ("blocks", pa.list_(pa.string())),
        ("causes", pa.list_(CAUSE)),
        ("messages", pa.int64()),
        ("example", pa.string()),
        ("rendered", pa.int64()),
    ]
)
COUNTED_DDL = (
    "blocks array<string>, causes array<struct<path: string, kind: string, before: string, after: string>>, "
    "messages bigint, example string, rendered bigint"
)


@dataclass(frozen=True)
class Sides:
    """The same messages on both sides: their ids and `Mail.batch` of each side, the same one where inputs are."""

    ids: pa.StringArray
    before: pa.RecordBatch
    after: pa.RecordBatch


@dataclass(frozen=True)
class Marks:
    """Of the messages that change: the blocks that do, and the causes, each with its rows."""

    blocks: Mapping[str, Mask]
    facets: Sequence[Facet]


def count_changes(mails: MailPair, sides: Sides) -> pa.RecordBatch:
    """Rows of COUNTED: one for each combination of blocks and causes, and one without blocks or causes for all."""
    compared = compare(mails, sides.before, sides.after)
    total = ((), (), len(sides.ids), None, compared.looked_at)
    groups = grouped(marks(mails, sides, compared), ids=changed_ids(sides, compared))
    return counted_batch([total, *groups])


def counted_batch(rows: Iterable[tuple[Sequence[str], Sequence[Cause], int, str | None, int]]) -> pa.RecordBatch:
    """Rows of COUNTED as a batch."""
    told = [
        {
            "blocks": list(blocks),
            "causes": [vars(cause) for cause in causes],
            "messages": messages,
            "example": example,
            "rendered": rendered,
        }
        for blocks, causes, messages, example, rendered in rows
    ]
    return pa.RecordBatch.from_pylist(told, COUNTED)


def changed_ids(sides: Sides, compared: Compared) -> list[str]:
    return sides.ids.take(pa.array(compared.rows[compared.changed])).to_pylist()  # type: ignore[no-any-return]


def marks(mails: MailPair, sides: Sides, compared: Compared) -> Marks:
    """The blocks and causes of the messages that change, all for these alone."""
    kept = np.flatnonzero(compared.changed)
    if not len(kept):
        return Marks({}, ())
    inputs = {name: mask[kept] for name, mask in compared.inputs.items()}
    rows = pa.array(compared.rows[kept])
    before, after = (batch.take(rows) if inputs else batch for batch in (sides.before, sides.after))
    facets = {name: _facets(name, before, after) for name in inputs if name != MISSING}
    is_fine = flags(compared.faults[0].is_null())[kept] & flags(compared.faults[1].is_null())[kept]
    blocks: dict[str, Mask] = {}
    found: dict[Cause, Mask] = {}
    for pairs, part in zip(mails.parts, compared.parts, strict=True):
        moved = moved_by(pairs, part, before, after, inputs=inputs, rows=kept) if inputs else {}
        for place, mask in _differing(pairs, part, inputs, kept):
            pair = pairs.pairs[place]
            _add(blocks, pair.name, mask & is_fine)
            for cause, why in _causes(pair, facets, moved.get(place, {}), len(kept)):
                _add(found, cause, mask & is_fine & why)
    for cause, part_name, mask in _faults(compared, kept):
        _add(blocks, part_name, mask)
        _add(found, cause, mask)
    return Marks(blocks, tuple(Facet(cause, mask) for cause, mask in found.items()))


def grouped(marked: Marks, *, ids: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[Cause, ...], int, str, int]]:
    """The messages by blocks and causes: how many, and the smallest id."""
    if not ids:
        return
    masks = [*marked.blocks.values(), *(facet.rows for facet in marked.facets)]
    packed = np.packbits(np.array(masks, np.bool_).reshape(len(masks), len(ids)), axis=0)
    ways, codes, counts = np.unique(packed, axis=1, return_inverse=True, return_counts=True)
    least: dict[int, str] = {}
    for code, one in zip(codes.ravel().tolist(), ids, strict=True):
        if code not in least or one < least[code]:
            least[code] = one
    names = [*marked.blocks, *(facet.cause for facet in marked.facets)]
    for code, count in enumerate(counts.tolist()):
        taken = np.unpackbits(ways[:, code], count=len(masks))
        held = [names[place] for place in np.flatnonzero(taken).tolist()]
        blocks = tuple(sorted(name for name in held if isinstance(name, str)))
        causes = tuple(sorted((one for one in held if isinstance(one, Cause)), key=_order))
        yield blocks, causes, count, least[code], 0


def _order(cause: Cause) -> tuple[str, ...]:
    return cause.path, cause.kind, cause.before or "", cause.after or ""


def _add(found: dict[Any, Mask], key: Any, mask: Mask) -> None:
    if mask.any():
        found[key] = found[key] | mask if key in found else mask


def _facets(name: str, before: pa.RecordBatch, after: pa.RecordBatch) -> list[Facet]:
    sides = [batch.schema.get_field_index(name) >= 0 for batch in (before, after)]
    if all(sides):
        return list(input_facets(name, before.column(name), after.column(name)))
    return [Facet(Cause(name, "appeared" if sides[1] else "disappeared"), np.ones(before.num_rows, np.bool_))]


def _differing(pairs: PartPair, part: Part, inputs: Mapping[str, Mask], kept: np.ndarray) -> Iterator[tuple[int, Mask]]:
    for place, mask in part.differ.items():
        found = mask[kept] & reached(pairs.pairs[place], inputs, len(kept))
        if found.any():
            yield place, found


def _causes(
    pair: Pair, facets: Mapping[str, Sequence[Facet]], moved: Mapping[str, Mask], size: int
) -> Iterator[tuple[Cause, Mask]]:
    """Why a pair may differ: the template changed it, or inputs that it reads."""
    if not pair.is_same:
        yield Cause(pair.name, "template"), np.ones(size, np.bool_)
    everywhere = np.ones(size, np.bool_)
    read = [(one, moved.get(name, everywhere)) for name in sorted(pair.roots) for one in facets.get(name, ())]
    near = [(one, rows) for one, rows in read if is_read(one.cause.path, pair.reads)]
    for facet, rows in near or read:
        yield facet.cause, facet.rows & rows


def _faults(compared: Compared, kept: np.ndarray) -> Iterator[tuple[Cause, str, Mask]]:
    """Messages that are faulty on one side: the part, and the fault on the side that has it."""
    rows = pa.array(kept)
    (old, new), (old_part, new_part) = (
        [side.take(rows).to_pylist() for side in both] for both in (compared.faults, compared.fault_parts)
    )
    places: dict[tuple[str, str | None, str | None], list[int]] = {}
    for place, told in enumerate(zip(old, new, old_part, new_part, strict=True)):
        if (told[0] is None) != (told[1] is None):
            places.setdefault((told[2] or told[3], told[0], told[1]), []).append(place)
    for (part, before, after), found in places.items():
        mask = np.zeros(len(kept), np.bool_)
        mask[found] = True
        yield Cause(part, "fault", before, after), part, mask
