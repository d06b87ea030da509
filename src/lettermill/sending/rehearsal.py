"""A dry run: everything that a send would do but the claim and the calls, and how long they would take."""

from collections import Counter
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.due import due_messages
from lettermill.delivery.forecast import Pace, forecast
from lettermill.holding import held
from lettermill.sending.desk import Desk
from lettermill.sending.fencing import fenced, left_today
from lettermill.sending.sender import expected_of, require_seen
from lettermill.tables.delivery import LEDGER, OUTBOX
from lettermill.tables.rendering import MESSAGES

FROM_NOW_ON = 2**31 - 1


def rehearse(desk: Desk, *, limit: int | None) -> None:
    """Note what would leave, what would be held back and why, and the forecast; change nothing.

    Raises PreflightBlocked as the send would.
    """
    with held(expected_of(desk)) as expected, fenced(desk, limit=limit or FROM_NOW_ON) as fence:
        versions = require_seen(desk, due_messages(fence.batched, expected=expected))
        due = sum(row["messages"] for row in versions)
        desk.run.count(due=due, suppressed=fence.suppressed.total(), waiting=fence.waiting.total())
        for reason, number in fence.suppressed.most_common():
            desk.run.note(f"would be suppressed: {number:,} messages, {reason}")
        for reason, number in fence.waiting.most_common():
            desk.run.note(f"would wait: {number:,} messages, {reason}")
        ready = Counter({desk.moment(): due}) + _ready(fence.judged)
        for line in _told(desk, ready).splitlines():
            desk.run.note(line)
    desk.run.note("a dry run: nothing was claimed and nobody was called")


def _ready(verdicts: DataFrame) -> Counter[datetime]:
    """How many messages may leave from which later moments on."""
    later = verdicts.where("verdict = 'later' AND not_before IS NOT NULL")
    rows = later.groupBy(F.unix_millis("not_before").alias("at")).count().collect()
    return Counter({datetime.fromtimestamp(row["at"] / 1000, UTC): row["count"] for row in rows})


def _told(desk: Desk, ready: Counter[datetime]) -> str:
    campaign, delivery = desk.slot.campaign, desk.run.settings.delivery
    rules, timezone = campaign.delivery, campaign.default_timezone
    connections = max(1, desk.provider.limits.connections // delivery.tasks) * delivery.tasks
    pace = Pace(desk.provider.limits, seconds=delivery.call_seconds, tasks=connections, body=_body(desk))
    told = forecast(
        ready=ready,
        pace=pace,
        moment=desk.moment(),
        last_moment=rules.last_moment(occurrence=desk.slot.occurrence, timezone=timezone),
        warm_up=rules.warm_up,
        used=_left_today(desk) if rules.warm_up else 0,
        timezone=timezone,
    )
    return str(told)


def _left_today(desk: Desk) -> int:
    lake = desk.run.lake
    return left_today(lake.read(OUTBOX), lake.read(LEDGER), desk.slot.campaign, desk.moment())


def _body(desk: Desk) -> float:
    """Bytes of a message on average, by its pre-flight."""
    sizes = F.aggregate(F.map_values("parts"), F.lit(0).cast("bigint"), lambda total, part: total + part["bytes"])
    row = desk.run.read(MESSAGES).where(desk.slot.own()).agg(F.avg(sizes)).first()
    return max(1.0, float((row and row[0]) or 0.0))
