"""Durations as conf says them: `36 hours`."""

import re
from datetime import timedelta

UNITS = {"minute": 1, "hour": 60, "day": 24 * 60, "week": 7 * 24 * 60}
"""Units of a duration, in minutes."""
DURATION = re.compile(r"(?P<number>\d{1,5}) ?(?P<unit>[a-z]+?)s?")


def duration(text: str, *, of: str) -> timedelta:
    """Read `90 minutes`, `36 hours`, `7 days` or `2 weeks`; raises ValueError with these examples and the key `of`."""
    found = DURATION.fullmatch(text)
    if found is None or found["unit"] not in UNITS:
        raise ValueError(f"{of} {text!r} is no duration; write 90 minutes, 36 hours, 7 days or 2 weeks")
    return timedelta(minutes=int(found["number"]) * UNITS[found["unit"]])
