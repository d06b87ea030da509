"""What a template may apply to a value. All of it is deterministic, and none of it can make a value without bounds."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import filters as stock
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Undefined
from markupsafe import escape

MAX_CHARACTERS = 1_000_000
STOCK = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "last", "length", "list",
    "lower", "max", "min", "reverse", "round", "sort", "string", "striptags", "sum", "title", "trim", "truncate",
    "unique", "upper", "urlencode", "wordcount",
)  # fmt: skip


class RenderFault(Exception):  # noqa: N818 (a fault of a message, not an error of ours)
    """Why a message cannot be rendered, in words without any value of its data."""


def bounded(size: int) -> None:
    """Refuse a text of more than MAX_CHARACTERS before it is made."""
    if size > MAX_CHARACTERS:
        raise RenderFault(f"a text would be longer than {MAX_CHARACTERS:,} characters")


def money(amount: Any, currency: str, locale: str) -> str:
    """Write an amount as the locale does: 1234.5 USD is $1,234.50 in en_US, 1.234,50 $ in de_DE."""
    _given(amount, "money")
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal):
        raise RenderFault("money needs a number")
    return _money(Decimal(str(amount)), str(currency), str(locale))


def day(moment: Any, style: str, locale: str) -> str:
    """Write a date as the locale does; `style` is short, medium, long, full or a CLDR pattern. Instants are in UTC."""
    _given(moment, "date")
    if not isinstance(moment, date):
        raise RenderFault("date needs a date")
    return _day(moment.date() if isinstance(moment, datetime) else moment, str(style), str(locale))


@lru_cache(maxsize=65_536)
def _money(amount: Decimal, currency: str, locale: str) -> str:
    return format_currency(amount, currency, locale=_locale(locale))


@lru_cache(maxsize=65_536)
def _day(moment: date, style: str, locale: str) -> str:
    return format_date(moment, style, locale=_locale(locale))


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


FILTERS: Mapping[str, Callable[..., Any]] = {
    **{name: stock.FILTERS[name] for name in STOCK},
    "join": join,
    "replace": replace,
    "money": money,
    "date": day,
}
"""Not among them: random, whatever turns escaping off (safe, xmlattr, tojson), and what pads without bounds."""
