"""A batch of messages under both sides: rendered where they may differ, and the blocks in which they do."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.values import Mask, Rows
from lettermill.rendering.diff.pairs import MailPair, Pair, PartPair
from lettermill.rendering.diff.rendering import Blocks, put, render_blocks, render_whole
from lettermill.rendering.diff.values import differing, flags
from lettermill.rendering.mail import MISSING

JOIN = ""


@dataclass(frozen=True)
class Part:
    """A part of some messages on both sides: the whole texts, and for each pair that was rendered its texts and the
    rows in which they differ. Rows left to the library differ in every pair that may."""

    name: str
    texts: tuple[pa.StringArray, pa.StringArray]
    pairs: Mapping[int, tuple[pa.StringArray, pa.StringArray]]
    differ: Mapping[int, Mask]
    by_library: Mask


@dataclass(frozen=True)
class Compared:
    """What a comparison found. `rows` are those of the batch that were rendered whole since they seemed to differ; all
    else is row for row of these. `faults` and `fault_parts` are of each side; `looked_at` counts the rows that were
    rendered at all."""

    rows: Rows
    parts: tuple[Part, ...]
    faults: tuple[pa.StringArray, pa.StringArray]
    fault_parts: tuple[pa.StringArray, pa.StringArray]
    changed: Mask
    inputs: Mapping[str, Mask]
    looked_at: int


@dataclass(frozen=True)
class First:
    """The pairs of a part that may differ, rendered on both sides; and the rows that are still to be looked at."""

    of: PartPair
    may: frozenset[int]
    sides: tuple[Blocks, Blocks]
    open: Mask


def compare(mails: MailPair, before: pa.RecordBatch, after: pa.RecordBatch) -> Compared:
    """Compare messages row by row; the batches are `Mail.batch` of each side, the same one where inputs are the same.

    Only blocks that were changed, or that read an input which differs in some row, are rendered on both sides. In the
    messages that differ there, the other blocks are rendered once: a fault in them holds back both.
    """
    inputs = changed_inputs(before, after)
    may = {part.name: _may_differ(part, inputs) for part in mails.parts}
    rows = np.flatnonzero(_candidates(mails, may, inputs, before.num_rows))
    olds = _taken(before, rows)
    news = olds if before is after else _taken(after, rows)
    firsts = [_first(part, may[part.name], olds, news) for part in mails.parts] if len(rows) else []
    seen = np.flatnonzero(np.logical_or.reduce([one.open for one in firsts])) if firsts else rows[:0]
    olds, news = _taken(olds, seen), _taken(news, seen)
    wholes = [_whole(one, seen, olds, news) for one in firsts if len(seen)]
    faults, fault_parts = zip(*(_first_faults(wholes, side, len(seen)) for side in (0, 1)), strict=True)
    parts = tuple(part for part, _ in wholes)
    fine = [flags(fault.is_null()) for fault in faults]
    differ = np.logical_or.reduce([flags(pc.not_equal(*part.texts)) for part in parts] or [np.zeros(0, np.bool_)])
    changed = (fine[0] != fine[1]) | (fine[0] & fine[1] & differ)
    of_rows = {name: mask[rows][seen] for name, mask in inputs.items()}
    return Compared(rows[seen], parts, faults, fault_parts, changed, of_rows, len(rows))


def changed_inputs(before: pa.RecordBatch, after: pa.RecordBatch) -> dict[str, Mask]:
    """For each input the rows in which it differs; an input that one side lacks differs in all. Empty where the inputs
    are the same ones."""
    if before is after:
        return {}
    names = dict.fromkeys((*before.schema.names, *after.schema.names))
    everywhere = np.ones(before.num_rows, np.bool_)
    found = {}
    for name in names:
        there = [batch.schema.get_field_index(name) >= 0 for batch in (before, after)]
        mask = differing(before.column(name), after.column(name)) if all(there) else everywhere
        if mask.any():
            found[name] = mask
    return found


def _may_differ(part: PartPair, inputs: Mapping[str, Mask]) -> frozenset[int]:
    reached = {MISSING} & set(inputs)
    return frozenset(
        place
        for place, pair in enumerate(part.pairs)
        if not pair.is_same or pair.roots & set(inputs) or (reached and pair.roots)
    )


def _candidates(mails: MailPair, may: Mapping[str, frozenset[int]], inputs: Mapping[str, Mask], size: int) -> Mask:
    """The rows in which any block may differ."""
    found = np.zeros(size, np.bool_)
    for part in mails.parts:
        for place in may[part.name]:
            found |= reached(part.pairs[place], inputs, size)
    return found


def reached(pair: Pair, inputs: Mapping[str, Mask], size: int) -> Mask:
    """The rows in which a pair may differ: all where the template changed it, else those in which an input did."""
    if not pair.is_same:
        return np.ones(size, np.bool_)
    masks = [mask for name, mask in inputs.items() if name in pair.roots or (name == MISSING and pair.roots)]
    return np.logical_or.reduce([np.zeros(size, np.bool_), *masks])


def _first(part: PartPair, may: frozenset[int], before: pa.RecordBatch, after: pa.RecordBatch) -> First:
    olds = render_blocks(part.before, _places(part, may, 0), before)
    news = render_blocks(part.after, _places(part, may, 1), after)
    unsure = olds.deferred | news.deferred | differing(olds.fault, news.fault)
    for place in may:
        unsure |= flags(pc.not_equal(*_texts(part.pairs[place], olds, news, before.num_rows)))
    return First(part, may, (olds, news), unsure)


def _places(part: PartPair, pairs: frozenset[int], side: int) -> list[int]:
    found = (part.pairs[one].after if side else part.pairs[one].before for one in sorted(pairs))
    return [place for place in found if place is not None]


def _texts(pair: Pair, olds: Blocks, news: Blocks, size: int) -> tuple[pa.StringArray, pa.StringArray]:
    nothing = pa.array([""] * size, pa.string())
    before = nothing if pair.before is None else olds.texts[pair.before]
    return before, nothing if pair.after is None else news.texts[pair.after]


def _once(pair: Pair, blocks: Blocks) -> tuple[pa.StringArray, pa.StringArray]:
    assert pair.before is not None  # what is the same is on both sides
    return blocks.texts[pair.before], blocks.texts[pair.before]


def _whole(
    first: First, seen: Rows, before: pa.RecordBatch, after: pa.RecordBatch
) -> tuple[Part, tuple[pa.StringArray, pa.StringArray]]:
    """A part of the rows `seen` as a whole, and its faults on both sides."""
    part = first.of
    rest = frozenset(range(len(part.pairs))) - first.may
    once = render_blocks(part.before, _places(part, rest, 0), before)
    olds, news = (_some(side, seen) for side in first.sides)
    pairs = {
        place: _texts(pair, olds, news, len(seen)) if place in first.may else _once(pair, once)
        for place, pair in enumerate(part.pairs)
    }
    texts = [_joined([pairs[place][side] for place in _in_order(part, side)], len(seen)) for side in (0, 1)]
    faults = [pc.coalesce(side.fault, once.fault) for side in (olds, news)]
    left = np.flatnonzero(olds.deferred | news.deferred | once.deferred)
    for side, (blocks, batch) in enumerate(((part.before, before), (part.after, after))):
        text, fault = render_whole(blocks, _taken(batch, left))
        texts[side], faults[side] = put(texts[side], left, text), put(faults[side], left, fault)
        if blocks is not None:
            faults[side] = pc.coalesce(faults[side], blocks.part.refused(texts[side]))
    told = {place: pairs[place] for place in sorted(first.may)}
    by_library = np.zeros(len(seen), np.bool_)
    by_library[left] = True
    differ = _differ(told, texts, by_library)
    return Part(part.name, (texts[0], texts[1]), told, differ, by_library), (faults[0], faults[1])


def _in_order(part: PartPair, side: int) -> list[int]:
    """The pairs of a part in the order of a side."""
    at = {place: (pair.after if side else pair.before) for place, pair in enumerate(part.pairs)}
    return sorted((place for place, own in at.items() if own is not None), key=lambda place: at[place] or 0)


def _differ(
    pairs: Mapping[int, tuple[pa.StringArray, pa.StringArray]], texts: list[pa.StringArray], by_library: Mask
) -> dict[int, Mask]:
    """The rows in which each pair differs, none where the part as a whole does not: text may only have moved."""
    whole = flags(pc.not_equal(*texts))
    return {place: whole & (by_library | flags(pc.not_equal(*both))) for place, both in pairs.items()}


def _first_faults(
    wholes: list[tuple[Part, tuple[pa.StringArray, pa.StringArray]]], side: int, size: int
) -> tuple[pa.StringArray, pa.StringArray]:
    """The fault of each message, and the part of it."""
    fault, at = pa.nulls(size, pa.string()), pa.nulls(size, pa.string())
    for part, faults in wholes:
        is_first = pc.and_(fault.is_null(), faults[side].is_valid())
        at = pc.if_else(is_first, part.name, at)
        fault = pc.coalesce(fault, faults[side])
    return fault, at


def _some(blocks: Blocks, rows: Rows) -> Blocks:
    picked = pa.array(rows)
    texts = {place: text.take(picked) for place, text in blocks.texts.items()}
    return Blocks(texts, blocks.fault.take(picked), blocks.deferred[rows])


def _joined(texts: list[pa.StringArray], size: int) -> pa.StringArray:
    if not texts:
        return pa.array([""] * size, pa.string())
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, JOIN)


def _taken(batch: pa.RecordBatch, rows: Rows) -> pa.RecordBatch:
    return batch if len(rows) == batch.num_rows else batch.take(pa.array(rows))
