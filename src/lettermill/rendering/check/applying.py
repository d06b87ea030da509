"""Filters and tests on values of kinds that they do not fit, and with arguments that they do not take."""

import difflib
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from lettermill.rendering.check.facts import COMPARING, Facts
from lettermill.rendering.check.operators import link
from lettermill.rendering.check.scene import Scene
from lettermill.rendering.check.signatures import (
    BY_FIELD,
    NULL_IS_FINE,
    SIGNATURES,
    TESTED,
    Signature,
    arguments_of,
    defaulted,
)  # fmt: skip
from lettermill.rendering.check.values import SPOKEN, Kind, Value
from lettermill.rendering.check.wording import words
from lettermill.rendering.plan.nodes import Apply, Expr, Literal, Test

STYLES = ("short", "medium", "long", "full")
MENDS: Mapping[tuple[str, Kind], str] = {
    ("date", "text"): "declare the input as a date",
    ("datetime", "text"): "declare the input as a timestamp",
    ("datetime", "date"): "a date has no time: use | date",
    ("money", "text"): "declare the input as a decimal, or make it a number: | float",
    ("number", "text"): "declare the input as a number, or make it one: | float",
}


def applied(scene: Scene, expr: Apply, facts: Facts) -> Value:
    """A filter on a value."""
    arguments = arguments_of(expr)
    if isinstance(arguments, str):
        scene.findings.add("LM205", expr.place, arguments, "give it these arguments")
        arguments = {}
    if expr.filter == "default":
        return _default(scene, expr, arguments, facts)
    if expr.filter in NULL_IS_FINE:
        of = scene.defined(expr.of, facts)
    else:
        of = scene.needed(expr.of, facts, f"the filter {expr.filter}")
    signature = SIGNATURES.get(expr.filter)
    if signature is None:
        return Value()
    _check_kind(scene, expr, of, signature)
    _check_arguments(scene, expr, signature, arguments, facts)
    if expr.filter in BY_FIELD and of.kind == "list":
        return _by_field(scene, expr, of, arguments)
    gives = signature.gives
    if isinstance(gives, pa.DataType):
        return Value(gives)
    given = gives(of) if of.kind != "unknown" else Value()
    is_sure = facts.of(expr.of).truth is True or facts.of(expr.of).least > 0 or of.kind != "list"
    if expr.filter in ("first", "last") and not is_sure:
        return replace(given, missing=True, why=f"{words(expr.of)} may be empty")
    return given


def tested(scene: Scene, expr: Test, facts: Facts) -> Value:
    """A named test."""
    arguments = arguments_of(expr)
    if isinstance(arguments, str):
        scene.findings.add("LM205", expr.place, arguments, "give it these arguments")
    elif expr.test in COMPARING and expr.arguments:
        link(scene, expr.of, COMPARING[expr.test], expr.arguments[0], facts)
    elif expr.test in ("none", "defined", "undefined"):
        scene.doubt(expr.of, facts)
        if expr.test == "none":
            scene.defined(expr.of, facts)
    elif expr.test in TESTED:
        of = scene.needed(expr.of, facts, f"the test {expr.test}")
        if of.kind not in (*TESTED[expr.test], "unknown"):
            message = f"the test {expr.test} takes a number, and {words(expr.of)} is {SPOKEN[of.kind]}"
            scene.findings.add("LM203", scene.findings.begin(expr.of), message, "make it a number: | int")
    else:
        scene.defined(expr.of, facts)
    return Value(pa.bool_())


def _default(scene: Scene, expr: Apply, arguments: Mapping[str, Expr], facts: Facts) -> Value:
    scene.doubt(expr.of, facts)
    of = scene.value(expr.of, facts)
    fallback = arguments.get("default_value")
    boolean = arguments.get("boolean")
    nulls_too = scene.rules.missing == "nil" or (isinstance(boolean, Literal) and bool(boolean.value))
    given = scene.value(fallback, facts) if fallback is not None else Value(pa.string())
    return defaulted(of, given, nulls_too=nulls_too)


def _check_kind(scene: Scene, expr: Apply, of: Value, signature: Signature) -> None:
    if of.kind == "unknown" or of.kind in signature.takes:
        return
    takes = " or ".join(SPOKEN[kind] for kind in signature.takes)
    mend = MENDS.get((expr.filter, of.kind)) or _mend(of.kind)
    if of.kind in signature.prints:
        message = f"the filter {expr.filter} is for {takes}; {words(expr.of)} is {SPOKEN[of.kind]}"
        scene.findings.add("LM203", scene.findings.begin(expr.of), message, mend, severity="warning")
    else:
        message = f"the filter {expr.filter} takes {takes}, and {words(expr.of)} is {SPOKEN[of.kind]}"
        scene.findings.add("LM203", scene.findings.begin(expr.of), message, mend)


def _mend(kind: Kind) -> str:
    if kind in ("list", "struct", "map"):
        return "take an item or a field of it, or loop over it"
    if kind in ("date", "instant"):
        return "write it by | date('long', locale)"
    return "leave the filter out, or take another value"


def _check_arguments(
    scene: Scene, expr: Apply, signature: Signature, arguments: Mapping[str, Expr], facts: Facts
) -> None:
    for name, argument in arguments.items():
        value = scene.needed(argument, facts, f"the argument {name} of {expr.filter}")
        takes = (signature.arguments or {}).get(name)
        if takes and value.kind not in (*takes, "unknown"):
            wanted = " or ".join(SPOKEN[kind] for kind in takes)
            message = (
                f"the argument {name} of {expr.filter} takes {wanted}, and {words(argument)} is {SPOKEN[value.kind]}"
            )
            scene.findings.add("LM205", scene.findings.begin(argument), message, "give another argument")
        if name == "style" and isinstance(argument, Literal) and isinstance(argument.value, str):
            near = difflib.get_close_matches(argument.value, STYLES, n=1)
            if near and argument.value not in STYLES:
                message = f"{argument.value!r} is no style of dates: the letters would be read as a pattern"
                scene.findings.add(
                    "LM205", scene.findings.begin(argument), message, f"did you mean {near[0]!r}?", severity="warning"
                )
    if expr.filter == "plural" and arguments and "other" not in dict(expr.options):
        scene.findings.add("LM205", expr.place, "plural needs the form other", "add other='...'")


def _by_field(scene: Scene, expr: Apply, of: Value, arguments: Mapping[str, Expr]) -> Value:
    """map, sort, sum and the like, by a field of the items."""
    options = {**arguments, **dict(expr.options)}
    named = options.get("attribute")
    item = of.element()
    if isinstance(named, Literal) and isinstance(named.value, str):
        for step in named.value.split("."):
            found = item.field(step)
            if found is None:
                scene.tell_no_field(item, step, scene.findings.begin(named))
            item = found or Value()
    if expr.filter == "map":
        return Value(pa.list_(item.type), item.path if named is not None else None) if named is not None else Value()
    if expr.filter == "sum":
        if item.kind not in ("number", "truth", "unknown"):
            message = f"sum adds numbers, and the items of {words(expr.of)} are {SPOKEN[item.kind]}"
            scene.findings.add("LM203", scene.findings.begin(expr.of), message, "name a field: sum(attribute='price')")
        return Value(item.type)
    return of.element() if expr.filter in ("min", "max") else Value(of.type, of.path)
