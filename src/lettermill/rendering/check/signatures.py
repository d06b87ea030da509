"""What the filters and tests of the language take and give."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lettermill.rendering.check.values import Kind, Value, either
from lettermill.rendering.filters import FILTERS, TESTS
from lettermill.rendering.plan.nodes import Apply, Expr, Test

SCALAR: tuple[Kind, ...] = ("text", "number", "truth", "date", "instant")
TEXT, NUMBER, MOMENT = pa.string(), pa.decimal128(38, 18), pa.timestamp("us")


@dataclass(frozen=True)
class Signature:
    """`takes` are the kinds that a filter works on; on those of `prints` it works on their text, which is seldom meant.

    `gives` is the type of the result: one of Arrow, or told by the value. `arguments` are the kinds of named ones.
    """

    takes: tuple[Kind, ...]
    gives: pa.DataType | Callable[[Value], Value]
    prints: tuple[Kind, ...] = ()
    arguments: Mapping[str, tuple[Kind, ...]] | None = None


def _same(of: Value) -> Value:
    return Value(of.type, of.path)


def _one(of: Value) -> Value:
    return of.element()


def _listed(of: Value) -> Value:
    return of if of.kind == "list" else Value(pa.list_(of.element().type))


def _parts(of: Value) -> Value:
    return Value(pa.list_(pa.list_(of.element().type)))


LOCAL: Mapping[str, tuple[Kind, ...]] = {"locale": ("text",)}
COLLECTION: tuple[Kind, ...] = ("list", "text")
ON_TEXT = Signature(("text",), TEXT, prints=("number", "truth", "date", "instant"))
SIGNATURES: Mapping[str, Signature] = {
    **dict.fromkeys(("capitalize", "lower", "upper", "title", "trim", "striptags", "replace"), ON_TEXT),
    "escape": Signature(SCALAR, TEXT),
    "string": Signature(SCALAR, TEXT),
    "urlencode": Signature((*SCALAR, "struct", "map"), TEXT),
    "truncate": Signature(("text",), TEXT, arguments={"length": ("number",)}),
    "format": Signature(("text",), TEXT),
    "wordcount": Signature(("text",), pa.int64(), prints=("number", "truth", "date", "instant")),
    "abs": Signature(("number",), _same),
    "round": Signature(("number",), _same, arguments={"precision": ("number",)}),
    "int": Signature(("number", "text", "truth"), pa.int64()),
    "float": Signature(("number", "text", "truth"), pa.float64()),
    "money": Signature(("number",), TEXT, arguments={"currency": ("text",), **LOCAL}),
    "number": Signature(("number",), TEXT, arguments={"pattern": ("text",), **LOCAL}),
    "percent": Signature(("number",), TEXT, arguments=LOCAL),
    "plural": Signature(("number",), TEXT, arguments=LOCAL),
    "date": Signature(("date", "instant"), TEXT, arguments={"style": ("text",), "timezone": ("text",), **LOCAL}),
    "datetime": Signature(("instant",), TEXT, arguments={"style": ("text",), "timezone": ("text",), **LOCAL}),
    "with_query": Signature(("text",), TEXT, arguments={"query": ("text",)}),
    "length": Signature((*COLLECTION, "struct", "map"), pa.int64()),
    "join": Signature(("list",), TEXT, prints=("text",)),
    **dict.fromkeys(("first", "last"), Signature(COLLECTION, _one)),
    **dict.fromkeys(("min", "max"), Signature(("list",), _one)),
    "sum": Signature(("list",), NUMBER),
    "reverse": Signature(COLLECTION, _same),
    **dict.fromkeys(("sort", "unique", "select", "reject", "selectattr", "rejectattr"), Signature(("list",), _listed)),
    "list": Signature((*COLLECTION, "struct", "map"), _listed),
    "map": Signature(("list",), lambda _: Value(pa.list_(pa.null()))),
    **dict.fromkeys(("batch", "slice"), Signature(COLLECTION, _parts)),
}
"""`default` is not among them: it takes anything, and what is not there."""

TESTED: Mapping[str, tuple[Kind, ...]] = dict.fromkeys(("divisibleby", "even", "odd"), ("number",))
BY_FIELD = ("map", "sort", "sum", "min", "max", "unique")
NULL_IS_FINE = ("default", "int", "float")


def arguments_of(expr: Apply | Test) -> Mapping[str, Expr] | str:
    """The arguments of a filter or test by the names of its parameters; a text says what is wrong with them."""
    kind, name = ("filter", expr.filter) if isinstance(expr, Apply) else ("test", expr.test)
    function = FILTERS[name] if isinstance(expr, Apply) else TESTS[name]
    options = dict(expr.options) if isinstance(expr, Apply) else {}
    try:
        signature = inspect.signature(function)
    except ValueError:
        return {}
    first = 2 if getattr(function, "jinja_pass_arg", None) else 1
    parameters = list(signature.parameters.values())[first:]
    try:
        bound = signature.replace(parameters=parameters).bind(*expr.arguments, **options)
    except TypeError:
        return f"{kind} {name!r} takes ({', '.join(map(_spoken, parameters))})"
    named = {parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL}
    return {name: value for name, value in bound.arguments.items() if name in named and isinstance(value, Expr)}


def defaulted(of: Value, fallback: Value, *, nulls_too: bool) -> Value:
    """The value behind `default`: what is undefined is replaced, and a null where the filter is told so."""
    standing = Value(
        of.type, of.path, null=of.null and not nulls_too, why=of.why, doubted=of.doubted and not nulls_too
    )  # fmt: skip
    return either((standing, fallback)) if of.missing or of.null or of.doubted else standing


def _spoken(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return "..."
    if parameter.kind is parameter.VAR_KEYWORD:
        return "name=..."
    default: Any = parameter.default
    return parameter.name if default is parameter.empty else f"{parameter.name}={default!r}"
