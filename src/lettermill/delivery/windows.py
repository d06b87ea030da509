"""Quiet hours and send windows: from when on mail may leave, by the clock on each person's wall."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import DataFrame

from lettermill.delivery_rules import MINUTES, zone

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
OPENINGS = "timezone string, opens_at timestamp"


def is_open(moment: datetime, *, at: ZoneInfo, week: Sequence[bool]) -> bool:
    """Whether mail may leave at a moment; `week` has each minute of it by the wall's clock, from Monday 00:00 on."""
    return week[_minute_of_week(moment, at)]


def opens_at(moment: datetime, *, at: ZoneInfo, week: Sequence[bool]) -> datetime:
    """The earliest moment from `moment` on, to the minute, at which mail may leave.

    A minute that the clock skips in spring opens nothing, and one that it shows twice in autumn opens twice: what
    counts is what a person reads off the wall.
    """
    while not is_open(moment, at=at, week=week):
        begun = moment - timedelta(seconds=moment.astimezone(at).second, microseconds=moment.microsecond)
        minute = _minute_of_week(begun, at)
        ahead = next(n for n in range(1, len(week) + 1) if week[(minute + n) % len(week)])
        # Never further than a day, in which no clock changes twice.
        later = begun + min(timedelta(minutes=ahead), DAY)
        moment = _changes_at(begun, later, at) or later
    return moment


def closes_at(moment: datetime, *, at: ZoneInfo, week: Sequence[bool]) -> datetime | None:
    """The earliest moment from `moment` on, to the minute, at which no mail may leave; null where it always may."""
    return None if all(week) else opens_at(moment, at=at, week=[not minute for minute in week])


def first_closing(
    timezones: Iterable[str | None], *, moment: datetime, week: Sequence[bool], otherwise: str
) -> datetime | None:
    """The earliest moment at which mail may leave no more in one of the time zones; null where it always may."""
    closings = (closes_at(moment, at=zone(name, otherwise=otherwise), week=week) for name in timezones)
    return min((closing for closing in closings if closing is not None), default=None)


def openings(timezones: DataFrame, *, moment: datetime, week: Sequence[bool], otherwise: str) -> DataFrame:
    """One row per `timezone` of the frame, with `opens_at`, null where mail may leave at the moment.

    What is no IANA time zone is read as the one `otherwise`, the campaign's.
    """

    def opened(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            moments = []
            for name in batch.column("timezone").to_pylist():
                opens = opens_at(moment, at=zone(name, otherwise=otherwise), week=week)
                moments.append(None if opens == moment else opens)
            opens_column = pa.array(moments, pa.timestamp("us", tz="UTC"))
            yield pa.RecordBatch.from_arrays([batch.column("timezone"), opens_column], names=["timezone", "opens_at"])

    return timezones.select("timezone").distinct().mapInArrow(opened, OPENINGS)


def _minute_of_week(moment: datetime, at: ZoneInfo) -> int:
    wall = moment.astimezone(at)
    return wall.weekday() * MINUTES + wall.hour * 60 + wall.minute


def _changes_at(before: datetime, after: datetime, at: ZoneInfo) -> datetime | None:
    """The minute at which the clock is moved between two moments, or null where it is not."""
    offset = before.astimezone(at).utcoffset()
    if offset == after.astimezone(at).utcoffset():
        return None
    low, high = 0, int((after - before) / MINUTE)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if (before + middle * MINUTE).astimezone(at).utcoffset() == offset else (low, middle)
    return (before + high * MINUTE).astimezone(UTC)
