"""What a Liquid template may apply to a value: python-liquid's own filters, within bounds, and babel's formats."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from inspect import Signature, signature
from typing import Any

from liquid import Environment
from liquid.filter import flatten
from liquid.undefined import Undefined

from lettermill.rendering.filters import (
    RenderFault,
    bounded,
    day,
    instant,
    money,
    number,
    percent,
    plural,
    with_query,
)
from lettermill.rendering.liquid.dates import written_date

MAX_ITEMS = 10_000
MAX_DISTINCT = 1_000  # python-liquid compares each item with each
MAX_BITS = 4_096  # of a whole number
NUMERIC = (
    "abs", "at_least", "at_most", "ceil", "divided_by", "floor", "minus", "modulo", "plus", "round", "times",
)  # fmt: skip
STOCK = (
    *NUMERIC, "append", "base64_decode", "base64_encode", "base64_url_safe_decode", "base64_url_safe_encode",
    "capitalize", "compact", "concat", "default", "downcase", "escape", "escape_once", "find", "find_index", "first",
    "has", "join", "last", "lstrip", "map", "newline_to_br", "prepend", "reject", "remove", "remove_first",
    "remove_last", "replace", "replace_first", "replace_last", "reverse", "rstrip", "size", "slice", "sort",
    "sort_natural", "split", "squish", "strip", "strip_html", "strip_newlines", "sum", "truncate", "truncatewords",
    "uniq", "upcase", "url_decode", "url_encode", "where",
)  # fmt: skip
Filter = Callable[..., Any]


def _within_bounds(function: Filter) -> Filter:
    """The filter, refusing what it made where that is too long to go on with."""

    @wraps(function)
    def checked(value: Any, *arguments: Any, **options: Any) -> Any:
        return _kept(function(value, *arguments, **options))

    return checked


def _kept(result: Any) -> Any:
    kind = type(result)  # what is missing refuses to be asked for its class
    if issubclass(kind, str):
        bounded(len(result))
    elif issubclass(kind, list | tuple | range):
        few(len(result))
    elif issubclass(kind, int) and result.bit_length() > MAX_BITS:
        raise RenderFault("a whole number is too large")
    return result


def few(items: int, most: int = MAX_ITEMS) -> None:
    """Refuse a list of more than `most` items."""
    if items > most:
        raise RenderFault(f"a list of more than {most:,} items")


def _numeric(name: str, function: Filter) -> Filter:
    """python-liquid takes a decimal for zero in arithmetic: better a fault than a price of nothing."""

    @wraps(function)
    def checked(value: Any, *arguments: Any, **options: Any) -> Any:
        _no_decimals(name, (value, *arguments))
        return function(value, *arguments, **options)

    return checked


def _no_decimals(name: str, values: Any) -> None:
    if any(type(one) is Decimal for one in values):
        raise RenderFault(f"{name} cannot take a decimal: make the input a double")


def _joining(function: Filter) -> Filter:
    """Join, refused before a separator makes it too long."""

    @wraps(function)
    def checked(value: Any, separator: Any = " ", **options: Any) -> Any:
        items = len(value) if isinstance(value, list | tuple | range) else 1
        few(items)
        bounded(items * len(str(separator)))
        return function(value, separator, **options)

    return checked


def _replacing(function: Filter) -> Filter:
    """Replace, refused before it makes a text too long."""

    @wraps(function)
    def checked(value: Any, *arguments: Any, **options: Any) -> Any:
        # What is missing may go unread, and is python-liquid's to complain about.
        if len(arguments) == 2 and not any(issubclass(type(one), Undefined) for one in (value, *arguments)):
            text, old, new = (str(one) for one in (value, *arguments))
            bounded(len(text) + text.count(old) * len(new) * 5)  # escaping makes one character five
        return function(value, *arguments, **options)

    return checked


def _uniq(function: Filter) -> Filter:
    @wraps(function)
    def checked(value: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(value, list | tuple | range):
            few(len(value), MAX_DISTINCT)
        return function(value, *arguments, **options)

    return checked


def _summing(function: Filter) -> Filter:
    @wraps(function)
    def checked(value: Any, key: Any = None, **options: Any) -> Any:
        items = flatten(value) if isinstance(value, list | tuple) else [value]
        _no_decimals("sum", (one.get(str(key)) if isinstance(one, dict) else one for one in items))
        return function(value, key, **options)

    return checked


def _stock() -> dict[str, Filter]:
    stock = Environment().filters
    filters = {name: stock[name] for name in STOCK}
    filters |= {name: _numeric(name, filters[name]) for name in NUMERIC}
    filters |= {name: _replacing(filters[name]) for name in ("replace", "replace_first", "replace_last")}
    filters |= {"join": _joining(filters["join"]), "uniq": _uniq(filters["uniq"]), "sum": _summing(filters["sum"])}
    return {name: _within_bounds(function) for name, function in filters.items()}


FILTERS: Mapping[str, Filter] = {
    **_stock(),
    "date": written_date,
    "money": money,
    "number": number,
    "percent": percent,
    "plural": plural,
    "local_date": day,
    "datetime": instant,
    "with_query": with_query,
}
"""Not among them: safe (a template's literals are markup anyway, data never is) and escapejs (mails run no scripts)."""


def parameters(name: str) -> Signature:
    """What the filter takes, as a template gives it."""
    found = signature(FILTERS[name])
    kept = [one for key, one in found.parameters.items() if key not in ("environment", "context")]
    return found.replace(parameters=kept)
