"""Kernels for truth: what counts as true, and / or / not, conditions, tests."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar.calls import call
from lettermill.rendering.columnar.comparing import compared
from lettermill.rendering.columnar.frames import KERNELS, Frame
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
    either,
    null_mask,
    nulls,
    within,
)
from lettermill.rendering.plan.nodes import And, Apply, Compare, Conditional, Expr, Literal, Not, Or, Test


@dataclass(frozen=True)
class Truth:
    """Rows where an expression counts as true, and rows where asking is a fault."""

    true: Mask
    faulty: Mask | None

    def take(self, rows: Rows) -> "Truth":
        """That of some rows."""
        return Truth(self.true[rows], None if self.faulty is None else self.faulty[rows])


@dataclass(frozen=True)
class Choice:
    """A value that is `then` in some rows and `otherwise` in the others (None: undefined there)."""

    test: Truth
    then: Expr
    otherwise: Expr | None


def truth(frame: Frame, expr: Expr) -> Truth:
    """Where `expr` counts as true."""
    number = frame.chunk.program.numbers[id(expr)]
    found: Truth = frame.remembered(("truth", number), expr, lambda home: _truth(home, expr))
    return found


def _truth(frame: Frame, expr: Expr) -> Truth:
    if isinstance(expr, Not):
        inner = truth(frame, expr.of)
        return Truth(~inner.true, inner.faulty)
    if isinstance(expr, And | Or) and id(expr) not in frame.chunk.program.moving:
        left, right = truth(frame, expr.left), truth(frame, expr.right)
        reached = left.true if isinstance(expr, And) else ~left.true
        both = left.true & right.true if isinstance(expr, And) else left.true | right.true
        return Truth(both, either(left.faulty, within(right.faulty, reached)))
    if isinstance(expr, Conditional) and expr.otherwise is None and id(expr) not in frame.chunk.program.moving:
        test, then = truth(frame, expr.test), truth(frame, expr.then)
        return Truth(test.true & then.true, either(test.faulty, within(then.faulty, test.true)))
    value = frame.value(expr)
    return Truth(truthy(value.data, frame.size, rule=frame.chunk.program.plan.rules.falsy), value.wrong)


def truthy(data: Data, size: int, *, rule: str) -> Mask:
    """Rows that count as true by the rule of the language."""
    if isinstance(data, Constant):
        false = data.value is None or data.value is False or (rule == "python" and not data.value)
        return np.full(size, not false)
    if isinstance(data, Mixed):
        return np.where(data.test, *(truthy(side, size, rule=rule) for side in (data.then, data.otherwise)))
    if isinstance(data, pa.Array) and pa.types.is_boolean(data.type):
        data = pc.fill_null(data, False) if data.null_count else data
        return data.to_numpy(zero_copy_only=False)
    there = ~null_mask(data, size)
    if rule != "python" or isinstance(data, Structs):
        return there
    if isinstance(data, Lists):
        return there if data.stream else there & (data.lengths > 0)
    if pa.types.is_null(data.type):
        return np.zeros(size, np.bool_)
    if pa.types.is_string(data.type) or pa.types.is_binary(data.type):
        return there & (string_lengths(data) > 0)
    if pa.types.is_integer(data.type) or pa.types.is_floating(data.type) or pa.types.is_decimal(data.type):
        return pc.fill_null(pc.not_equal(data, pa.scalar(0, data.type)), False).to_numpy(zero_copy_only=False)
    if pa.types.is_map(data.type) or pa.types.is_duration(data.type):
        return np.fromiter((bool(one) for one in data.to_pylist()), np.bool_, size)
    return there


def string_lengths(array: pa.Array) -> Rows:
    """Bytes of each string; nulls have any."""
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    return np.diff(offsets)


def choice(frame: Frame, expr: Expr) -> Choice | None:
    """The two values that `expr` chooses from, if it is one that chooses."""
    if isinstance(expr, Conditional):
        return Choice(truth(frame, expr.test), expr.then, expr.otherwise)
    if isinstance(expr, And):
        return Choice(truth(frame, expr.left), expr.right, expr.left)
    if isinstance(expr, Or):
        return Choice(truth(frame, expr.left), expr.left, expr.right)
    if isinstance(expr, Apply) and expr.filter == "default":
        return DEFAULTS[frame.chunk.program.plan.language](frame, expr)
    return None


def _default(frame: Frame, expr: Apply) -> Choice | None:
    """`value | default(other)`: other where the value is undefined, or with a true second argument counts as false."""
    given = dict(zip(("default_value", "boolean"), expr.arguments, strict=False)) | dict(expr.options)
    boolean = given.get("boolean", Literal(False))
    if not isinstance(boolean, Literal):
        return None
    value = frame.value(expr.of)
    kept = np.ones(frame.size, np.bool_) if value.undefined is None else ~value.undefined
    if boolean.value:
        kept = kept & truthy(value.data, frame.size, rule="python")
    other = given.get("default_value", EMPTY)
    eager = None if other is EMPTY else frame.value(other).faulty  # arguments are evaluated whether used or not
    return Choice(Truth(kept, either(value.faulty, eager)), expr.of, other)


EMPTY = Literal("")
DEFAULTS: dict[str, Callable[[Frame, Apply], Choice | None]] = {"jinja2": _default}
"""What the filter `default` chooses, by the language."""


def chosen(frame: Frame, expr: Expr) -> Value:
    """The value of an expression that chooses."""
    found = choice(frame, expr)
    if found is None:
        assert isinstance(expr, Apply)
        operands = [frame.value(one) for one in (expr.of, *expr.arguments)]
        return call(frame, expr, "default", frame.chunk.program.library.filter("default"), operands)
    then, otherwise = side(frame, found.then, found.test.true), side(frame, found.otherwise, ~found.test.true)
    value = select(frame.size, found.test.true, then, otherwise)
    return replace(value, faulty=either(found.test.faulty, value.faulty))


def side(frame: Frame, expr: Expr | None, rows: Mask) -> Value:
    """One side of a choice, of which `rows` alone are used."""
    if expr is None:
        return Value(Constant(None), np.ones(frame.size, np.bool_))
    if expr is EMPTY:
        return Value(Constant(""))
    if id(expr) not in frame.chunk.program.moving or rows.all():
        return frame.value(expr)
    picked = np.flatnonzero(rows)
    back = np.zeros(frame.size, np.int64)
    back[picked] = np.arange(len(picked))
    if not len(picked):
        return Value(Constant(None), np.ones(frame.size, np.bool_))
    return frame.part(picked).value(expr).take(back)


def _not(frame: Frame, expr: Not) -> Value:
    found = truth(frame, expr)
    return Value(pa.array(found.true), None, found.faulty)


def _compare(frame: Frame, expr: Compare) -> Value:
    left = frame.value(expr.of)
    if len(expr.links) == 1:
        operator, operand = expr.links[0]
        return compared(frame, expr, operator, left, frame.value(operand))
    true, faulty = np.ones(frame.size, np.bool_), None
    for operator, operand in expr.links:
        right = frame.value(operand)
        link = compared(frame, expr, operator, left, right)
        faulty = either(faulty, within(link.wrong, true))
        assert isinstance(link.data, pa.Array | Constant)
        true = true & truthy(link.data, frame.size, rule="nil")
        left = right
    return Value(pa.array(true), None, faulty)


Check = Callable[[Data, int], Mask]


def _typed(*checks: Callable[[pa.DataType], bool], kinds: tuple[type, ...], nested: tuple[type, ...] = ()) -> Check:
    """A test that asks for the type alone."""

    def check(data: Data, size: int) -> Mask:
        if isinstance(data, Constant):
            return np.full(size, type(data.value) in kinds)
        if isinstance(data, Mixed):
            return np.where(data.test, check(data.then, size), check(data.otherwise, size))
        if isinstance(data, Structs | Lists):
            return ~null_mask(data, size) if isinstance(data, nested) else np.zeros(size, np.bool_)
        return ~null_mask(data, size) if any(one(data.type) for one in checks) else np.zeros(size, np.bool_)

    return check


NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
CHECKS: dict[str, Check] = {
    "none": null_mask,
    "string": _typed(pa.types.is_string, kinds=(str,)),
    "number": _typed(*NUMBERS, kinds=(int, float, bool)),
    "integer": _typed(pa.types.is_integer, kinds=(int,)),
    "float": _typed(pa.types.is_floating, kinds=(float,)),
    "boolean": _typed(pa.types.is_boolean, kinds=(bool,)),
    "mapping": _typed(pa.types.is_map, kinds=(), nested=(Structs,)),
}
COMPARING = {
    "eq": "eq", "==": "eq", "equalto": "eq", "ne": "ne", "!=": "ne", "gt": "gt", ">": "gt", "greaterthan": "gt",
    "ge": "ge", ">=": "ge", "lt": "lt", "<": "lt", "lessthan": "lt", "le": "le", "<=": "le", "in": "in",
}  # fmt: skip

TESTS: dict[str, Callable[[Data, int], Mask | None]] = {}
"""Tests on the data alone, which say None where the library has to."""


def _test(frame: Frame, expr: Test) -> Value:
    of = frame.value(expr.of)
    if expr.test in ("defined", "undefined"):
        undefined = np.zeros(frame.size, np.bool_) if of.undefined is None else of.undefined
        return Value(pa.array(undefined if expr.test == "undefined" else ~undefined), None, of.faulty)
    if expr.test in COMPARING and len(expr.arguments) == 1:
        return compared(frame, expr, COMPARING[expr.test], of, frame.value(expr.arguments[0]))
    check = CHECKS.get(expr.test)
    if check is not None and not (isinstance(of.data, Lists) and of.data.stream):
        holds = check(of.data, frame.size)  # of what is undefined none of these holds
        return Value(pa.array(holds if of.undefined is None else holds & ~of.undefined), None, of.faulty)
    if expr.test in TESTS:
        found = TESTS[expr.test](of.data, frame.size)
        if found is not None:
            return Value(pa.array(found), None, of.wrong)
    if expr.test in ("odd", "even", "divisibleby"):
        divided = _divided(frame, expr, of)
        if divided is not None:
            return divided
    if expr.test == "sameas":  # whether two equal values are one object is for the library alone to say
        return Value(Constant(None), None, np.ones(frame.size, np.bool_))
    operands = [of, *(frame.value(one) for one in expr.arguments)]
    return call(frame, expr, f"the test {expr.test}", frame.chunk.program.library.test(expr.test), operands)


def _divided(frame: Frame, expr: Test, of: Value) -> Value | None:
    if not isinstance(of.data, pa.Array) or not pa.types.is_integer(of.data.type):
        return None
    divisor: object = 2
    if expr.test == "divisibleby":
        operand = frame.value(expr.arguments[0]).data if len(expr.arguments) == 1 else None
        divisor = operand.value if isinstance(operand, Constant) else None
    if type(divisor) is not int or not 0 < divisor < 2**31:
        return None
    numbers = pc.fill_null(of.data, 0).to_numpy().astype(np.int64)
    rest = np.remainder(numbers, divisor)
    return Value(pa.array(rest == (1 if expr.test == "odd" else 0)), None, either(of.wrong, nulls(of.data)))


KERNELS |= {And: chosen, Or: chosen, Conditional: chosen, Not: _not, Compare: _compare, Test: _test}
