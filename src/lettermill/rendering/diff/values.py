"""Where two columns of inputs differ, row for row, whatever their type."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.values import Mask, Rows, ragged
from lettermill.rendering.plan.reading import is_list


def differing(a: pa.Array, b: pa.Array) -> Mask:
    """The rows in which two columns differ; null differs from anything but null, a type from any other type."""
    if a.type != b.type:
        return np.ones(len(a), np.bool_)
    if a.equals(b):
        return np.zeros(len(a), np.bool_)
    null_a, null_b = nulls(a), nulls(b)
    if pa.types.is_struct(a.type):
        within = np.zeros(len(a), np.bool_)
        for one, other in zip(a.flatten(), b.flatten(), strict=True):
            within |= differing(one, other)
        return (null_a != null_b) | within & ~null_a
    if is_list(a.type) or pa.types.is_map(a.type):
        return (null_a != null_b) | _lists_differ(a, b, null_a | null_b)
    return (null_a != null_b) | flags(pc.not_equal(a, b))


def nulls(array: pa.Array) -> Mask:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))


def flags(array: pa.Array) -> Mask:
    """Booleans as a mask, null as false."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False))


def lengths(lists: pa.Array) -> Rows:
    """The length of each list, 0 for a null."""
    return np.where(nulls(lists), 0, np.diff(lists.offsets.to_numpy())).astype(np.int64)


def items(lists: pa.Array, rows: Rows) -> pa.Array:
    """The items of the lists of some rows, one after the other."""
    starts = lists.offsets.to_numpy()[:-1].astype(np.int64)[rows]
    values = pa.StructArray.from_arrays([lists.keys, lists.items], ["key", "value"]) if pa.types.is_map(
        lists.type
    ) else lists.values  # fmt: skip
    return values.take(pa.array(ragged(starts, lengths(lists)[rows])))


def any_by_row(found: Mask, counts: Rows) -> Mask:
    """Whether any item of a row is found; `counts` are the items of each row."""
    return np.bincount(np.repeat(np.arange(len(counts)), counts), weights=found, minlength=len(counts)) > 0


def _lists_differ(a: pa.Array, b: pa.Array, absent: Mask) -> Mask:
    counts, others = lengths(a), lengths(b)
    differ = (counts != others) & ~absent
    same = np.flatnonzero(~differ & ~absent & (counts > 0))
    differ[same] = any_by_row(differing(items(a, same), items(b, same)), counts[same])
    return differ
