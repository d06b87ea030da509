"""Liquid's filter `date`, without the clock, the time zone and the locale of the machine."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from dateutil import parser, tz
from liquid.exceptions import FilterArgumentError
from liquid.filter import liquid_filter, with_environment
from markupsafe import Markup

from lettermill.rendering.filters import RenderFault

CLOCK = ("now", "today")
# Where a text leaves a part of a date out, dateutil takes it from these: a whole date is the same by both.
GAPS = (datetime(2000, 1, 1), datetime(2001, 2, 2))
DIRECTIVE = re.compile(r"%[-_0^#EO]*(\d*)(.?)", re.DOTALL)
MAX_WIDTH = 99
MAX_FORMAT = 1_000


@with_environment
@liquid_filter
def written_date(value: Any, fmt: Any, *, environment: Any) -> str:
    """Write a date by strftime's directives, as python-liquid does.

    Unlike there, a number of seconds is an instant in UTC, not in the machine's time zone, and `now`, `today` and texts
    that are no whole date (`5 May`, `10:30`) are faults, since they would read the clock.
    """
    moment = _moment(value)
    if moment is None:
        if isinstance(value, str | int):
            return str(value)
        raise FilterArgumentError("date needs a date", token=None)
    written = moment.strftime(_checked(fmt))
    return Markup(written) if environment.autoescape and isinstance(fmt, Markup) else written


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if isinstance(value, str):
        if value in CLOCK:
            raise RenderFault("date of the clock: no template reads it")
        return _instant(int(value)) if value.isdigit() else _parsed(str(value))
    return _instant(value) if isinstance(value, int) else None


def _instant(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, OSError, ValueError):
        return None


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> datetime | None:
    try:
        one, other = (parser.parse(text, default=gap, tzinfos=_zone) for gap in GAPS)
    except (parser.ParserError, OverflowError):
        return None
    if one != other:
        raise RenderFault("date of a text that is no whole date")
    return one


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """The zone that a text gives by its offset; its name alone is not looked up, since machines differ in it."""
    if offset is None:
        return None
    return tz.UTC if offset == 0 else tz.tzoffset(name, timedelta(seconds=offset))


def _checked(fmt: Any) -> str:
    """The format, of directives that mean the same everywhere and write little."""
    if len(fmt) > MAX_FORMAT:
        raise RenderFault(f"date with a format of more than {MAX_FORMAT:,} characters")
    for width, directive in DIRECTIVE.findall(fmt):
        if directive == "s":
            raise RenderFault("date with %s reads the machine's time zone")
        if width and int(width) > MAX_WIDTH:
            raise RenderFault(f"date with a directive wider than {MAX_WIDTH}")
    return str(fmt)
