"""Kernels that reach for values: inputs, slots, fields, positions, loops."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.calls import call, from_python
from lettermill.rendering.columnar.frames import KERNELS, Frame, faulty
from lettermill.rendering.columnar.selecting import select
from lettermill.rendering.columnar.values import (
    Constant,
    Data,
    Lists,
    Mask,
    Mixed,
    Rows,
    Structs,
    Value,
    as_array,
    as_data,
    either,
    masked,
    nulls,
    take,
    to_python,
)
from lettermill.rendering.plan.nodes import (
    Cycle,
    Index,
    Input,
    Item,
    ListOf,
    Literal,
    Local,
    LoopState,
    OpaqueValue,
    Range,
    Slice,
)  # fmt: skip
from lettermill.rendering.plan.reading import PARTS_OF_A_DATE, is_date

MAX_RANGE = 1_000


def _literal(_frame: Frame, expr: Literal) -> Value:
    return Value(Constant(expr.value), markup=expr.markup)


def _input(frame: Frame, expr: Input) -> Value:
    value = Value(frame.chunk.inputs[expr.name], frame.chunk.absent.get(expr.name))
    return value if frame.parent is None else value.take(frame.root)


def _local(frame: Frame, expr: Local) -> Value:
    return frame.local(expr.slot)


def _item(frame: Frame, expr: Item) -> Value:
    return field_of(frame, frame.value(expr.of), expr.name)


def field_of(frame: Frame, of: Value, name: str) -> Value:
    """A field of structs, or a part of dates; of a null it is undefined, of what is undefined a fault."""
    data, size = of.data, frame.size
    if isinstance(data, Mixed):
        sides = (field_of(frame, replace(of, data=side), name) for side in (data.then, data.otherwise))
        return select(size, data.test, *sides)
    if isinstance(data, Structs) and data.array.type.get_field_index(name) >= 0:
        return Value(data.field(name), nulls(data), of.wrong)
    if isinstance(data, pa.Array) and is_date(data.type) and name in PARTS_OF_A_DATE:
        part = {"year": pc.year, "month": pc.month, "day": pc.day}[name]
        return Value(part(data), nulls(data), of.wrong)
    if isinstance(data, pa.Array) and pa.types.is_map(data.type):
        return faulty(frame)
    if name == "size" and frame.chunk.program.plan.language == "liquid":
        return _size(frame, of)
    return Value(Constant(None), np.ones(size, np.bool_), of.wrong)


def _size(frame: Frame, of: Value) -> Value:
    """Liquid's `.size` of a list or text; of anything else it is undefined."""
    data = of.data
    if isinstance(data, Lists) and not data.stream:
        return Value(pa.array(data.lengths), data.null, of.wrong)
    if isinstance(data, pa.Array) and pa.types.is_string(data.type):
        return Value(pc.fill_null(pc.utf8_length(data), 0).cast(pa.int64()), nulls(data), of.wrong)
    return faulty(frame)


def _index(frame: Frame, expr: Index) -> Value:
    of, at = frame.value(expr.of), frame.value(expr.at)
    if isinstance(at.data, Constant) and isinstance(at.data.value, str) and isinstance(of.data, Structs):
        return field_of(frame, of, at.data.value)
    positions = _whole_numbers(at, frame.size)
    if isinstance(of.data, Lists) and not of.data.stream and positions is not None:
        return item_at(of, positions, either(of.wrong, at.wrong))
    return call(frame, expr, "an index", frame.chunk.program.library.operator("item"), (of, at))


def _whole_numbers(at: Value, size: int) -> Rows | None:
    if isinstance(at.data, Constant):
        return np.full(size, at.data.value) if type(at.data.value) is int else None
    if isinstance(at.data, pa.Array) and pa.types.is_integer(at.data.type) and not at.data.null_count:
        return at.data.to_numpy().astype(np.int64)
    return None


def item_at(of: Value, positions: Rows, wrong: Mask | None) -> Value:
    """What stands at a position (from the end where negative) of each row's list; undefined where nothing does."""
    lists = of.data
    assert isinstance(lists, Lists)
    at = np.where(positions < 0, positions + lists.lengths, positions)
    outside = (at < 0) | (at >= lists.lengths)
    return Value(padded(lists.items, np.where(outside, -1, lists.starts + at)), masked(outside), wrong, lists.markup)


def padded(items: Data, rows: Rows) -> Data:
    """Items at `rows`, and anything where a row is -1."""
    if isinstance(items, pa.Array):
        return items.take(pa.array(rows, mask=rows < 0))
    if isinstance(items, Structs) and not len(items.array if items.rows is None else items.rows):
        return Constant(None)
    if isinstance(items, Lists) and not len(items.starts):
        return Constant(None)
    return take(items, np.maximum(rows, 0))


def _slice(frame: Frame, expr: Slice) -> Value:
    of = frame.value(expr.of)
    bounds = [
        frame.value(one) if one is not None else Value(Constant(None)) for one in (expr.start, expr.stop, expr.step)
    ]
    given = [one.data.value if isinstance(one.data, Constant) else "" for one in bounds]
    known = all(one is None or type(one) is int for one in given)
    if isinstance(of.data, Lists) and not of.data.stream and known and given in ([*given[:2], None], [None, None, -1]):
        null = None if frame.chunk.program.plan.rules.of_null == "nothing" else of.data.null
        lists = backwards(of.data) if given[2] else stretch(of.data, given[0], given[1])
        return Value(lists, None, either(of.wrong, null))
    return call(frame, expr, "a slice", frame.chunk.program.library.operator("slice"), (of, *bounds))


def stretch(lists: Lists, start: int | None, stop: int | None) -> Lists:
    """The items from `start` up to `stop` of each list, with Python's rules."""
    lengths = lists.lengths
    first = np.zeros_like(lengths) if start is None else np.clip(start + (lengths if start < 0 else 0), 0, lengths)
    last = lengths if stop is None else np.clip(stop + (lengths if stop < 0 else 0), 0, lengths)
    return Lists(lists.starts + first, np.maximum(last - first, 0), None, lists.items, markup=lists.markup)


def backwards(lists: Lists) -> Lists:
    """Each list from its last item to its first."""
    offsets = lists.offsets()
    rows = np.repeat(np.arange(len(lists.lengths)), lists.lengths)
    within = np.arange(len(rows)) - offsets[rows]
    items = take(lists.items, (lists.starts + lists.lengths - 1)[rows] - within)
    return Lists(offsets[:-1], lists.lengths, None, items, markup=lists.markup)


def _list(frame: Frame, expr: ListOf) -> Value:
    parts = [frame.value(item) for item in expr.items]
    wrong = either(*(part.wrong for part in parts))
    if all(isinstance(part.data, Constant) for part in parts) and not any(part.markup for part in parts):
        value = from_python([part.data.value for part in parts])  # type: ignore[union-attr]
        if value.faulty is not None:
            return faulty(frame)
        starts = np.zeros(frame.size, np.int64)
        return Value(Lists(starts, starts + len(parts), None, value.data), None, wrong)
    arrays: list[Any] = [as_array(part.data, frame.size) for part in parts]
    if any(array is None or array.type != arrays[0].type for array in arrays) or any(part.markup for part in parts):
        return faulty(frame)
    across = np.arange(frame.size * len(parts)).reshape(len(parts), frame.size).T.ravel()
    items = pa.concat_arrays(arrays).take(pa.array(across))
    starts = np.arange(frame.size, dtype=np.int64) * len(parts)
    return Value(Lists(starts, np.full(frame.size, len(parts), np.int64), None, as_data(items)), None, wrong)


def _filled(value: Value) -> Value:
    """Whole numbers with any in the place of nulls."""
    data = value.data
    if not isinstance(data, pa.Array) or not pa.types.is_integer(data.type) or not data.null_count:
        return value
    return replace(value, data=pc.fill_null(data, 0))


def _range(frame: Frame, expr: Range) -> Value:
    values = [frame.value(one) for one in (expr.start, expr.stop, expr.step)]
    nothing = either(*(nulls(value.data) for value in values if isinstance(value.data, pa.Array)))
    values = [_filled(value) for value in values]
    bounds = [_whole_numbers(value, frame.size) for value in values]
    if any(one is None for one in bounds):
        return faulty(frame)
    start, stop, step = bounds
    wrong = either(*(value.wrong for value in values), nothing, step == 0)  # type: ignore[arg-type]
    step = np.where(step == 0, 1, step)  # type: ignore[arg-type]
    lengths = np.maximum(-((start - stop) // step), 0)  # type: ignore[operator]
    wide = lengths > MAX_RANGE
    lists = Lists(np.zeros(frame.size, np.int64), np.where(wide, 0, lengths), None, pa.nulls(0))
    offsets = lists.offsets()
    within = lists.positions()
    rows = np.repeat(np.arange(frame.size), lists.lengths)
    numbers = pa.array(start[rows] + within * step[rows])  # type: ignore[index]
    return Value(Lists(offsets[:-1], lists.lengths, None, numbers), None, either(wrong, masked(wide)))


def _loop_state(frame: Frame, expr: LoopState) -> Value:
    steps, loop, rows = frame.loop(expr.loop)
    position = loop.position if rows is None else loop.position[rows]
    length = loop.length if rows is None else loop.length[rows]
    if expr.name in ("previtem", "nextitem"):
        step = -1 if expr.name == "previtem" else 1
        return _neighbour(steps, loop.item, np.arange(steps.size) if rows is None else rows, position, length, step)
    numbers = {
        "index": lambda: position + 1,
        "index0": lambda: position,
        "revindex": lambda: length - position,
        "revindex0": lambda: length - position - 1,
        "first": lambda: position == 0,
        "last": lambda: position == length - 1,
        "length": lambda: length,
    }
    if expr.name in numbers:
        return Value(pa.array(numbers[expr.name]()))
    return Value(Constant(0 if expr.name == "depth0" else 1))  # it counts recursion, of which there is none


def _neighbour(steps: Frame, slot: int, rows: Rows, position: Rows, length: Rows, step: int) -> Value:
    item = steps.local(slot)
    there = (position + step >= 0) & (position + step < length)
    if not there.any():
        return Value(Constant(None), np.ones(len(rows), np.bool_))
    found = item.take(np.where(there, rows + step, rows))
    return Value(found.data, either(found.undefined, masked(~there)), found.faulty, found.markup)


def _cycle(frame: Frame, expr: Cycle) -> Value:
    _, loop, rows = frame.loop(expr.loop)
    position = loop.position if rows is None else loop.position[rows]
    values = [frame.value(one) for one in expr.values]
    if any(not isinstance(one.data, Constant) or one.wrong is not None for one in values) or not values:
        return faulty(frame)
    choices = from_python([one for value in values for one in to_python(value.data, 1, markup=value.markup)])
    return faulty(frame) if choices.faulty is not None else choices.take(position % len(values))


def _opaque(frame: Frame, expr: OpaqueValue) -> Value:
    if frame.chunk.program.uses is not None:
        frame.chunk.program.uses.why[id(expr)] = expr.why
    return faulty(frame)


KERNELS |= {
    Literal: _literal,
    Input: _input,
    Local: _local,
    Item: _item,
    Index: _index,
    Slice: _slice,
    ListOf: _list,
    Range: _range,
    LoopState: _loop_state,
    Cycle: _cycle,
    OpaqueValue: _opaque,
}
