"""Events as lines of text, laid out in files by the day they were received."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.chance import Integers

SECOND_MS = 1_000
HOUR_MS = 3_600 * SECOND_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
YEAR_START_MS = 1_483_228_800_000  # 2017-01-01; weeks are counted from here, a Sunday
YEAR_END_MS = 1_514_764_800_000  # 2018-01-01


@dataclass(frozen=True)
class Feed:
    """Lines of one folder in the order they stand in its files; `received_ms` ascending, one per line."""

    received_ms: Integers
    lines: list[str]

    def days(self) -> Iterator[tuple[str, list[str]]]:
        """Each day with its lines, in order."""
        days = self.received_ms // DAY_MS
        starts = np.flatnonzero(np.diff(days, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
            yield day_name(int(days[start])), self.lines[start:end]


def in_order(received_ms: Integers, lines: Sequence[str]) -> Feed:
    order = np.argsort(received_ms, kind="stable")
    return Feed(received_ms[order], [lines[place] for place in order])


def day_name(day: int) -> str:
    """`YYYY-MM-DD` of a day counted from 1970."""
    return str(np.datetime64(day, "D"))


def iso(at_ms: Integers) -> list[str]:
    """ISO 8601 in UTC with milliseconds and Z."""
    return [f"{text}Z" for text in np.datetime_as_string(np.asarray(at_ms).astype("datetime64[ms]"))]


def iso_one(at_ms: int) -> str:
    return iso(np.array([at_ms]))[0]


def money(cents: Integers | pd.Series) -> list[str]:
    """Whole cents as numbers with two decimals, exact."""
    values, places = np.unique(np.asarray(cents), return_inverse=True)
    texts = [f"{value // 100}.{value % 100:02d}" for value in values.tolist()]
    return [texts[place] for place in places.tolist()]


def packed(lines: Sequence[str]) -> bytes:
    """Gzip without time and file name, so that the same lines are the same bytes."""
    return gzip.compress(plain(lines), compresslevel=5, mtime=0)


def plain(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
