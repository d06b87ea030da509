"""Expressions without a kernel: the library's own function, on distinct inputs only."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from markupsafe import Markup

from lettermill.rendering.columnar.frames import Frame
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
    as_data,
    either,
    evened,
    masked,
    to_python,
)
from lettermill.rendering.plan.nodes import Expr

MEMORY = 50_000  # results that one expression remembers from batch to batch
SCALARS = (str, bool, int, float, Decimal, date, datetime)
FAULT = object()
NOTHING = object()


def call(frame: Frame, expr: Expr, why: str, function: Callable[..., Any], operands: Sequence[Value]) -> Value:
    """`function` of the operands' Python values, row by row, called once for equal operands.

    `expr` is what it is for: results are remembered under it. `why` says for what there is no kernel. Rows where the
    function raises are faulty, and so are rows where an operand is undefined, and results that Arrow cannot hold as
    they are.
    """
    program = frame.chunk.program
    if program.uses is not None:
        program.uses.why[id(expr)] = why
    mixed = next((operand.data for operand in operands if isinstance(operand.data, Mixed)), None)
    if mixed is not None:
        return _of_each(frame, mixed.test, lambda part, some: call(part, expr, why, function, some), operands)
    marked = next((operand.marked for operand in operands if operand.marked is not None), None)
    if marked is not None:
        return _of_each(frame, marked, lambda part, some: call(part, expr, why, function, some), operands)
    wrong = either(*(operand.wrong for operand in operands))
    codes, arguments = _distinct(frame.size, operands)
    memory = program.memory.setdefault((program.numbers[id(expr)], why, *map(_kind, operands)), {})
    results = [_remembered(memory, function, row) for row in arguments]
    value = from_python(results)
    if codes is not None:
        value = value.take(codes)
    return replace(value, faulty=either(wrong, value.faulty))


def _of_each(
    frame: Frame, test: Mask, work: Callable[[Frame, Sequence[Value]], Value], operands: Sequence[Value]
) -> Value:
    """What `work` gives on the rows of `test` and on the others, where mixed operands are of one type each."""
    sides = []
    for rows, is_then in ((test, True), (~test, False)):
        picked = np.flatnonzero(rows)
        if not len(picked):
            sides.append(Value(Constant(None)))
            continue
        back = np.zeros(frame.size, np.int64)
        back[picked] = np.arange(len(picked))
        some = [_side(operand, test, is_then).take(picked) for operand in operands]
        sides.append(work(frame.part(picked), some).take(back))
    return select(frame.size, test, *sides)


def _side(operand: Value, test: Mask, is_then: bool) -> Value:
    data = operand.data
    if not isinstance(data, Mixed) or data.test is not test:
        return operand
    return replace(operand, data=data.then if is_then else data.otherwise)


def _kind(operand: Value) -> str:
    """What equal keys must agree in to mean equal operands: 1, 1.0 and True are three."""
    data = operand.data
    if isinstance(data, Constant):
        return f"{type(data.value).__name__}{data.value!r}{operand.markup}"
    return f"{data.type}{operand.markup}" if isinstance(data, pa.Array) else ""


def from_python(results: Sequence[Any]) -> Value:
    """Python values as a column. FAULT, and what would not come back from Arrow as it went in, is faulty."""
    faults = np.fromiter((one is FAULT for one in results), np.bool_, len(results))
    kinds = Counter(map(_kind_of, results))
    del kinds[NOTHING]
    everything = np.ones(len(results), np.bool_)
    if not kinds:
        return Value(pa.nulls(len(results)), None, masked(faults))
    kind = kinds.most_common(1)[0][0]
    if len(kinds) > 1:  # a column has one type: what is of another is left to the library
        faults |= np.fromiter((_kind_of(one) not in (kind, NOTHING) for one in results), np.bool_, len(results))
    if kind is list:
        return _lists(results, faults)
    if kind not in SCALARS:
        return Value(Constant(None), None, everything)
    values = [None if gone else one for one, gone in zip(results, faults, strict=True)]
    if kind is Decimal and not _of_one_scale([one for one in values if one is not None]):
        return Value(Constant(None), None, everything)
    if kind in (int, Decimal):
        unheld = np.fromiter(map(_is_unheld, values), np.bool_, len(values))
        faults |= unheld
        values = [None if gone else one for one, gone in zip(values, unheld, strict=True)]
    array = _column(values, kind)
    if array is None:
        return Value(Constant(None), None, everything)
    if kind is not str:
        return Value(array, None, masked(faults))
    markup, marked = evened(False, np.fromiter((type(one) is Markup for one in values), np.bool_, len(values)))
    return Value(array, None, masked(faults), markup, marked)


def _is_unheld(number: int | Decimal | None) -> bool:
    """Whether Arrow would hold another number: one of more than 64 bits, or a decimal's zero with a minus sign."""
    if isinstance(number, Decimal):
        return number.is_zero() and number.is_signed()
    return number is not None and not -(2**63) <= number < 2**63


def _of_one_scale(numbers: list[Decimal]) -> bool:
    """Whether Arrow gives decimals back as they are: 1.5 and 1.25 would become 1.50 and 1.25, and 2E+1 would be 20."""
    scales = {one.as_tuple().exponent for one in numbers}
    return len(scales) < 2 and all(isinstance(one, int) and one <= 0 for one in scales)


def _kind_of(result: Any) -> object:
    """What a column must be of to hold a result; a text may be markup, and a list a tuple."""
    if result is None or result is FAULT:
        return NOTHING
    kind = type(result)
    return str if kind is Markup else list if kind is tuple else kind


def _column(values: list[Any], kind: type) -> pa.Array | None:
    try:
        array = pa.array(values, type=pa.string() if kind is str else None)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError):
        return None
    if pa.types.is_timestamp(array.type) and len({one.tzinfo is None for one in values if one is not None}) > 1:
        return None
    return array


def _lists(results: Sequence[Any], faults: np.ndarray) -> Value:
    """Lists of scalars of one kind."""
    items = [item for one in results if isinstance(one, list | tuple) for item in one]
    value = from_python(items)
    array = value.data
    if value.faulty is not None or value.marked is not None or (items and not isinstance(array, pa.Array)):
        return Value(Constant(None), None, np.ones(len(results), np.bool_))
    lengths = np.fromiter((len(one) if isinstance(one, list | tuple) else 0 for one in results), np.int64, len(results))
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    nothing = pa.array([one is None for one in results])
    lists = pa.ListArray.from_arrays(offsets, array if items else pa.nulls(0), mask=nothing)
    data = as_data(lists)
    assert isinstance(data, Lists)
    return Value(replace(data, markup=value.markup), None, masked(faults))


def _remembered(memory: dict[Any, Any], function: Callable[..., Any], row: tuple[Any, Any]) -> Any:
    key, arguments = row
    if key is None:
        return _called(function, arguments)
    found = memory.get(key, memory)
    if found is memory:
        found = _called(function, arguments)
        if len(memory) < MEMORY:
            memory[key] = found
    return found


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except Exception:  # whatever the library raises is its fault for this message, and it says so itself
        return FAULT


def _distinct(size: int, operands: Sequence[Value]) -> tuple[Rows | None, list[tuple[Any, tuple[Any, ...]]]]:
    """Which of the distinct rows of operands each row has, and these rows: a key, and the arguments.

    Nested operands have no cheap key: each row stands for itself, and codes are None.
    """
    if any(_is_nested(operand.data) for operand in operands):
        columns = [to_python(operand.data, size, markup=operand.markup) for operand in operands]
        return None, [(None, row) for row in zip(*columns, strict=True)]
    if all(isinstance(operand.data, Constant) for operand in operands):
        return np.zeros(size, np.int64), [(None, tuple(_one(operand) for operand in operands))]
    combined: Rows = np.zeros(size, np.int64)
    coded = []
    for operand in operands:
        if isinstance(operand.data, Constant):
            coded.append((1, [_one(operand)], [None]))
            continue
        codes, values = _coded(operand.data)
        combined = combined * len(values) + codes
        coded.append((len(values), to_python(values, len(values), markup=operand.markup), _keys(values)))
    return _rows(combined, coded)


def _is_nested(data: Data) -> bool:
    return isinstance(data, Structs | Lists) or (isinstance(data, pa.Array) and pa.types.is_nested(data.type))


def _rows(combined: Rows, coded: list[tuple[int, list[Any], list[Any]]]) -> tuple[Rows, list[tuple[Any, Any]]]:
    codes, distinct = _coded(pa.array(combined))
    left = distinct.to_numpy()
    keys, arguments = [], []
    for width, values, own in reversed(coded):
        left, at = np.divmod(left, width)
        places = at.tolist()
        arguments.append([values[place] for place in places])
        keys.append([own[place] for place in places])
    listed = zip(zip(*reversed(keys), strict=True), zip(*reversed(arguments), strict=True), strict=True)
    return codes, list(listed)


def _one(operand: Value) -> Any:
    assert isinstance(operand.data, Constant)
    return Markup(operand.data.value) if operand.markup else operand.data.value


def _coded(array: pa.Array) -> tuple[Rows, pa.Array]:
    """Dictionary encoding, of floats by their bits: 0.0 and -0.0 are two."""
    if pa.types.is_floating(array.type):
        codes, bits = _coded(array.view(pa.int64()))
        return codes, bits.view(pa.float64())
    encoded = array.dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary


def _keys(values: pa.Array) -> list[Any]:
    """What tells results apart from batch to batch: operands of one expression have one type."""
    if pa.types.is_floating(values.type):
        return values.view(pa.int64()).to_pylist()
    return values.to_pylist()
