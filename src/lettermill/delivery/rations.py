"""What may leave of messages that each might: how far the roll-out reaches, how often one person is mailed, and how
many a new sender may send on a day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.delivery.roll_out import Reach
from lettermill.delivery_rules import FrequencyCap, WarmUp

COUNTED = ("claimed", "handed_over", "confirmed", "unknown")
"""States of a message that its person may have got."""
VERDICT = ("message_id", "place", "verdict", "reason", "not_before")


@dataclass(frozen=True)
class Room:
    """How many of a day's `allowed` messages the warm-up has `left`, and when the next day begins."""

    left: int
    allowed: int
    day: date
    until: datetime

    @property
    def words(self) -> str:
        return f"the warm-up allows {self.allowed:,} messages on {self.day}"


@dataclass(frozen=True)
class Rations:
    """What is to be kept to; null where there is no such rule. `counted` are rows of `messages_counted` for the cap."""

    reach: Reach | None = None
    cap: FrequencyCap | None = None
    counted: DataFrame | None = None
    room: Room | None = None


def room_of(warm_up: WarmUp | None, *, used: int, moment: datetime, timezone: str) -> Room | None:
    """The room that a day has left, `used` messages having left on it; null where the warm-up sets no limit.

    A day begins and ends in `timezone`, which must be an IANA name.
    """
    at = ZoneInfo(timezone)
    day = moment.astimezone(at).date()
    allowed = None if warm_up is None else warm_up.allowance(day)
    if allowed is None:
        return None
    until = datetime.combine(day + timedelta(days=1), time(), tzinfo=at).astimezone(UTC)
    return Room(max(0, allowed - used), allowed, day, until)


def messages_counted(outbox: DataFrame, *, cap: FrequencyCap, moment: datetime, survivors: DataFrame) -> DataFrame:
    """One row per person that the cap counts anything of: `person_id` and `counted`, over all campaigns.

    What may have been received in the `days` before `moment` counts, and so does what stands as later than that.
    Messages to a person who became part of another (`persons.survivors`) count for that one.
    """
    since = F.lit(moment - timedelta(days=cap.days))
    recent = outbox.where(F.col("state").isin(*COUNTED) & (F.col("changed_at") > since))
    # right side: one row per person
    owned = recent.select("person_id").join(survivors, on="person_id", how="left")
    return owned.groupBy(F.coalesce("survivor", "person_id").alias("person_id")).agg(F.count("*").alias("counted"))


def rationed(judged: DataFrame, *, rations: Rations) -> DataFrame:
    """The verdict on each message that `fence.judged` has looked at by itself: `message_id`, its `place`, `verdict`
    (leaves, suppressed, later), `reason` and `not_before`."""
    rows = judged
    if rations.reach is not None:
        rows = within_reach(rows, reach=rations.reach)
    if rations.cap is not None:
        if rations.counted is None:
            raise ValueError("the campaign has a cap: hand in the messages that count")
        rows = within_cap(rows, cap=rations.cap, counted=rations.counted)
    if rations.room is not None:
        rows = within_room(rows, room=rations.room)
    return rows.select(*VERDICT)


def within_reach(judged: DataFrame, *, reach: Reach) -> DataFrame:
    """The rows, in which what lies beyond the roll-out's reach is later."""
    return _but(judged, F.col("place") >= reach.share, verdict="later", words=reach.words, not_before=reach.until)


def within_cap(judged: DataFrame, *, cap: FrequencyCap, counted: DataFrame) -> DataFrame:
    """The rows, in which what would take a person above the cap is suppressed.

    What leaves now counts too, in the order of message ids.
    """
    # right side: one row per person
    rows = judged.join(counted, on="person_id", how="left")
    would_leave = Window.partitionBy("person_id", F.col("verdict") == "leaves").orderBy("message_id")
    had = F.coalesce("counted", F.lit(0))
    rows = rows.withColumn("had", had + F.row_number().over(would_leave) - 1)
    words = F.concat(F.col("had").cast("string"), F.lit(f" messages in {cap.days} days, of {cap.messages} allowed"))
    return _but(rows, F.col("had") >= cap.messages, verdict="suppressed", words=words).drop("counted", "had")


def within_room(judged: DataFrame, *, room: Room) -> DataFrame:
    """The rows, in which what the warm-up's day has no room for is later; first come those of the roll-out's order."""
    in_order = Window.partitionBy(F.col("verdict") == "leaves").orderBy("place", "message_id")
    rows = judged.withColumn("number", F.row_number().over(in_order))
    is_above = F.col("number") > room.left
    return _but(rows, is_above, verdict="later", words=room.words, not_before=room.until).drop("number")


def _but(
    judged: DataFrame, condition: Column, *, verdict: str, words: str | Column, not_before: datetime | None = None
) -> DataFrame:
    """The rows, with another verdict on those that would leave and meet a condition."""
    is_caught = (F.col("verdict") == "leaves") & condition
    told = F.lit(words) if isinstance(words, str) else words
    return judged.withColumns(
        {
            "verdict": F.when(is_caught, verdict).otherwise(F.col("verdict")),
            "reason": F.when(is_caught, told).otherwise(F.col("reason")),
            "not_before": F.when(is_caught, F.lit(not_before).cast("timestamp")).otherwise(F.col("not_before")),
        }
    )
