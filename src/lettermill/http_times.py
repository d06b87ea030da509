"""Times in the heads of HTTP calls: dates, seconds, and how long a server asks to be left alone.

Source: RFC 9110, 5.6.7 (dates) and 10.2.3 (Retry-After).
"""

from datetime import UTC
from email.utils import parsedate_to_datetime


def moment_in(header: str | None) -> float | None:
    """The moment that a header names, in any of the three forms of a date, in seconds since 1970; null for none."""
    try:
        moment = parsedate_to_datetime(header or "")
        # The form of asctime names no zone: HTTP means GMT, and this machine's clock may stand in another.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def seconds_in(header: str | None) -> float | None:
    """The number of seconds in a header; null where there is none."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def wait_in(header: str | None, *, now: float | None) -> float | None:
    """The seconds that a header Retry-After asks for, as a number or up to a date; null where it says nothing.

    `now` is what a date is compared with, in seconds since 1970; where it is null, a date says nothing.
    """
    seconds, moment = seconds_in(header), moment_in(header)
    if seconds is not None or moment is None or now is None:
        return seconds
    return max(0.0, moment - now)
