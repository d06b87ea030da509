"""Why messages differ: what changed of each input, in words that many messages share."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lettermill.rendering.columnar.values import Mask, Rows
from lettermill.rendering.diff.values import any_by_row, differing, items, lengths, nulls
from lettermill.rendering.plan.reading import is_list

FEW = 12
"""As many different changes of one input are told by their values; of more only the kind is."""
LONGEST = 60
KEYS = ("product_id", "id", "sku", "name")
"""Fields that tell what an item of a list is, the first that it has; else its first field does."""


@dataclass(frozen=True)
class Cause:
    """What differs and how: an input's path, or a block or part of the template.

    Kinds of inputs: value, appeared, disappeared, length, order, items. `template`: the block was changed. `fault`: the
    messages of one side are faulty. `left` and `joined`: the person is on one side alone. `before` and `after` are JSON
    values or words, None where they are many.
    """

    path: str
    kind: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Facet:
    """The rows that a cause holds for."""

    cause: Cause
    rows: Mask


def input_facets(path: str, before: pa.Array, after: pa.Array) -> Iterator[Facet]:
    """What changed of one input, each with its rows. Paths go into structs and lists: `picks[].price`."""
    if before.type != after.type:
        yield Facet(Cause(path, "value"), np.ones(len(before), np.bool_))
        return
    differ = differing(before, after)
    if not differ.any():
        return
    if pa.types.is_struct(before.type) or is_list(before.type):
        yield from _come_and_gone(path, before, after)
        inner = _fields if pa.types.is_struct(before.type) else _lists
        yield from (facet for facet in inner(path, before, after) if facet.rows.any())
    elif pa.types.is_map(before.type):
        yield from _come_and_gone(path, before, after)
        yield Facet(Cause(path, "value"), differ & ~nulls(before) & ~nulls(after))
    else:
        yield from _values(path, before, after, differ)


def _come_and_gone(path: str, before: pa.Array, after: pa.Array) -> Iterator[Facet]:
    for kind, rows in (("appeared", nulls(before) & ~nulls(after)), ("disappeared", ~nulls(before) & nulls(after))):
        if rows.any():
            yield Facet(Cause(path, kind), rows)


def _fields(path: str, before: pa.Array, after: pa.Array) -> Iterator[Facet]:
    both = ~nulls(before) & ~nulls(after)
    for place, (one, other) in enumerate(zip(before.flatten(), after.flatten(), strict=True)):
        for facet in input_facets(f"{path}.{before.type.field(place).name}", one, other):
            yield Facet(facet.cause, facet.rows & both)


def _lists(path: str, before: pa.Array, after: pa.Array) -> Iterator[Facet]:
    counts, others = lengths(before), lengths(after)
    both = ~nulls(before) & ~nulls(after)
    yield from _counted(path, counts, others, both & (counts != others))
    same = np.flatnonzero(both & (counts == others) & (counts > 0))
    olds, news, counts = items(before, same), items(after, same), counts[same]
    keys_before, keys_after = _key(olds), _key(news)
    moved = any_by_row(differing(keys_before, keys_after), counts)
    rearranged = moved & _same_items(keys_before, keys_after, counts)
    for kind, found in (("order", rearranged), ("items", moved & ~rearranged)):
        yield Facet(Cause(path, kind), _spread(found, same, len(before)))
    if pa.types.is_struct(olds.type):
        for place, (one, other) in enumerate(zip(olds.flatten(), news.flatten(), strict=True)):
            found = any_by_row(differing(one, other), counts) & ~moved
            yield Facet(Cause(f"{path}[].{olds.type.field(place).name}", "value"), _spread(found, same, len(before)))


def _counted(path: str, before: Rows, after: Rows, rows: Mask) -> Iterator[Facet]:
    counts = pa.array(before), pa.array(after)
    for facet in _values(path, *counts, rows) if rows.any() else ():
        yield Facet(Cause(path, "length", facet.cause.before, facet.cause.after), facet.rows)


def _values(path: str, before: pa.Array, after: pa.Array, rows: Mask) -> Iterator[Facet]:
    """A facet for each change from one value to another, where these are few; else one for each kind."""
    kinds = np.where(nulls(before), "appeared", np.where(nulls(after), "disappeared", "value"))
    codes = [array.dictionary_encode() for array in (before, after)]
    numbers = [np.asarray(one.indices.fill_null(-1).to_numpy(zero_copy_only=False)) for one in codes]
    both = numbers[0].astype(np.int64) * (len(codes[1].dictionary) + 1) + numbers[1]
    firsts = np.unique(both[rows], return_index=True)[1]
    if len(firsts) > FEW:
        for kind in ("value", "appeared", "disappeared"):
            if (rows & (kinds == kind)).any():
                yield Facet(Cause(path, kind), rows & (kinds == kind))
        return
    places = np.flatnonzero(rows)[firsts]
    for place in places.tolist():
        told = tuple(literal(array[place].as_py()) for array in (before, after))
        yield Facet(Cause(path, str(kinds[place]), *told), rows & (both == both[place]))


def literal(value: Any, *, longest: int = LONGEST) -> str | None:
    """A value as JSON has it; None for a long one."""
    told = json.dumps(value, ensure_ascii=False, default=str)
    return told if len(told) <= longest else None


def _key(found: pa.Array) -> pa.Array:
    if not pa.types.is_struct(found.type):
        return found
    names = [field.name for field in found.type]
    return found.flatten()[names.index(next((key for key in KEYS if key in names), names[0]))]


def _same_items(before: pa.Array, after: pa.Array, counts: Rows) -> Mask:
    """Whether the rows have the same items, in whatever order."""
    if pa.types.is_nested(before.type):
        return np.zeros(len(counts), np.bool_)
    codes = pa.concat_arrays([before, after]).dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(counts)), counts)
    olds, news = codes[: len(before)], codes[len(before) :]
    different = olds[np.lexsort((olds, rows))] != news[np.lexsort((news, rows))]
    return ~any_by_row(different, counts)


def _spread(found: Mask, rows: Rows, size: int) -> Mask:
    spread = np.zeros(size, np.bool_)
    spread[rows[found]] = True
    return spread


def is_read(path: str, reads: frozenset[str]) -> bool:
    """Whether one of the paths `reads` reads what changed at `path`: it, something in it, or all that it is in."""
    above = any(path.startswith((f"{read}.", f"{read}[]")) and not _goes_on(read, reads) for read in reads)
    return above or any(read == path or read.startswith((f"{path}.", f"{path}[]")) for read in reads)


def _goes_on(read: str, reads: frozenset[str]) -> bool:
    return any(other.startswith((f"{read}.", f"{read}[]")) for other in reads)
