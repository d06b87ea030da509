"""Kernels for filters on lists: they move positions, never items."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.access import backwards, field_of, item_at
from lettermill.rendering.columnar.frames import Frame
from lettermill.rendering.columnar.logic import truthy
from lettermill.rendering.columnar.text import bounded, printed
from lettermill.rendering.columnar.values import Constant, Lists, Mask, Rows, Value, either, nulls, take, to_python
from lettermill.rendering.plan.nodes import Apply, Expr, Literal

Kernel = Callable[[Frame, Apply, Value], Value | None]


def _first(position: int) -> Kernel:
    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        lists = of.data
        if not isinstance(lists, Lists) or expr.arguments or expr.options or (lists.stream and position < 0):
            return None
        return item_at(of, np.full(frame.size, position), either(of.wrong, lists.null))

    return kernel


def _list(_frame: Frame, _expr: Apply, of: Value) -> Value | None:
    if not isinstance(of.data, Lists):
        return None
    return Value(replace(of.data, stream=False, null=None), None, either(of.wrong, of.data.null))


def _reverse(_frame: Frame, _expr: Apply, of: Value) -> Value | None:
    lists = of.data
    if not isinstance(lists, Lists) or lists.stream:
        return None
    return Value(replace(backwards(lists), stream=True), None, either(of.wrong, lists.null))


def reordered(lists: Lists, positions: Rows, *, lengths: Rows | None = None, stream: bool = False) -> Lists:
    """Lists of the items at `positions`, row by row."""
    counts = lists.lengths if lengths is None else lengths
    starts = np.concatenate(([0], np.cumsum(counts)))[:-1]
    return Lists(starts, counts, None, take(lists.items, positions), stream, lists.markup)


def _join(frame: Frame, expr: Apply, of: Value) -> Value | None:
    """`join(separator, attribute)`, of plain texts."""
    given = _plain(expr, "d", "attribute")
    if given is None or not isinstance(of.data, Lists) or of.data.markup or type(given.get("d", "")) is not str:
        return None
    items = attribute_of(frame, of, given.get("attribute"))
    if items is None or items.value.undefined is not None or items.value.markup:
        return None
    texts = printed(items.frame, expr, items.value)
    if isinstance(texts.texts, str) or (texts.faulty is not None and texts.faulty.any()):
        return None
    offsets = pa.array(of.data.offsets(), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts.texts), given.get("d", ""))
    return bounded(joined, either(of.wrong, of.data.null))


class Items:
    """The items of all rows as a frame of their own, and a value for each."""

    def __init__(self, frame: Frame, lists: Lists, value: Value) -> None:
        self.rows = np.repeat(np.arange(frame.size), lists.lengths)
        self.frame = Frame(frame.chunk, len(self.rows), frame.root[self.rows], parent=frame, rows=self.rows)
        self.value = value


def attribute_of(frame: Frame, of: Value, path: object) -> Items | None:
    """The items, or a field of each where a path such as `brand.name` is given."""
    lists = of.data
    assert isinstance(lists, Lists)
    items = Items(frame, lists, Value(take(lists.items, lists.positions()), markup=lists.markup))
    if path is None:
        return items
    if type(path) is not str or not path or any(step.isdigit() for step in path.split(".")):
        return None
    for step in path.split("."):
        items.value = field_of(items.frame, items.value, step)
    return items


def _plain(expr: Apply, *names: str) -> dict[str, Any] | None:
    """Arguments by name, if they are literals."""
    given: dict[str, Expr] = dict(zip(names, expr.arguments, strict=False)) | dict(expr.options)
    literal = all(isinstance(one, Literal) and not one.markup for one in given.values())
    if len(expr.arguments) > len(names) or set(given) - set(names) or not literal:
        return None
    return {name: one.value for name, one in given.items() if isinstance(one, Literal)}


def rows_of(items: Items, mask: Mask | None, size: int) -> Mask | None:
    """Rows of which some item is in the mask."""
    if mask is None or not mask.any():
        return None
    rows = np.zeros(size, np.bool_)
    rows[items.rows[mask]] = True
    return rows


def _map(frame: Frame, expr: Apply, of: Value) -> Value | None:
    """`map(attribute='name')`."""
    given = _plain(expr, "filter", "attribute")
    if given is None or set(given) != {"attribute"} or not isinstance(of.data, Lists):
        return None
    items = attribute_of(frame, of, given["attribute"])
    if items is None:
        return None
    wrong = rows_of(items, items.value.wrong, frame.size)
    lists = of.data
    found = Lists(lists.offsets()[:-1], lists.lengths, None, _items(items.value), True, items.value.markup)
    return Value(found, None, either(of.wrong, lists.null, wrong))


def _items(value: Value) -> Any:
    return pa.nulls(0) if isinstance(value.data, Constant) else value.data


def _selecting(by_attribute: bool, keep: bool) -> Kernel:
    """`selectattr('name')`, `selectattr('price', 'gt', 3)`, `select('odd')` and their opposites."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        names = (("attribute",) if by_attribute else ()) + ("test", "operand")
        given = _plain(expr, *names)
        if given is None or not isinstance(of.data, Lists) or expr.options:
            return None
        items = attribute_of(frame, of, given.get("attribute"))
        if items is None or (by_attribute and "attribute" not in given):
            return None
        found = _holds(frame, items, given)
        if found is None:
            return None
        holds, faulty = found
        kept = holds if keep else ~holds
        lists = of.data
        lengths = np.bincount(items.rows[kept], minlength=frame.size)
        wrong = rows_of(items, either(items.value.faulty, faulty), frame.size)
        return Value(
            reordered(lists, lists.positions()[kept], lengths=lengths, stream=True),
            None,
            either(of.wrong, lists.null, wrong),
        )

    return kernel


def _holds(frame: Frame, items: Items, given: dict[str, Any]) -> tuple[Mask, Mask | None] | None:
    """For each item whether the test holds, and whether it is a fault."""
    value, size = items.value, items.frame.size
    if "test" not in given:
        return truthy(value.data, size, rule="python"), value.undefined
    library = frame.chunk.program.library
    if type(given["test"]) is not str:
        return None
    test = library.test(given["test"])
    if not isinstance(value.data, pa.Array):
        return None
    operand = [given["operand"]] if "operand" in given else []
    encoded = value.data.dictionary_encode(null_encoding="encode")
    if pa.types.is_floating(value.data.type):
        return None
    results = [_asked(test, one, operand) for one in as_python(encoded.dictionary, value.markup)]
    codes = encoded.indices.to_numpy()
    holds = np.array([one is True for one in results], np.bool_)[codes] if results else np.zeros(size, np.bool_)
    fault = np.array([one is None for one in results], np.bool_)[codes] if results else None
    return holds, either(value.undefined, fault)


def as_python(array: pa.Array, markup: bool) -> Iterable[Any]:
    """The distinct values as the library sees them."""
    return to_python(array, len(array), markup=markup)


def _asked(test: Callable[..., Any], value: Any, operand: list[Any]) -> bool | None:
    try:
        return bool(test(value, *operand))
    except Exception:  # a fault of the row, which the library tells
        return None


def _sort(frame: Frame, expr: Apply, of: Value) -> Value | None:
    """`sort(reverse, case_sensitive, attribute)`, stable as Python's, by the order of distinct keys."""
    given = _plain(expr, "reverse", "case_sensitive", "attribute")
    if given is None or not isinstance(of.data, Lists) or "," in str(given.get("attribute") or ""):
        return None
    items = attribute_of(frame, of, given.get("attribute"))
    if items is None or not isinstance(items.value.data, pa.Array) or pa.types.is_nested(items.value.data.type):
        return None
    key = (
        (lambda one: one.lower() if isinstance(one, str) else one)
        if not given.get("case_sensitive")
        else (lambda one: one)
    )
    ranks = _ranks(items.value, key)
    if ranks is None:
        return None
    order = np.lexsort((-ranks if given.get("reverse") else ranks, items.rows))
    lists = of.data
    null = nulls(items.value.data)  # which no other key can be compared with
    alone = lists.lengths[items.rows] == 1
    wrong = rows_of(items, either(items.value.wrong, None if null is None else null & ~alone), frame.size)
    return Value(reordered(lists, lists.positions()[order]), None, either(of.wrong, lists.null, wrong))


def _ranks(value: Value, key: Callable[[Any], Any]) -> Rows | None:
    """The rank of each item among the distinct keys; None where they have no order."""
    array = value.data
    assert isinstance(array, pa.Array)
    if pa.types.is_floating(array.type):
        return None
    encoded = array.dictionary_encode(null_encoding="encode")
    keys = [key(one) for one in as_python(encoded.dictionary, value.markup)]
    ordered = sorted({one for one in keys if one is not None})
    place = {one: rank for rank, one in enumerate(ordered)} | {None: -1}
    return (
        np.array([place[one] for one in keys], np.int64)[encoded.indices.to_numpy()] if keys else np.zeros(0, np.int64)
    )


FILTERS: dict[str, Kernel] = {
    "first": _first(0),
    "last": _first(-1),
    "list": _list,
    "reverse": _reverse,
    "join": _join,
    "map": _map,
    "select": _selecting(False, True),
    "reject": _selecting(False, False),
    "selectattr": _selecting(True, True),
    "rejectattr": _selecting(True, False),
    "sort": _sort,
}
