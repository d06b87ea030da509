"""Kernels for Liquid's filters on lists: they move positions, never items."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.access import backwards, item_at, stretch
from lettermill.rendering.columnar.comparing import equals
from lettermill.rendering.columnar.filters import Kernel
from lettermill.rendering.columnar.frames import Frame
from lettermill.rendering.columnar.lists import Items, attribute_of, reordered, rows_of
from lettermill.rendering.columnar.logic import truthy
from lettermill.rendering.columnar.text import Texts, bounded, escape_texts, scalar_texts
from lettermill.rendering.columnar.values import (
    Constant,
    Data,
    Lists,
    Mask,
    Rows,
    Value,
    either,
    nulls,
    take,
    to_python,
)
from lettermill.rendering.plan.nodes import Apply, Literal


def _flat(of: Value) -> Lists | None:
    """Lists that hold no lists, which python-liquid would flatten first."""
    lists = of.data
    return lists if isinstance(lists, Lists) and not isinstance(lists.items, Lists) else None


def _wrong(of: Value, lists: Lists, *more: Mask | None) -> Mask | None:
    """Rows for the library: a null is a list of one null to python-liquid."""
    return either(of.wrong, lists.null, *more)


def _given(expr: Apply, most: int) -> list[Any] | None:
    """The arguments, if all of them are literals."""
    if expr.options or len(expr.arguments) > most or not all(isinstance(one, Literal) for one in expr.arguments):
        return None
    return [one.value for one in expr.arguments if isinstance(one, Literal)]


def _first(position: int) -> Kernel:
    def kernel(frame: Frame, _expr: Apply, of: Value) -> Value | None:
        if not isinstance(of.data, Lists):
            return None
        found = item_at(of, np.full(frame.size, position), of.wrong)
        # Of no items the first is nil: an array has room for that.
        return replace(found, undefined=None) if isinstance(found.data, pa.Array) else found

    return kernel


def _reverse(_frame: Frame, expr: Apply, of: Value) -> Value | None:
    lists = _flat(of)
    return None if lists is None or expr.arguments else Value(backwards(lists), None, _wrong(of, lists))


def _slice(_frame: Frame, expr: Apply, of: Value) -> Value | None:
    given = _given(expr, 2)
    if given is None or not isinstance(of.data, Lists) or any(type(one) is not int for one in given):
        return None
    start, length = given if len(given) == 2 else (given[0], 1)
    stop = start + length
    # Python-liquid cuts what reaches from before the end to beyond it at the end.
    return Value(stretch(of.data, start, None if start < 0 <= stop else stop), None, _wrong(of, of.data))


def _join(frame: Frame, expr: Apply, of: Value) -> Value | None:
    """Markup where the separator is, and the items escaped then: a literal is, and so is the blank that is none."""
    lists, given = _flat(of), _given(expr, 1)
    separator = (given or [" "])[0] if given is not None else None
    if lists is None or type(separator) is not str or lists.markup or not isinstance(lists.items, pa.Array):
        return None
    items = take(lists.items, lists.positions())
    plain = isinstance(items, pa.Array) and (pa.types.is_string(items.type) or pa.types.is_integer(items.type))
    if not plain or items.null_count:  # type: ignore[union-attr]
        return None
    markup = frame.chunk.program.autoescape
    texts = Texts(scalar_texts(items, frame.chunk.program.plan.rules))  # type: ignore[arg-type]
    column = (escape_texts(texts) if markup else texts).column()
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(lists.offsets(), pa.int32()), column), separator)
    return bounded(joined, _wrong(of, lists), markup=markup)


def _keyed(frame: Frame, expr: Apply, of: Value, most: int) -> tuple[Items, Lists, list[Any]] | None:
    """The field of each item that a filter names, the lists, and what else it is given."""
    lists, given = _flat(of), _given(expr, most)
    if lists is None or not given or type(given[0]) is not str or isinstance(lists.items, pa.Array) or "." in given[0]:
        return None
    items = attribute_of(frame, of, given[0])
    return None if items is None or isinstance(items.value.data, Constant) else (items, lists, given[1:])


def _map(frame: Frame, expr: Apply, of: Value) -> Value | None:
    found = _keyed(frame, expr, of, 1)
    if found is None:
        return None
    items, lists, _ = found
    mapped = Lists(lists.offsets()[:-1], lists.lengths, None, items.value.data, markup=items.value.markup)
    return Value(mapped, None, _wrong(of, lists, rows_of(items, items.value.wrong, frame.size)))


def _where(*, keep: bool) -> Kernel:
    """`where` and `reject` by a field: equal to a value, or there at all, which false and zero are not."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        found = _keyed(frame, expr, of, 2)
        if found is None:
            return None
        items, lists, rest = found
        holds = _holds(items, rest[0] if rest else None, frame)
        if holds is None:
            return None
        kept = holds if keep else ~holds
        lengths = np.bincount(items.rows[kept], minlength=frame.size)
        wrong = _wrong(of, lists, rows_of(items, items.value.wrong, frame.size))
        return Value(reordered(lists, lists.positions()[kept], lengths=lengths), None, wrong)

    return kernel


def _holds(items: Items, value: Any, frame: Frame) -> Mask | None:
    data, size = items.value.data, items.frame.size
    if value is not None:
        return equals(size, data, Constant(value), frame.chunk.program.plan.rules) if size else np.zeros(0, np.bool_)
    if isinstance(data, pa.Array) and (pa.types.is_string(data.type) or pa.types.is_boolean(data.type)):
        return truthy(data, size, rule="nil")
    return None


def _sort(*, natural: bool) -> Kernel:
    """`sort` and `sort_natural`, stable, by a field or by the items themselves."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        lists = _flat(of)
        if lists is None or expr.options:
            return None
        found = _keyed(frame, expr, of, 1) if expr.arguments else None
        if expr.arguments and found is None:
            return None
        items = found[0] if found else Items(frame, lists, Value(take(lists.items, lists.positions())))
        ranks = _ranks(items.value.data, natural=natural)
        if ranks is None:
            return None
        order = np.lexsort((ranks, items.rows))
        # A null has no order, but where it is alone.
        nothing = rows_of(items, either(items.value.wrong, nulls(items.value.data)), frame.size)
        return Value(reordered(lists, lists.positions()[order]), None, _wrong(of, lists, nothing))

    return kernel


def _ranks(array: Data, *, natural: bool) -> Rows | None:
    """The rank of each item among the distinct keys (of a null any); None where Arrow's types do not tell."""
    if not isinstance(array, pa.Array) or pa.types.is_nested(array.type) or pa.types.is_null(array.type):
        return None
    if pa.types.is_floating(array.type):
        numbers = pc.fill_null(array, 0.0).to_numpy()
        return None if natural or np.isnan(numbers).any() else np.unique(numbers, return_inverse=True)[1]
    if natural and not pa.types.is_string(array.type):
        return None
    encoded = array.dictionary_encode()
    keys = to_python(encoded.dictionary, len(encoded.dictionary))
    keys = [one.lower() for one in keys] if natural else keys
    place = {one: rank for rank, one in enumerate(sorted(set(keys)))}
    return np.array([*(place[one] for one in keys), 0], np.int64)[pc.fill_null(encoded.indices, -1).to_numpy()]


FILTERS: dict[str, Kernel] = {
    "first": _first(0),
    "last": _first(-1),
    "reverse": _reverse,
    "slice": _slice,
    "join": _join,
    "map": _map,
    "where": _where(keep=True),
    "reject": _where(keep=False),
    "sort": _sort(natural=False),
    "sort_natural": _sort(natural=True),
}
