"""The fence of a slot: what it looks at, from the tables as they are now, and the next wave of what it lets out."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.delivery import persons
from lettermill.delivery.fence import Facts, Terms, judged
from lettermill.delivery.opt_outs import FolderWatch, Watched
from lettermill.delivery.rations import Rations, Room, messages_counted, rationed, room_of
from lettermill.delivery.roll_out import Reach, next_step, tally
from lettermill.delivery.waves import ROLLED_OUT, in_waves
from lettermill.delivery.windows import first_closing
from lettermill.holding import held
from lettermill.patience import Clock
from lettermill.permitting import with_permission
from lettermill.rendering.context_places import PLACE
from lettermill.sending.desk import Desk
from lettermill.sending.used import used_today
from lettermill.tables.delivery import EVENTS, LEDGER, OUTBOX
from lettermill.tables.profiles import CONSENTS, ERASURES, IDENTITY_CHANGES, PEOPLE, SUPPRESSIONS
from lettermill.tables.quality import PRODUCTS

BATCH = 100
"""Messages of a batch at least, where a call holds fewer: a batch is what one thread hands over, call by call."""
BLIND_SECONDS = 30.0
"""How long a wave lasts where workers cannot see what people choose meanwhile."""


class Watch(Protocol):
    """What tells whether anything may have changed since a wave was fenced; sent to the workers."""

    def is_current(self) -> bool: ...


@dataclass(frozen=True)
class BlindWatch:
    """In place of a look: after a while, everything may have changed."""

    clock: Clock
    until: float

    def is_current(self) -> bool:
        return self.clock.time() < self.until


@dataclass(frozen=True)
class Fenced:
    """What the fence says of the planned messages, with what it looked at of their `contexts`, and those that are
    claimed next: `batched` has their `batch`, `template_version` and, where tasks can read them there, where their
    contexts lie.

    `closes_at` is when the first of those may no longer be mailed for the hour of their day. `suppressed` and `waiting`
    count what it holds back, the latter by reason; `next_at` is when some of it may leave. `reach` is how far the
    roll-out has come, `room` what the warm-up's day has left; null where the campaign has none.
    """

    planned: DataFrame
    contexts: DataFrame
    judged: DataFrame
    batched: DataFrame
    watch: Watch
    closes_at: datetime | None
    suppressed: Counter[str]
    waiting: Counter[str]
    next_at: datetime | None
    reach: Reach | None
    room: Room | None


@contextmanager
def fenced(desk: Desk, *, limit: int) -> Iterator[Fenced]:
    """Ask the tables about every planned message of the slot; `limit` is the size of the next wave."""
    watch = watch_opt_outs(desk)  # before anything is read: what changes from here on is seen before each call
    planned, moment = desk.slot.planned(), desk.moment()
    with (
        held(_contexts(desk, planned)) as contexts,
        held(_survivors(desk)) as survivors,
        held(judged(contexts, facts=_facts(desk, contexts, survivors), terms=_terms(desk, moment))) as each,
    ):
        rations = _rations(desk, each, survivors, moment)
        with (
            held(rationed(each, rations=rations)) as verdicts,
            held(_batched(desk, verdicts, contexts, limit=limit)) as wave,
        ):
            closes_at = _closes_at(desk, wave, contexts, moment)
            yield Fenced(
                planned, contexts, verdicts, wave, watch, closes_at, *_counted(verdicts), rations.reach, rations.room
            )


def watch_opt_outs(desk: Desk) -> Watch:
    """What tells workers, before each call, of anything that may forbid a mail which the fence let out."""
    watched = (CONSENTS, SUPPRESSIONS, ERASURES)
    lake = desk.run.lake
    for table in watched:
        lake.create(table)
    seen = [(lake.place.folder(table), lake.version(table)) for table in watched]
    if any(folder is None for folder, _ in seen):
        return BlindWatch(desk.clock, until=desk.clock.time() + BLIND_SECONDS)
    return FolderWatch(tuple(Watched(str(folder), version) for folder, version in seen))


def _contexts(desk: Desk, planned: DataFrame) -> DataFrame:
    """The planned messages, with what the fence looks at of their contexts, and where these lie."""
    placed = desk.slot.placed_contexts()
    looked_at = ["message_id", "address", "timezone", "template_version", *_place(placed)]
    if desk.slot.campaign.delivery.stock is not None:
        looked_at.append("inputs")
    # right side: one row per message
    return planned.select("message_id", "person_id").join(placed.select(*looked_at), on="message_id", how="left")


def _place(contexts: DataFrame) -> list[str]:
    return [name for name in PLACE if name in contexts.columns]


def _batched(desk: Desk, verdicts: DataFrame, contexts: DataFrame, *, limit: int) -> DataFrame:
    """The next wave of what leaves, with `batch`, `template_version` and where its contexts lie.

    A batch has contexts that lie together, so that a task reads a file once, from its beginning to its end.
    """
    place = _place(contexts)
    found = contexts.select("message_id", "template_version", *place)
    # right side: one row per message
    leaving = (
        verdicts.where("verdict = 'leaves'").select("message_id", "place").join(found, on="message_id", how="inner")
    )
    size = max(desk.provider.limits.messages, BATCH)
    return in_waves(leaving, wave="", limit=limit, batch=size, together=place or ROLLED_OUT).drop("wave")


def _closes_at(desk: Desk, wave: DataFrame, contexts: DataFrame, moment: datetime) -> datetime | None:
    """When the first message of the wave may no longer leave for its hours: a wave may last longer than they do."""
    week = desk.slot.campaign.delivery.week
    if all(week):
        return None
    of_wave = contexts.select("message_id", "timezone").join(
        wave.select("message_id"), on="message_id", how="left_semi"
    )
    timezones = [row["timezone"] for row in of_wave.select("timezone").distinct().collect()]
    return first_closing(timezones, moment=moment, week=week, otherwise=desk.slot.campaign.default_timezone)


def _facts(desk: Desk, contexts: DataFrame, survivors: DataFrame) -> Facts:
    run, campaign = desk.now(), desk.slot.campaign
    run.lake.create(ERASURES)
    watches_stock = campaign.delivery.stock is not None
    return Facts(
        permitted=with_permission(run, contexts, address="address", topic=campaign.topic),
        people=run.read(PEOPLE),
        survivors=survivors,
        erasures=run.read(ERASURES),
        products=run.lake.newest(PRODUCTS, by="valid_from", at=run.as_of) if watches_stock else None,
    )


def _survivors(desk: Desk) -> DataFrame:
    """Whom persons that are gone became part of."""
    lake = desk.run.lake
    lake.create(IDENTITY_CHANGES)
    return persons.survivors(lake.read(IDENTITY_CHANGES), people=lake.read(PEOPLE))


def _terms(desk: Desk, moment: datetime) -> Terms:
    campaign = desk.slot.campaign
    return Terms(
        moment=moment,
        rules=campaign.delivery,
        timezone=campaign.default_timezone,
        last_moment=campaign.delivery.last_moment(occurrence=desk.slot.occurrence, timezone=campaign.default_timezone),
    )


def _rations(desk: Desk, each: DataFrame, survivors: DataFrame, moment: datetime) -> Rations:
    campaign, counted = desk.slot.campaign, None
    rules = campaign.delivery
    if rules.frequency_cap is not None:
        outbox = desk.run.lake.read(OUTBOX)
        counted = messages_counted(outbox, cap=rules.frequency_cap, moment=moment, survivors=survivors)
    return Rations(
        reach=_reach(desk, each, moment),
        cap=rules.frequency_cap,
        counted=counted,
        room=room_of(rules.warm_up, used=used_today(desk, moment), moment=moment, timezone=campaign.default_timezone),
    )


def _reach(desk: Desk, each: DataFrame, moment: datetime) -> Reach | None:
    rules = desk.slot.campaign.delivery.roll_out
    if rules is None:
        return None
    lake = desk.run.lake
    for table in (LEDGER, EVENTS):
        lake.create(table)
    so_far = tally(
        rules,
        outbox=desk.slot.outbox(),
        judged=each,
        ledger=lake.read(LEDGER).where(desk.slot.own()),
        events=lake.read(EVENTS),
    )
    return next_step(rules, tally=so_far, now=moment)


def _counted(verdicts: DataFrame) -> tuple[Counter[str], Counter[str], datetime | None]:
    held_back = verdicts.where("verdict <> 'leaves'").groupBy("verdict", "reason")
    rows = held_back.agg(F.count("*").alias("messages"), F.unix_millis(F.min("not_before")).alias("next_at")).collect()
    suppressed: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for row in rows:
        (suppressed if row["verdict"] == "suppressed" else waiting)[row["reason"]] += row["messages"]
    moments = [row["next_at"] for row in rows if row["next_at"] is not None and row["verdict"] == "later"]
    return suppressed, waiting, datetime.fromtimestamp(min(moments) / 1000, UTC) if moments else None
