"""Which month a recommender is measured on, and so up to when it may learn."""

from datetime import datetime, timedelta

LEAST_WINDOW = timedelta(days=28)


def evaluation_window(as_of: datetime) -> tuple[datetime, datetime]:
    """The last start of a month (of `as_of`'s zone) at least 28 days before `as_of`, and the window's end.

    It ends with that month, or at `as_of` where that is earlier.
    """
    start = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while start + LEAST_WINDOW > as_of:
        start = (start - timedelta(days=1)).replace(day=1)
    following = (start + timedelta(days=31)).replace(day=1)
    return start, min(following, as_of)
