"""Kernels for comparisons, where Arrow's agree with Python's; the library's own elsewhere."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.calls import call
from lettermill.rendering.columnar.frames import Frame
from lettermill.rendering.columnar.values import (
    Constant,
    Data,
    Lists,
    Mask,
    Structs,
    Value,
    either,
    null_mask,
    take,
)  # fmt: skip
from lettermill.rendering.plan.nodes import Expr, Rules

UNORDERED = ("bool", "date", "instant")  # in Liquid
EXACT = 2**53  # whole numbers up to here are floats without a loss
KERNELS: dict[str, Callable[..., pa.Array]] = {
    "eq": pc.equal, "ne": pc.not_equal, "lt": pc.less, "le": pc.less_equal, "gt": pc.greater, "ge": pc.greater_equal,
}  # fmt: skip


def compared(frame: Frame, expr: Expr, operator: str, left: Value, right: Value) -> Value:
    """One comparison of two neighbours, as a column of booleans."""
    wrong = either(left.wrong, right.wrong)
    rules = frame.chunk.program.plan.rules
    if operator in ("in", "notin"):
        found = _member(frame.size, left.data, right.data, rules)
        if found is not None:
            return Value(pa.array(found if operator == "in" else ~found), None, wrong)
    else:
        kernel = _ordered(frame.size, operator, left.data, right.data, rules)
        if kernel is not None:
            return Value(kernel.data, None, either(wrong, kernel.faulty))
    why = f"the comparison {operator} of these types"
    return call(frame, expr, why, frame.chunk.program.library.operator(operator), (left, right))


def equals(size: int, left: Data, right: Data, rules: Rules) -> Mask | None:
    """Where the two are equal; None where Arrow does not tell."""
    found = _ordered(size, "eq", left, right, rules)
    return None if found is None or found.faulty is not None else found.data.to_numpy(zero_copy_only=False)  # type: ignore[union-attr]


def _ordered(size: int, operator: str, left: Data, right: Data, rules: Rules) -> Value | None:
    """The comparison by Arrow; None where it would not be the language's."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return None
    equality = operator in ("eq", "ne")
    if _is_none(left) or _is_none(right):
        return _with_none(size, operator, right if _is_none(left) else left, rules)
    operands = _operands(left, right)
    if operands is None or (rules.of_null == "nothing" and not equality and _kind(_type(left)) in UNORDERED):
        return None
    first, second = operands
    result = KERNELS[operator](first, second)
    if isinstance(result, pa.Scalar) or not result.null_count:
        return Value(result)
    gone = [null_mask(one, size) for one in (left, right)]
    if not equality:  # None has no order
        return Value(pc.fill_null(result, False), None, _orderless(gone[0] | gone[1], rules))
    same = gone[0] & gone[1]
    return Value(pc.if_else(result.is_null(), pa.array(same if operator == "eq" else ~same), result))


def _is_none(data: Data) -> bool:
    return (isinstance(data, Constant) and data.value is None) or (
        isinstance(data, pa.Array) and pa.types.is_null(data.type)
    )


def _orderless(nulls: Mask, rules: Rules) -> Mask | None:
    return None if rules.of_null == "nothing" else nulls


def _with_none(size: int, operator: str, other: Data, rules: Rules) -> Value:
    if operator not in ("eq", "ne"):
        return Value(pa.array(np.zeros(size, np.bool_)), None, _orderless(np.ones(size, np.bool_), rules))
    null = null_mask(other, size)
    return Value(pa.array(null if operator == "eq" else ~null))


def _operands(left: Data, right: Data) -> tuple[object, object] | None:
    """Both as Arrow compares them, if it does so as Python would."""
    types = [_type(left), _type(right)]
    if None in types:
        return None
    kinds = {_kind(one) for one in types}
    if "" in kinds:
        return None
    if kinds == {"int", "float"}:
        whole = left if _kind(types[0]) == "int" else right  # type: ignore[arg-type]
        if not _exact(whole):
            return None
        return tuple(_scalar(one, pa.float64()) for one in (left, right))  # type: ignore[return-value]
    if len(kinds) > 1 or (kinds == {"decimal"} and types[0] != types[1]):
        return None
    if kinds == {"instant"} and types[0] != types[1]:
        return None
    return _scalar(left, None), _scalar(right, None)


def _type(data: Data) -> pa.DataType | None:
    if isinstance(data, Constant):
        value = data.value
        kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
        if type(value) is int and not -(2**63) <= value < 2**63:
            return None
        return kinds.get(type(value))
    return data.type if isinstance(data, pa.Array) else None


def _kind(type_: pa.DataType | None) -> str:
    if type_ is None or pa.types.is_uint64(type_):
        return ""
    checks = {
        "string": pa.types.is_string, "int": pa.types.is_integer, "float": pa.types.is_floating,
        "decimal": pa.types.is_decimal, "bool": pa.types.is_boolean, "date": pa.types.is_date,
        "instant": pa.types.is_timestamp,
    }  # fmt: skip
    return next((kind for kind, check in checks.items() if check(type_)), "")


def _exact(data: Data) -> bool:
    if isinstance(data, Constant):
        return abs(data.value) <= EXACT
    assert isinstance(data, pa.Array)
    bounds = pc.min_max(data)
    return bounds["min"].as_py() is None or (bounds["min"].as_py() >= -EXACT and bounds["max"].as_py() <= EXACT)


def _scalar(data: Data, type_: pa.DataType | None) -> object:
    if isinstance(data, Constant):
        return pa.scalar(data.value, type_)
    assert isinstance(data, pa.Array)
    return data if type_ is None else data.cast(type_, safe=False)


def _member(size: int, left: Data, right: Data, rules: Rules) -> Mask | None:
    """Where `left` is in the list or text `right`; None where the library has to say."""
    if rules.of_null == "nothing" and not (isinstance(left, Constant) and type(left.value) in (str, int)):
        return None
    if isinstance(right, Lists) and not right.stream:
        if right.null is not None and rules.of_null == "fault":
            return None
        return _in_lists(size, left, right, rules)
    if not isinstance(right, pa.Array) or not pa.types.is_string(right.type):
        return None
    if not isinstance(left, Constant) or type(left.value) is not str or (right.null_count and rules.of_null == "fault"):
        return None
    return pc.fill_null(pc.match_substring(right, left.value), False).to_numpy(zero_copy_only=False)


def _in_lists(size: int, left: Data, right: Lists, rules: Rules) -> Mask | None:
    if isinstance(left, Structs | Lists) or not isinstance(right.items, pa.Array):
        return None
    rows = np.repeat(np.arange(size), right.lengths)
    if isinstance(left, pa.Array) and size and right.lengths.max(initial=0) * size == len(rows) and _same(right):
        return _in_one_list(left, right)
    items = take(right.items, right.positions())
    other = left if isinstance(left, Constant) else take(left, rows)
    equal = _ordered(len(rows), "eq", other, items, rules) if len(rows) else None
    if len(rows) and (equal is None or equal.faulty is not None):
        return None
    hits = np.zeros(size, np.bool_)
    if equal is not None:
        assert isinstance(equal.data, pa.Array)
        hits[rows[equal.data.to_numpy(zero_copy_only=False)]] = True
    return hits


def _same(lists: Lists) -> bool:
    """Whether every row has the very same items."""
    return bool(len(lists.starts) and (lists.starts == lists.starts[0]).all())


def _in_one_list(left: pa.Array, right: Lists) -> Mask | None:
    assert isinstance(right.items, pa.Array)
    items = right.items.slice(int(right.starts[0]), int(right.lengths[0]))
    kinds = {_kind(left.type), _kind(items.type)}
    if len(kinds) > 1 or not kinds <= {"string", "int", "date", "bool"} or items.null_count or left.null_count:
        return None
    return pc.is_in(left, items.cast(left.type, safe=True)).to_numpy(zero_copy_only=False)
