"""A dry run: everything that a send would do but the claim and the calls, and how long they would take."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.due import due_messages
from lettermill.delivery.forecast import forecast
from lettermill.delivery.roll_out import Reach, by_step, foreseen, unforeseen
from lettermill.delivery.rooms import Room, quota_room, warm_up_room
from lettermill.delivery.throughput import Throughput
from lettermill.delivery_rules import RollOut
from lettermill.holding import held
from lettermill.sending.desk import Desk
from lettermill.sending.fencing import fenced
from lettermill.sending.sender import expected_of, policy, require_seen
from lettermill.sending.settling import refuse_restored
from lettermill.sending.unknowns import unknown
from lettermill.sending.used import used_since, used_today
from lettermill.tables.rendering import MESSAGES

FROM_NOW_ON = 2**31 - 1
DONE_WITH_UNKNOWN = {"resend": "plan them again", "drop": "give them up", "lookup": "ask the provider about them"}


def rehearse(desk: Desk, *, limit: int | None) -> None:
    """Note what would leave, what would be held back and why, and the forecast; change nothing.

    Raises PreflightBlocked and OutboxRestored as the send would; nobody is alerted.
    """
    refuse_restored(desk)
    with held(expected_of(desk)) as expected, fenced(desk, limit=limit or FROM_NOW_ON) as fence:
        with held(due_messages(fence.batched, expected=expected)) as batched:
            claimed = sum(row["messages"] for row in require_seen(desk, batched))
            faulty = _faulty(batched)
        due, rejected = claimed - faulty.total(), faulty.total()
        desk.run.count(due=due, suppressed=fence.suppressed.total(), rejected=rejected, waiting=fence.waiting.total())
        for verb, reasons in (("be suppressed", fence.suppressed), ("be rejected", faulty), ("wait", fence.waiting)):
            for reason, number in reasons.most_common():
                desk.run.note(f"would {verb}: {number:,} messages, {reason}")
        ready, unforeseen_lines = _ready(fence.judged, rules=desk.slot.campaign.delivery.roll_out, reach=fence.reach)
        for line in (*_told(desk, Counter({desk.moment(): due}) + ready).splitlines(), *unforeseen_lines):
            desk.run.note(line)
    _tell_unknown(desk)
    desk.run.note("a dry run: nothing was claimed and nobody was called")


def _faulty(due: DataFrame) -> Counter[str]:
    """How many messages would be held back for what the pre-flight found in them, by its words."""
    rows = due.where("expected_fault IS NOT NULL").groupBy("expected_fault").count().collect()
    return Counter({f"faulty: {row['expected_fault']}": row["count"] for row in rows})


def _ready(
    verdicts: DataFrame, *, rules: RollOut | None, reach: Reach | None
) -> tuple[Counter[datetime], Sequence[str]]:
    """How many messages may leave from which later moments on, and in words those of which nobody can tell."""
    later = verdicts.where("verdict = 'later'")
    if rules is None or reach is None:
        return _by_moment(later), ()
    waiting = by_step(later.where(F.col("reason") == reach.words), rules.steps)
    share = foreseen(rules, reach=reach, waiting=waiting)
    beyond = by_step(later.where(F.col("place") >= share), rules.steps)
    # Who sleeps beyond the reach waits for both; greatest() passes over null.
    begins = F.when(F.col("place") >= reach.share, F.lit(reach.until).cast("timestamp"))
    known = later.where(F.col("place") < share).withColumn("not_before", F.greatest("not_before", begins))
    return _by_moment(known), [*unforeseen(rules, reach=reach, beyond=beyond)]


def _by_moment(later: DataFrame) -> Counter[datetime]:
    rows = later.groupBy(F.unix_millis("not_before").alias("at")).count().where("at IS NOT NULL").collect()
    return Counter({datetime.fromtimestamp(row["at"] / 1000, UTC): row["count"] for row in rows})


def _tell_unknown(desk: Desk) -> None:
    """Note what the send would first do with unknown messages; what comes of it is not foreseen."""
    number, word = unknown(desk).count(), policy(desk)
    if number and word == "hold":
        desk.run.note(f"would stay unknown: {number:,} messages, until somebody decides")
    elif number:
        desk.run.note(f"not in the forecast: {number:,} unknown messages; the send would {DONE_WITH_UNKNOWN[word]}")


def _told(desk: Desk, ready: Counter[datetime]) -> str:
    campaign, delivery = desk.slot.campaign, desk.run.settings.delivery
    connections = max(1, desk.provider.limits.connections // delivery.tasks) * delivery.tasks
    throughput = Throughput(desk.provider.limits, delivery.call_seconds, tasks=connections, body=_body(desk))
    last = campaign.delivery.last_moment(occurrence=desk.slot.occurrence, timezone=campaign.default_timezone)
    moment = desk.moment()
    rooms = [*_rooms(desk, throughput, moment)]
    return str(forecast(ready=ready, throughput=throughput, moment=moment, last_moment=last, rooms=rooms))


def _rooms(desk: Desk, throughput: Throughput, moment: datetime) -> Iterator[Room]:
    """What is left of the warm-up's day, and of each quota of the account."""
    warm_up, timezone = desk.slot.campaign.delivery.warm_up, desk.slot.campaign.default_timezone
    if warm_up is not None:
        yield warm_up_room(warm_up, moment=moment, timezone=timezone, used=used_today(desk, moment))
    for quota in throughput.quotas:
        used = used_since(desk, moment - timedelta(seconds=quota.seconds))
        yield quota_room(quota, moment=moment, used=used.messages, first_at=used.first_at)


def _body(desk: Desk) -> float:
    """Bytes of a message on average, by its pre-flight."""
    sizes = F.aggregate(F.map_values("parts"), F.lit(0).cast("bigint"), lambda total, part: total + part["bytes"])
    row = desk.run.read(MESSAGES).where(desk.slot.own()).agg(F.avg(sizes)).first()
    return max(1.0, float((row and row[0]) or 0.0))
