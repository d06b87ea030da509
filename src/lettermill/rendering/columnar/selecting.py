"""One value out of two, row by row."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.values import (
    Constant,
    Data,
    Lists,
    Mask,
    Mixed,
    Structs,
    Value,
    as_array,
    either,
    evened,
    null_mask,
    within,
)


def select(size: int, test: Mask, then: Value, otherwise: Value) -> Value:
    """`then` in the rows of `test`, `otherwise` in the others. Rows are faulty where one alone may be markup."""
    if test.all() or not test.any():
        return then if test.all() else otherwise
    undefined = either(within(then.undefined, test), within(otherwise.undefined, ~test))
    faulty = either(within(then.faulty, test), within(otherwise.faulty, ~test))
    for one, other, rows in ((then, otherwise, test), (otherwise, then, ~test)):
        if one.wrong is not None and one.wrong[rows].all():  # nothing of it is ever seen
            return Value(other.data, undefined, faulty, other.markup, other.marked)
    same = then.markup == otherwise.markup and then.marked is None and otherwise.marked is None
    data = _selected(size, test, then.data, otherwise.data) if same or not _has_lists(then, otherwise) else None
    if data is None and same and not then.markup:
        data = Mixed(test, then.data, otherwise.data)
    if data is None:
        return Value(Constant(None), None, np.ones(size, np.bool_))
    markup, marked = evened(then.markup, None if same else np.where(test, _marks(then, size), _marks(otherwise, size)))
    return Value(data, undefined, faulty, markup, marked)


def _has_lists(*values: Value) -> bool:
    return any(isinstance(one.data, Lists) for one in values)


def _marks(value: Value, size: int) -> Mask:
    return np.full(size, value.markup) if value.marked is None else value.marked


def _selected(size: int, test: Mask, then: Data, otherwise: Data) -> Data | None:
    if isinstance(then, Lists) and isinstance(otherwise, Lists):
        return _selected_lists(test, then, otherwise)
    if isinstance(then, Structs) and isinstance(otherwise, Structs) and then.array.type == otherwise.array.type:
        rows = (np.arange(size) if one.rows is None else one.rows for one in (then, otherwise))
        first, second = rows
        both = pa.concat_arrays([then.array, otherwise.array])
        return Structs(both, np.where(test, first, second + len(then.array)))
    left, right = as_array(then, size), as_array(otherwise, size)
    if left is None or right is None:
        return None
    type_ = common_type(left.type, right.type)
    return None if type_ is None else pc.if_else(pa.array(test), left.cast(type_), right.cast(type_))


def _selected_lists(test: Mask, then: Lists, otherwise: Lists) -> Lists | None:
    if then.stream != otherwise.stream or then.markup != otherwise.markup:
        return None
    shift = 0
    if then.items is otherwise.items or not otherwise.lengths[~test].any():
        items = then.items
    elif not then.lengths[test].any():
        items = otherwise.items
    elif isinstance(then.items, pa.Array) and isinstance(otherwise.items, pa.Array):
        if then.items.type != otherwise.items.type:
            return None
        items, shift = pa.concat_arrays([then.items, otherwise.items]), len(then.items)
    else:
        return None
    null = np.where(test, null_mask(then, len(test)), null_mask(otherwise, len(test)))
    starts = np.where(test, then.starts, otherwise.starts + shift)
    return replace(then, starts=starts, lengths=np.where(test, then.lengths, otherwise.lengths), null=null, items=items)


def common_type(left: pa.DataType, right: pa.DataType) -> pa.DataType | None:
    """A type that holds both without a change of what they print as; None: there is none."""
    if left == right or pa.types.is_null(right):
        return left
    if pa.types.is_null(left):
        return right
    wide = (pa.types.is_uint64(left), pa.types.is_uint64(right))
    return pa.int64() if pa.types.is_integer(left) and pa.types.is_integer(right) and not any(wide) else None
