"""Kernels for arithmetic on whole numbers and floats; decimals, dates and overflows are the library's."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.calls import call
from lettermill.rendering.columnar.frames import KERNELS, Frame
from lettermill.rendering.columnar.values import Constant, Data, Value, either, masked, null_mask
from lettermill.rendering.plan.nodes import Arithmetic, Signed

EXACT = 2**53
CHECKED = {"+": pc.add_checked, "-": pc.subtract_checked, "*": pc.multiply_checked}


def _arithmetic(frame: Frame, expr: Arithmetic) -> Value:
    left, right = frame.value(expr.left), frame.value(expr.right)
    found = by_kernel(frame.size, expr.operator, left, right)
    if found is not None:
        return found
    why = f"the operator {expr.operator} of these types"
    return call(frame, expr, why, frame.chunk.program.library.operator(expr.operator), (left, right))


def by_kernel(size: int, operator: str, left: Value, right: Value) -> Value | None:
    numbers: list[Any] = [_numbers(one.data) for one in (left, right)]
    if numbers[0] is None or numbers[1] is None or not any(isinstance(one, pa.Array) for one in numbers):
        return None
    whole = [pa.types.is_integer(one.type) for one in numbers]
    null = either(*(_null(one.data, size) for one in (left, right)))
    wrong = either(left.wrong, right.wrong, null)
    if whole[0] != whole[1] or operator == "/":
        if not all(_exact(one) for one, is_whole in zip(numbers, whole, strict=True) if is_whole):
            return None
        numbers = [one.cast(pa.float64()) for one in numbers]
    if operator in CHECKED:
        try:
            return Value(CHECKED[operator](*numbers), None, wrong)
        except pa.ArrowInvalid:
            return None
    if operator == "/":
        return _quotient(size, numbers, wrong)
    return _floored(size, operator, numbers, wrong) if all(whole) else None


def _numbers(data: Data) -> pa.Array | pa.Scalar | None:
    """An operand as 64-bit whole numbers or floats."""
    if isinstance(data, Constant):
        fits = type(data.value) is float or (type(data.value) is int and abs(data.value) < 2**63)
        return pa.scalar(data.value) if fits else None
    if not isinstance(data, pa.Array):
        return None
    if pa.types.is_integer(data.type) and not pa.types.is_uint64(data.type):
        return data.cast(pa.int64())
    return data if pa.types.is_float64(data.type) else None


def _null(data: Data, size: int) -> np.ndarray | None:
    return masked(null_mask(data, size))


def _exact(numbers: pa.Array | pa.Scalar) -> bool:
    """Whether all are floats without a loss."""
    if isinstance(numbers, pa.Scalar):
        return abs(numbers.as_py()) <= EXACT
    bounds = pc.min_max(numbers)
    return bounds["min"].as_py() is None or (bounds["min"].as_py() >= -EXACT and bounds["max"].as_py() <= EXACT)


def _column(numbers: pa.Array | pa.Scalar, size: int) -> np.ndarray:
    if isinstance(numbers, pa.Scalar):
        return np.full(size, numbers.as_py())
    return pc.fill_null(numbers, 1).to_numpy(zero_copy_only=False)


def _quotient(size: int, numbers: list[pa.Array], wrong: np.ndarray | None) -> Value:
    above, below = (_column(one, size) for one in numbers)
    zero = masked(below == 0)
    with np.errstate(all="ignore"):
        return Value(pa.array(above / np.where(below == 0, 1.0, below)), None, either(wrong, zero))


def _floored(size: int, operator: str, numbers: list[pa.Array], wrong: np.ndarray | None) -> Value:
    above, below = (_column(one, size) for one in numbers)
    if len(above) and above.min() == -(2**63):
        wrong = either(wrong, above == -(2**63))  # by -1 it overflows
    zero = masked(below == 0)
    below = np.where(below == 0, 1, below)
    with np.errstate(all="ignore"):
        result = np.floor_divide(above, below) if operator == "//" else np.remainder(above, below)
    return Value(pa.array(result), None, either(wrong, zero))


def _signed(frame: Frame, expr: Signed) -> Value:
    of = frame.value(expr.of)
    number = _numbers(of.data)
    if isinstance(number, pa.Array):
        found = of if expr.sign == "+" else by_kernel(frame.size, "-", Value(Constant(0)), of)
        if found is not None and pa.types.is_integer(number.type):
            return Value(found.data, None, either(of.wrong, _null(of.data, frame.size)))
    name = "negative" if expr.sign == "-" else "positive"
    return call(frame, expr, "a sign before these types", frame.chunk.program.library.operator(name), (of,))


KERNELS |= {Arithmetic: _arithmetic, Signed: _signed}
