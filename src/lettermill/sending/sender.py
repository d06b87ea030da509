"""Sending a slot: recovered first, then wave after wave, until nothing more may leave now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lettermill.alerting import alert
from lettermill.delivery.due import due_messages, expected_hashes, require_preflight, seen_by_version
from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.roll_out import STOPPED
from lettermill.delivery.stopping import stop_of
from lettermill.delivery.tally import Ending, Tally
from lettermill.errors import DeliveryError
from lettermill.holding import held
from lettermill.monitoring.alerts import Severity
from lettermill.preflighting import judged_slot
from lettermill.rendering.templates import Template, stored_template
from lettermill.sending.claiming import PAUSE, Moved, Wave, claim, claiming
from lettermill.sending.desk import Desk, last_second
from lettermill.sending.fencing import Watch, fenced
from lettermill.sending.journals import require_exclusive
from lettermill.sending.leases import kept
from lettermill.sending.ledger import post_ledger
from lettermill.sending.payload_files import complete_files
from lettermill.sending.settling import in_hand, may_claim, recover, require_same_outbox, settle
from lettermill.sending.unknowns import Word, resolve, unknown
from lettermill.sending.waves import hand_over_wave
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.rendering import MESSAGES, TEMPLATES

FUTILE = 3
"""Waves in a row that hand nothing over before a send gives up: the provider defers everything."""
LEAST = 5_000
"""Messages that a wave is made for at least, however soon the one before was cut off."""
FENCED = 20
"""The same, where people's choices keep coming in: each wave is fenced anew, and most hand something over."""


@dataclass
class Sent:
    """What a send came to: messages by state, what calls it took, and what it left, by reason."""

    states: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    recovered: Counter[str] = field(default_factory=Counter)
    templates: dict[str, Template] = field(default_factory=dict)
    waved: int = 0
    held_back: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    next_at: datetime | None = None


def send(desk: Desk, *, limit: int | None = None) -> Sent:
    """Hand over what may leave of the slot now, `limit` messages at most, each once; tell what it came to.

    Raises DeliveryError where the provider stopped it, where nothing gets on any more, where the outbox was restored,
    or where the journal's store would let a mark be written twice; PreflightBlocked where no pre-flight lets the
    messages leave. Run again, it goes on.
    """
    require_exclusive(desk.journal)
    with held(expected_of(desk)) as expected:
        sent = _in_waves(desk, expected, limit=limit)
    _conclude(desk, sent)
    return sent


def expected_of(desk: Desk) -> DataFrame:
    """What the pre-flight made of each message of the slot: see due.expected_hashes."""
    contexts = desk.slot.contexts()
    judged = judged_slot(desk.run, desk.slot.campaign, messages=desk.run.read(MESSAGES), contexts=contexts)
    return expected_hashes(judged, engine=desk.slot.engine)


def require_seen(desk: Desk, due: DataFrame) -> list[Row]:
    """The template versions of what is due, with how many `messages` of each. Raises where pre-flight lacks one."""
    versions = seen_by_version(due)
    of_slot = {"campaign": desk.slot.campaign.name, "occurrence": desk.slot.occurrence}
    require_preflight(desk.slot.verdicts(), due=versions, engine=desk.slot.engine, **of_slot)
    return versions


def templates_of(desk: Desk, versions: list[Row], *, known: Mapping[str, Template]) -> dict[str, Template]:
    """The templates of rows of `require_seen`, by version, without those that are known already."""
    wanted = [row["template_version"] for row in versions if row["template_version"] not in known]
    if not wanted:
        return {}
    stored = desk.run.read(TEMPLATES).where(F.col("template_version").isin(wanted)).collect()
    return {row["template_version"]: stored_template(row) for row in stored}


def _in_waves(desk: Desk, expected: DataFrame, *, limit: int | None) -> Sent:
    sent, futile, size = Sent(), 0.0, desk.run.settings.delivery.wave_messages
    while limit is None or sent.waved < limit:
        with ExitStack() as holding:
            try:
                room = size if limit is None else min(size, limit - sent.waved)
                found = _next_wave(desk, expected, sent, limit=room, holding=holding)
            except Moved:
                desk.clock.sleep(PAUSE)
                continue
            if found is None:
                complete_files(desk)
                return sent
            states, tally = _one_wave(desk, found, sent.templates)
        ended = _ends(states)
        sent.states, sent.tally, sent.waved = sent.states + ended, sent.tally + tally, sent.waved + found.wave.messages
        futile = 0 if ended.total() else futile + (FUTILE / FENCED if tally.endings[Ending.FENCED] else 1)
        _require_progress(desk, found.wave, sent, futile=futile)
        size = next_size(size, ended=ended.total(), tally=tally, most=desk.run.settings.delivery.wave_messages)
    return sent


def next_size(size: int, *, ended: int, tally: Tally, most: int) -> int:
    """How many messages the next wave has: twice as many as passed before people's choices cut one off, up to `most`.

    A claim costs about the same however large it is; what it claims in vain is given back.
    """
    passed = max(LEAST, ended) if tally.endings[Ending.FENCED] else size
    return min(most, 2 * passed)


class _Found(NamedTuple):
    """A wave that was claimed, the messages `due` in it, what tells whether its fence still holds, and until when it
    does at most."""

    wave: Wave
    due: DataFrame
    watch: Watch
    closes_at: datetime | None


def _next_wave(desk: Desk, expected: DataFrame, sent: Sent, *, limit: int, holding: ExitStack) -> _Found | None:
    """Recover, fence and claim; null where nothing more may leave now. Raises Moved."""
    with claiming(desk) as lease:
        require_same_outbox(desk)
        sent.recovered += recover(desk)
        post_ledger(desk.run)  # whoever died between the outbox and the ledger has left it behind
        _apply_policy(desk, is_first=not sent.waved)
        version = desk.run.lake.version(OUTBOX)
        require_same_outbox(desk)
        if not may_claim(desk):
            raise Moved
        with fenced(desk, limit=limit) as fence:
            due = holding.enter_context(held(due_messages(fence.batched, expected=expected)))
            versions = require_seen(desk, due)
            sent.templates |= templates_of(desk, versions, known=sent.templates)
            wave = claim(desk, fence.planned, judged=fence.judged, batched=fence.batched, version=version, lease=lease)
        sent.held_back += fence.suppressed
        sent.states["suppressed"] += fence.suppressed.total()
        sent.waiting, sent.next_at = fence.waiting, fence.next_at
        if wave is None:
            return None
        _require_same(wave, versions)
        return _Found(wave, due, fence.watch, fence.closes_at)


def _require_same(wave: Wave, versions: Sequence[Row]) -> None:
    """Raises DeliveryError where what is due is not what the outbox has as claimed."""
    due = sum(row["messages"] for row in versions)
    if due != wave.messages:
        wave.lease.release()
        problem = f"{wave.messages:,} messages were claimed, where {due:,} were to be: none was handed over"
        raise DeliveryError(problem, place=f"wave {wave.id}", mend="run it again: it gives the claimed ones back")


def policy(desk: Desk) -> Word:
    """What a send does with unknown messages: what the campaign says; a provider of files can always tell."""
    return "lookup" if isinstance(desk.provider, FileProvider) else desk.slot.campaign.delivery.on_unknown


def _apply_policy(desk: Desk, *, is_first: bool) -> None:
    """Do with unknown messages what the policy says, once a run: who never gets an answer would send again and again.

    Asking a provider that can tell sends nothing.
    """
    word = policy(desk)
    if word != "hold" and (is_first or word == "lookup") and not unknown(desk).isEmpty():
        resolve(desk, word, by=f"{desk.slot.campaign.name}/campaign.yml")


def _one_wave(desk: Desk, found: _Found, templates: Mapping[str, Template]) -> tuple[Counter[str], Tally]:
    wave = found.wave
    with kept(wave.lease, every=desk.run.settings.delivery.lease_seconds / 3):
        not_after = last_second(desk, closes_at=found.closes_at)
        tally = hand_over_wave(
            desk, wave, due=found.due, templates=templates, fence=found.watch.is_current, not_after=not_after
        )
        states = settle(desk, wave.id)
    wave.lease.release()
    complete_files(desk)
    return states, tally


def _ends(states: Counter[str]) -> Counter[str]:
    """What does not come round again."""
    return Counter({state: number for state, number in states.items() if state != "planned"})


def _require_progress(desk: Desk, wave: Wave, sent: Sent, *, futile: float) -> None:
    """Raises DeliveryError, having told what was done, where the wave was stopped or several came to nothing."""
    stopped = stop_of(desk.journal, wave.id)
    if stopped is None and futile < FUTILE:
        return
    _tell(desk, sent)
    left = desk.slot.outbox().where("state = 'planned'").count()
    why = f"{desk.provider.name} stopped it: {stopped[1]}" if stopped else "waves in a row came to nothing"
    problem = f"not finished: {left:,} messages are still planned; {why}"
    alert(desk.run, "send_stopped", Severity.CRITICAL, subject=desk.slot.place, text=problem)
    mend = "see what the provider asks for, and run it again: it goes on where it stopped"
    raise DeliveryError(problem, place=desk.slot.place, mend=mend)


def _conclude(desk: Desk, sent: Sent) -> None:
    _tell(desk, sent)
    for reason, number in sent.held_back.most_common():
        desk.run.note(f"suppressed: {number:,} messages, {reason}")
    for reason, number in sorted(sent.waiting.items()):
        desk.run.note(f"waiting: {number:,} messages, {reason}")
        if reason.startswith(STOPPED):
            alert(desk.run, "roll_out_stopped", Severity.CRITICAL, subject=desk.slot.place, text=reason)
    for wave in in_hand(desk):
        desk.run.note(f"not finished: wave {wave.wave} of {wave.messages:,} messages is in hand of run {wave.holder}")
    if sent.next_at is not None:
        desk.run.note(f"not finished: run it again from {sent.next_at:%Y-%m-%d %H:%M} UTC on")


def _tell(desk: Desk, sent: Sent) -> None:
    tally = sent.tally
    desk.run.count(recovered=sent.recovered.total(), **sent.states)
    if tally.calls:
        desk.run.count(calls=tally.calls, call_bytes=tally.bytes, retries=tally.retries, throttled=tally.throttled)
