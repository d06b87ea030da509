"""A dry run: all that a send would do but recover, claim and call, and how long the calls would take."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.due import due_messages
from lettermill.delivery.forecast import Ready, forecast
from lettermill.delivery.load import Load, supposed_load
from lettermill.delivery.roll_out import by_step, foreseen, unforeseen
from lettermill.delivery.rooms import Room, quota_room, warm_up_room
from lettermill.delivery.throughput import Throughput
from lettermill.delivery_rules import RollOut, zone
from lettermill.holding import held
from lettermill.monitoring.wording import plural, size
from lettermill.sending.desk import Desk
from lettermill.sending.fencing import Fenced, fenced
from lettermill.sending.sender import expected_of, policy, require_seen, templates_of
from lettermill.sending.settling import refuse_restored
from lettermill.sending.unknowns import unknown
from lettermill.sending.used import used_since, used_today
from lettermill.sending.waves import weigh_wave
from lettermill.tables.rendering import MESSAGES

FROM_NOW_ON = 2**31 - 1
TOLD = 10
"""Reasons that are told of each fate, the most common first."""
DONE_WITH_UNKNOWN = {"resend": "plan them again", "drop": "give them up", "lookup": "ask the provider about them"}


def rehearse(desk: Desk, *, limit: int | None) -> None:
    """Note what would leave, what would be held back and why, and the forecast; change nothing.

    Raises PreflightBlocked and OutboxRestored as the send would; nobody is alerted.
    """
    refuse_restored(desk)
    moment = desk.moment()  # weighing takes its time, and a send does it while it calls
    with held(expected_of(desk)) as expected, fenced(desk, limit=limit or FROM_NOW_ON) as fence:
        load = _weighed(desk, fence, expected)
        _tell_fate(desk, fence, load)
        later, unforeseen_lines = _later(fence, rules=desk.slot.campaign.delivery.roll_out, moment=moment)
        now = fence.batched.withColumn("not_before", F.lit(moment))
        passing = load.messages / max(1, load.messages + load.rejected.total())  # which are rejected, no zone decides
        ready = [*_ready(desk, fence, now, share=passing), *_ready(desk, fence, later)]
        for line in (*_told(desk, load, ready, moment).splitlines(), *unforeseen_lines):
            desk.run.note(line)
    _tell_unknown(desk)
    desk.run.note("a dry run: nothing was claimed and nobody was called")


def _weighed(desk: Desk, fence: Fenced, expected: DataFrame) -> Load:
    """What those that would leave now come to, packed as for the calls."""
    with held(due_messages(fence.batched, expected=expected)) as due:
        templates = templates_of(desk, require_seen(desk, due), known={})
        return weigh_wave(desk, due=due, templates=templates)


def _tell_fate(desk: Desk, fence: Fenced, load: Load) -> None:
    """Note what would become of the planned messages, the most common reasons first."""
    rejected, waiting = load.rejected, fence.waiting
    desk.run.count(
        due=load.messages, suppressed=fence.suppressed.total(), rejected=rejected.total(), waiting=waiting.total()
    )
    if load.messages:
        leaving, calls = plural(load.messages, "message"), plural(load.calls, "call")
        desk.run.note(f"would leave: {leaving} in {calls}, {size(load.bytes)}")
    for verb, reasons in (("be suppressed", fence.suppressed), ("be rejected", rejected), ("wait", waiting)):
        for reason, number in reasons.most_common(TOLD):
            desk.run.note(f"would {verb}: {plural(number, 'message')}, {reason}")
        rest = [number for _, number in reasons.most_common()[TOLD:]]
        if rest:
            desk.run.note(f"would {verb}: {plural(sum(rest), 'message')}, for {plural(len(rest), 'reason')} more")


def _later(fence: Fenced, *, rules: RollOut | None, moment: datetime) -> tuple[DataFrame, Sequence[str]]:
    """The messages that may leave from a later moment on, `not_before`, and in words those of which nobody can tell.

    Those that the warm-up's day has no room for may leave at once: what room there is, the forecast knows.
    """
    later, reach = fence.judged.where("verdict = 'later'"), fence.reach
    if fence.room is not None:
        is_full = F.col("reason") == fence.room.words
        later = later.withColumn("not_before", F.when(is_full, F.lit(moment)).otherwise(F.col("not_before")))
    if rules is None or reach is None:
        return later, ()
    waiting = by_step(later.where(F.col("reason") == reach.words), rules.steps)
    share = foreseen(rules, reach=reach, waiting=waiting)
    beyond = by_step(later.where(F.col("place") >= share), rules.steps)
    # Who sleeps beyond the reach waits for both; greatest() passes over null.
    begins = F.when(F.col("place") >= reach.share, F.lit(reach.until).cast("timestamp"))
    known = later.where(F.col("place") < share).withColumn("not_before", F.greatest("not_before", begins))
    return known, [*unforeseen(rules, reach=reach, beyond=beyond)]


def _ready(desk: Desk, fence: Fenced, rows: DataFrame, *, share: float = 1.0) -> Iterator[Ready]:
    """The share of messages that may leave `not_before` a moment, by moment and time zone."""
    # right side: one row per message
    zoned = rows.join(fence.contexts.select("message_id", "timezone"), on="message_id", how="left")
    counted = zoned.groupBy(F.unix_millis("not_before").alias("at"), "timezone").count().where("at IS NOT NULL")
    for row in counted.collect():
        since = datetime.fromtimestamp(row["at"] / 1000, UTC)
        at = zone(row["timezone"], otherwise=desk.slot.campaign.default_timezone)
        yield Ready(share * row["count"], since, at)


def _tell_unknown(desk: Desk) -> None:
    """Note what the send would first do with unknown messages; what comes of it is not foreseen."""
    number, word = unknown(desk).count(), policy(desk)
    if number and word == "hold":
        desk.run.note(f"would stay unknown: {plural(number, 'message')}, until somebody decides")
    elif number:
        unknowns = plural(number, "unknown message")
        desk.run.note(f"not in the forecast: {unknowns}; the send would {DONE_WITH_UNKNOWN[word]}")


def _told(desk: Desk, load: Load, ready: Sequence[Ready], moment: datetime) -> str:
    campaign, delivery = desk.slot.campaign, desk.run.settings.delivery
    limits, rules = desk.provider.limits, desk.slot.campaign.delivery
    later = round(sum(one.messages for one in ready)) - load.messages
    whole = load + supposed_load(later, body=load.body(limits) or _body(desk), limits=limits)
    connections = max(1, limits.connections // delivery.tasks) * delivery.tasks
    throughput = Throughput(limits, delivery.call_seconds, tasks=connections, load=whole)
    foretold = forecast(
        ready=ready,
        throughput=throughput,
        moment=moment,
        last_moment=rules.last_moment(occurrence=desk.slot.occurrence, timezone=campaign.default_timezone),
        week=rules.week,
        rooms=[*_rooms(desk, throughput, moment)],
    )
    return str(foretold)


def _rooms(desk: Desk, throughput: Throughput, moment: datetime) -> Iterator[Room]:
    """What is left of the warm-up's day, and of each quota of the account."""
    warm_up, timezone = desk.slot.campaign.delivery.warm_up, desk.slot.campaign.default_timezone
    if warm_up is not None:
        yield warm_up_room(warm_up, moment=moment, timezone=timezone, used=used_today(desk, moment))
    for quota in throughput.quotas:
        used = used_since(desk, moment - timedelta(seconds=quota.seconds))
        yield quota_room(quota, moment=moment, used=used.messages, first_at=used.first_at)


def _body(desk: Desk) -> float:
    """Bytes of a message on average, by its pre-flight: where none would leave now, none is packed."""
    sizes = F.aggregate(F.map_values("parts"), F.lit(0).cast("bigint"), lambda total, part: total + part["bytes"])
    row = desk.run.read(MESSAGES).where(desk.slot.own()).agg(F.avg(sizes)).first()
    return max(1.0, float((row and row[0]) or 0.0))
