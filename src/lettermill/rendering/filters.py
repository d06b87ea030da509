"""What a template may apply to a value. All of it is deterministic, and none of it can make a value without bounds."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import filters as stock
from jinja2 import pass_eval_context
from jinja2 import tests as stock_tests
from jinja2.nodes import EvalContext
from jinja2.runtime import Undefined
from markupsafe import escape

MAX_CHARACTERS = 1_000_000
MAX_WIDTH = 1_000
WEB = re.compile(r"(?i:https?)://")
STOCK = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "last", "length", "list",
    "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "string",
    "striptags", "sum", "title", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
)  # fmt: skip
STOCK_TESTS = (
    "!=", "<", "<=", "==", ">", ">=", "boolean", "defined", "divisibleby", "eq", "equalto", "escaped", "even", "false",
    "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne",
    "none", "number", "odd", "sameas", "sequence", "string", "true", "undefined", "upper",
)  # fmt: skip


class RenderFault(Exception):  # noqa: N818 (a fault of a message, not an error of ours)
    """Why a message cannot be rendered, in words without any value of its data."""


def bounded(size: int) -> None:
    """Refuse a text of more than MAX_CHARACTERS before it is made."""
    if size > MAX_CHARACTERS:
        raise RenderFault(f"a text would be longer than {MAX_CHARACTERS:,} characters")


def money(amount: Any, currency: str, locale: str) -> str:
    """Write an amount as the locale does: 1234.5 USD is $1,234.50 in en_US, 1.234,50 $ in de_DE."""
    return _money(_number(amount, "money"), str(currency), str(locale))


def number(value: Any, locale: str, pattern: str | None = None) -> str:
    """Write a number as the locale does: 1234.5 is 1,234.5 in en_US. `pattern` is one of CLDR, such as `#,##0.00`."""
    return _decimal(_number(value, "number"), str(locale), pattern and str(pattern))


def percent(value: Any, locale: str) -> str:
    """Write a share as the locale does: 0.15 is 15% in en_US, 15 % in de_DE."""
    return _percent(_number(value, "percent"), str(locale))


def plural(value: Any, locale: str, **forms: str) -> str:
    """The form for a count, by CLDR's rules: `n | plural(locale, one='day', other='days')`; `other` must be there."""
    if "other" not in forms:
        raise RenderFault("plural needs the form other")
    category = _plural(_number(value, "plural"), str(locale))
    return forms.get(category, forms["other"])


def day(moment: Any, style: str, locale: str, timezone: str = "UTC") -> str:
    """Write a date as the locale does; `style` is short, medium, long, full or a CLDR pattern.

    An instant is the day that it is in `timezone`.
    """
    _given(moment, "date")
    if not isinstance(moment, date):
        raise RenderFault("date needs a date")
    moment = _in_zone(moment, timezone, "date").date() if isinstance(moment, datetime) else moment
    return _day(moment, str(style), str(locale))


def instant(moment: Any, style: str, locale: str, timezone: str) -> str:
    """Write an instant as the locale does, in the time zone; `style` as for `date`."""
    _given(moment, "datetime")
    if not isinstance(moment, datetime):
        raise RenderFault("datetime needs an instant")
    return _instant(_in_zone(moment, timezone, "datetime"), str(style), str(locale))


def with_query(address: Any, query: str) -> Any:
    """An address of the web with `query` (`a=1&b=2`) before its fragment, less the parameters that it has already.

    Any other address, a null and what is not there stay as they are.
    """
    if not WEB.match(str(address)) or isinstance(address, Undefined):
        return address
    plain, mark, fragment = str(address).partition("#")
    present = {pair.partition("=")[0] for pair in plain.partition("?")[2].split("&")}
    missing = "&".join(pair for pair in str(query).split("&") if pair.partition("=")[0] not in present)
    joint = "&" if "?" in plain else "?"
    return plain + (joint + missing if missing else "") + mark + fragment


def _number(value: Any, filter_name: str) -> Decimal:
    _given(value, filter_name)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RenderFault(f"{filter_name} needs a number")
    return Decimal(str(value))


def _in_zone(moment: datetime, timezone: str, filter_name: str) -> datetime:
    try:
        zone = ZoneInfo(str(timezone))
    except (ValueError, OSError, KeyError):
        raise RenderFault(f"{filter_name} needs a time zone, such as Europe/Vienna") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)


@lru_cache(maxsize=65_536)
def _money(amount: Decimal, currency: str, locale: str) -> str:
    return format_currency(amount, currency, locale=_locale(locale))


@lru_cache(maxsize=65_536)
def _decimal(value: Decimal, locale: str, pattern: str | None) -> str:
    if pattern is not None:
        bounded(sum(int(width) for width in re.findall(r"\d{4,}", pattern)))
    return format_decimal(value, pattern, locale=_locale(locale))


@lru_cache(maxsize=65_536)
def _percent(value: Decimal, locale: str) -> str:
    return format_percent(value, locale=_locale(locale))


@lru_cache(maxsize=65_536)
def _plural(value: Decimal, locale: str) -> str:
    return str(_locale(locale).plural_form(value))


@lru_cache(maxsize=65_536)
def _day(moment: date, style: str, locale: str) -> str:
    return format_date(moment, style, locale=_locale(locale))


@lru_cache(maxsize=65_536)
def _instant(moment: datetime, style: str, locale: str) -> str:
    return format_datetime(moment, style, tzinfo=moment.tzinfo, locale=_locale(locale))


@lru_cache
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise RenderFault("the locale is not known") from None


def _given(value: Any, filter_name: str) -> None:
    if value is None:
        raise RenderFault(f"{filter_name} of a null")
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()


@pass_eval_context
def join(context: EvalContext, values: Iterable[Any], separator: str = "") -> str:
    """Jinja2's join, within bounds."""
    listed = list(values)
    bounded(sum(len(str(value)) for value in listed) + len(separator) * len(listed))
    return stock.do_join(context, listed, separator)


@pass_eval_context
def replace(context: EvalContext, text: str, old: str, new: str) -> str:
    """Jinja2's replace, within bounds."""
    bounded(len(str(text)) + str(text).count(str(old)) * len(str(escape(new))))
    return stock.do_replace(context, text, old, new)


def rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
    """Jinja2's round, within bounds."""
    if isinstance(precision, int) and abs(precision) > MAX_WIDTH:
        raise RenderFault(f"round to more than {MAX_WIDTH:,} places")
    return stock.do_round(value, precision, method)  # type: ignore[arg-type]


def formatted(text: str, *values: Any, **named: Any) -> str:
    """Jinja2's format (`'%s of %s' | format(a, b)`), without widths that make a text long."""
    if "*" in str(text) or any(int(width) > MAX_WIDTH for width in re.findall(r"\d+", str(text))):
        raise RenderFault(f"a format wider than {MAX_WIDTH:,}")
    return stock.do_format(text, *values, **named)


def batched(values: Any, linecount: int, fill_with: Any = None) -> Any:
    """Jinja2's batch, within bounds."""
    _narrow(linecount, "batch")
    return stock.do_batch(values, linecount, fill_with)


def sliced(values: Any, slices: int, fill_with: Any = None) -> Any:
    """Jinja2's slice, within bounds."""
    _narrow(slices, "slice")
    return stock.sync_do_slice(values, slices, fill_with)


def _narrow(count: Any, filter_name: str) -> None:
    if not isinstance(count, int) or not 1 <= count <= MAX_WIDTH:
        raise RenderFault(f"{filter_name} needs a whole number from 1 to {MAX_WIDTH:,}")


FILTERS: Mapping[str, Callable[..., Any]] = {
    **{name: stock.FILTERS[name] for name in STOCK},
    "join": join,
    "replace": replace,
    "round": rounded,
    "format": formatted,
    "batch": batched,
    "slice": sliced,
    "money": money,
    "number": number,
    "percent": percent,
    "plural": plural,
    "date": day,
    "datetime": instant,
    "with_query": with_query,
}
"""Not among them: random, whatever turns escaping off (xmlattr, tojson), and what pads without bounds."""

TESTS: Mapping[str, Any] = {name: stock_tests.TESTS[name] for name in STOCK_TESTS}
