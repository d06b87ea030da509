"""Operators on values of kinds that they do not fit."""

import difflib

import pyarrow as pa

from lettermill.rendering.check.facts import Facts
from lettermill.rendering.check.scene import Scene
from lettermill.rendering.check.values import SPOKEN, Kind, Value
from lettermill.rendering.check.wording import SIGNS, words
from lettermill.rendering.plan.nodes import Arithmetic, Compare, Expr, ListOf, Literal, Signed

NUMERIC: tuple[Kind, ...] = ("number", "truth")
ORDERED: tuple[tuple[Kind, ...], ...] = (NUMERIC, ("text",), ("date",), ("instant",), ("list",))


def compared(scene: Scene, expr: Compare, facts: Facts) -> Value:
    """A chain of comparisons."""
    left = expr.of
    for sign, right in expr.links:
        link(scene, left, sign, right, facts)
        left = right
    return Value(pa.bool_())


def link(scene: Scene, left: Expr, sign: str, right: Expr, facts: Facts) -> None:
    """One comparison of two neighbours."""
    if _is_none(left) or _is_none(right):
        scene.doubt(right if _is_none(left) else left, facts)
        scene.defined(left, facts), scene.defined(right, facts)
    elif sign in ("in", "notin"):
        _membership(scene, left, right, facts)
    elif sign in ("eq", "ne"):
        one, other = scene.defined(left, facts), scene.defined(right, facts)
        if not _alike(one.kind, other.kind):
            so = "they are never equal" if sign == "eq" else "they are always unequal"
            _clash(scene, left, one, sign, right, other, so)
        _check_enumeration(scene, one, left, right)
        _check_enumeration(scene, other, right, left)
    else:
        use = f"the comparison {SIGNS[sign]}"
        one, other = scene.needed(left, facts, use), scene.needed(right, facts, use)
        if "unknown" in (one.kind, other.kind):
            return
        if not any(one.kind in group and other.kind in group for group in ORDERED):
            _clash(scene, left, one, sign, right, other, "which is a fault")


def computed(scene: Scene, expr: Arithmetic, facts: Facts) -> Value:
    """Arithmetic: of numbers, and + of two texts or lists too."""
    use = f"the operator {expr.operator}"
    left, right = scene.needed(expr.left, facts, use), scene.needed(expr.right, facts, use)
    kinds = {left.kind, right.kind}
    if expr.operator in ("/", "//", "%") and isinstance(expr.right, Literal) and expr.right.value == 0:
        scene.findings.add(
            "LM202", scene.findings.begin(expr), f"{words(expr)} divides by zero", "divide by something else"
        )
    if "unknown" in kinds:
        return Value()
    if expr.operator == "+" and kinds in ({"text"}, {"list"}):
        return Value(left.type)
    if expr.operator == "-" and kinds in ({"date"}, {"instant"}):
        return Value()
    if not kinds <= {*NUMERIC}:
        mend = "join texts by the operator ~" if expr.operator == "+" else "compute with numbers: | int or | float"
        message = f"{words(expr)} computes with {SPOKEN[left.kind]} and {SPOKEN[right.kind]}"
        scene.findings.add("LM202", scene.findings.begin(expr), message, mend)
        return Value()
    if (_decimal(left) and _floating(right)) or (_decimal(right) and _floating(left)):
        message = f"{words(expr)} mixes a decimal with a float, which is a fault"
        scene.findings.add("LM202", scene.findings.begin(expr), message, "make the decimal a float: | float")
        return Value(pa.float64())
    if _decimal(left) or _decimal(right):
        return Value(pa.decimal128(38, 18))
    floating = expr.operator == "/" or _floating(left) or _floating(right)
    return Value(pa.float64() if floating else pa.int64())


def signed(scene: Scene, expr: Signed, facts: Facts) -> Value:
    """A sign before a number."""
    of = scene.needed(expr.of, facts, f"the sign {expr.sign}")
    if of.kind not in (*NUMERIC, "unknown"):
        message = f"{words(expr.of)} is {SPOKEN[of.kind]}, and has no sign"
        scene.findings.add("LM202", scene.findings.begin(expr.of), message, "make it a number: | int or | float")
        return Value()
    return Value(of.type)


def _membership(scene: Scene, left: Expr, right: Expr, facts: Facts) -> None:
    item, within = scene.defined(left, facts), scene.needed(right, facts, "the operator in")
    if isinstance(right, ListOf):
        for one in right.items:
            value = scene.value(one, facts)
            if not _is_none(one) and not _alike(item.kind, value.kind):
                _clash(scene, left, item, "eq", one, value, "they are never equal")
            _check_enumeration(scene, item, left, one)
        return
    if within.kind == "text" and item.kind not in ("text", "unknown"):
        so = "a text, which is a fault"
    elif within.kind in ("number", "truth", "date", "instant"):
        so = f"{SPOKEN[within.kind]}, which holds nothing"
    elif within.kind == "list" and not _alike(item.kind, within.element().kind):
        so = f"a list, each item of which is {SPOKEN[within.element().kind]}"
    else:
        return
    message = f"{words(left)} in {words(right)} looks for {SPOKEN[item.kind]} in {so}"
    scene.findings.add("LM201", scene.findings.begin(left), message, "look for a value of the kind that is there")


def _check_enumeration(scene: Scene, value: Value, asked: Expr, other: Expr) -> None:
    """Report a literal that the value, by its declaration, never is."""
    if value.one_of is None or not isinstance(other, Literal) or other.value in (None, *value.one_of):
        return
    allowed = sorted(map(str, value.one_of))
    near = difflib.get_close_matches(str(other.value), allowed, n=1)
    mend = f"did you mean {near[0]!r}?" if near else "ask for one of these, or add it to the SQL of the input"
    message = f"{words(asked)} is never {other.value!r}: it is one of {', '.join(map(repr, allowed))}"
    scene.findings.add("LM403", scene.findings.begin(asked), message, mend)


def _clash(scene: Scene, left: Expr, one: Value, sign: str, right: Expr, other: Value, so: str) -> None:
    compared_kinds = f"{SPOKEN[one.kind]} with {SPOKEN[other.kind]}"
    message = f"{words(left)} {SIGNS[sign]} {words(right)} compares {compared_kinds}: {so}"
    scene.findings.add("LM201", scene.findings.begin(left), message, _mend(left, one, right, other))


def _mend(left: Expr, one: Value, right: Expr, other: Value) -> str:
    for value, (expr, typed) in ((one, (right, other)), (other, (left, one))):
        number = isinstance(expr, Literal) and isinstance(expr.value, str) and expr.value.replace(".", "", 1).isdigit()
        if value.kind == "number" and number and typed.kind == "text":
            return f"write the number without quotes: {expr.value}"  # type: ignore[attr-defined]
        if value.kind == "text" and isinstance(expr, Literal) and typed.kind == "number":
            return f"write it in quotes: {str(expr.value)!r}"
    if {one.kind, other.kind} == {"text", "number"}:
        return "make the text a number: | int or | float"
    if {one.kind, other.kind} == {"date", "text"}:
        return "compare its .year, .month and .day"
    return "compare values of one kind"


def _alike(one: Kind, other: Kind) -> bool:
    return one == other or "unknown" in (one, other) or (one in NUMERIC and other in NUMERIC)


def _is_none(expr: Expr) -> bool:
    return isinstance(expr, Literal) and expr.value is None


def _decimal(value: Value) -> bool:
    return bool(pa.types.is_decimal(value.type))


def _floating(value: Value) -> bool:
    return bool(pa.types.is_floating(value.type))
