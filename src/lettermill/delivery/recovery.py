"""What became of a wave, read off its marks: when its hand-over has ended, and when whoever handed it over is gone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lettermill.delivery.journal import Journal
from lettermill.delivery.lease import newest_of
from lettermill.delivery.marks import (
    batch_folder,
    batches_key,
    call_marks,
    done_key,
    outcomes_of,
    started_key,
    voided,
    wave_folder,
    wave_lease,
)
from lettermill.delivery.provider import Outcome, Status
from lettermill.errors import DeliveryError


@dataclass(frozen=True)
class Settled:
    """What the outbox is to hold of a claimed message: state `planned`, `handed_over`, `rejected` or `unknown`.

    `attempt` is how many calls of this wave named it. It holds for rows that still belong to this wave and batch, and
    to no other: whoever merges it compares both.
    """

    message_id: str
    state: str
    reason: str | None
    reference: str | None
    attempt: int


def settled_wave(
    journal: Journal, wave: str, batches: Iterable[tuple[int, Sequence[str]]], *, by: str, at: float
) -> Iterator[Settled]:
    """What became of each message of the batches of a wave; those that may be planned again are closed first.

    `batches` are number and message ids of each, as they were claimed; `by` names who settles and `at` is when, in
    seconds since 1970. Only for a wave that nobody has in hand any more: a call under way becomes unknown. Doing it
    again tells the same, apart from answers that came later.
    """
    numbered = _calls_by_batch(journal.keys(wave_folder(wave)))
    for batch, message_ids in batches:
        yield from _Closing(journal, wave, batch, by, at).settle(message_ids, numbered.get(batch, {}))


def late_answers(
    journal: Journal, wave: str, unknown: Iterable[tuple[int, Sequence[str]]], *, by: str, at: float
) -> Iterator[Settled]:
    """What has come to light of unknown messages of a wave, since it was settled: nothing, for those left out.

    A call that was cut off from us may have written its answer when it woke up.
    """
    for one in settled_wave(journal, wave, unknown, by=by, at=at):
        if one.state != Status.UNKNOWN and one.attempt:
            yield one


def waves_to_recover(journal: Journal, claimed: Iterable[str], *, now: float) -> list[str]:
    """The waves among those with claimed messages that nobody has in hand at `now`.

    Raises DeliveryError for a wave of which the journal knows nothing: what was called for in it cannot be told.
    """
    newest = {wave: newest_of(journal, wave_lease(wave)) for wave in sorted(set(claimed))}
    strangers = [wave for wave, holding in newest.items() if holding is None]
    if strangers:
        mend = "name the journal in which the wave was begun (delivery.journal), or bring it back as it was"
        problem = f"messages are claimed for wave {', '.join(strangers)}, of which the journal knows nothing"
        raise DeliveryError(problem, place="delivery.outbox", mend=mend)
    return [wave for wave, holding in newest.items() if holding is not None and not holding.is_held(now)]


def last_calls(journal: Journal, wave: str, batch: int) -> dict[str, int]:
    """The number of the newest call that named each message of a batch: the one to ask a provider about."""
    last: dict[str, int] = {}
    for _, number, kind in sorted(call_marks(journal.keys(batch_folder(wave, batch)))):
        if kind == "started":
            named = (journal.read(started_key(wave, batch, number)) or {}).get("messages", ())
            last |= dict.fromkeys(named, number)
    return last


def begin_wave(journal: Journal, wave: str, *, batches: int) -> bool:
    """Note how many batches a wave will have, before its messages are claimed: numbered from 0.

    False where somebody began a wave of that id before, with as many batches as that one had: take another id.
    """
    return journal.create(batches_key(wave), {"batches": batches})


def is_begun(journal: Journal, wave: str) -> bool:
    """Whether somebody began the wave, though they may have died before they took its lease."""
    return journal.read(batches_key(wave)) is not None


def close_wave(journal: Journal, wave: str, *, by: str, at: float) -> None:
    """Void the next call of every batch of a wave that has no claimed messages, and may never have had any.

    Its claim may have failed, or been undone by a restore; tasks of it that still sleep then call nothing.
    """
    numbered = _calls_by_batch(journal.keys(wave_folder(wave)))
    count = (journal.read(batches_key(wave)) or {"batches": 0})["batches"]
    for batch in range(count):
        _Closing(journal, wave, batch, by, at).close(numbered.get(batch, {}))


_Calls = Mapping[int, set[str]]
"""Number of each call -> kinds of marks it has."""


def _calls_by_batch(keys: Iterable[str]) -> Mapping[int, _Calls]:
    found: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for batch, number, kind in call_marks(keys):
        found[batch][number].add(kind)
    return found


@dataclass(frozen=True)
class _Closing:
    """One batch on its way to be settled."""

    journal: Journal
    wave: str
    batch: int
    by: str
    at: float

    def close(self, calls: _Calls) -> None:
        while not self._read(calls)[2]:
            mark = voided(by=self.by, at=self.at)
            if self.journal.create(started_key(self.wave, self.batch, max(calls, default=0) + 1), mark):
                return
            calls = _calls_by_batch(self.journal.keys(batch_folder(self.wave, self.batch))).get(self.batch, {})

    def settle(self, message_ids: Sequence[str], calls: _Calls) -> Iterator[Settled]:
        while True:
            known, attempts, is_closed = self._read(calls)
            is_open_call = any("done" not in kinds for kinds in calls.values())
            goes_back = any(one not in known or known[one].status == Status.DEFERRED for one in message_ids)
            if is_closed or not goes_back:
                return (self._row(one, known.get(one), attempts[one]) for one in message_ids)
            mark = voided(by=self.by, at=self.at)
            is_ours = self.journal.create(started_key(self.wave, self.batch, max(calls, default=0) + 1), mark)
            if is_ours and not is_open_call:
                return (self._row(one, known.get(one), attempts[one]) for one in message_ids)
            # Somebody is still at it; or a call that was open may have been answered by now.
            calls = _calls_by_batch(self.journal.keys(batch_folder(self.wave, self.batch))).get(self.batch, {})

    def _read(self, calls: _Calls) -> tuple[dict[str, Outcome], defaultdict[str, int], bool]:
        """Of each message the newest outcome, how many calls named it, and whether no further call can begin."""
        known: dict[str, Outcome] = {}
        attempts: defaultdict[str, int] = defaultdict(int)
        for number in sorted(calls):
            start = self._mark(started_key(self.wave, self.batch, number))
            if "voided" in start:
                return known, attempts, True
            has_answer = "done" in calls[number]
            end = self._mark(done_key(self.wave, self.batch, number)) if has_answer else None
            for outcome in outcomes_of(start, end) if end else self._unanswered(start, number):
                known[outcome.message_id] = outcome
                attempts[outcome.message_id] += 1
        return known, attempts, False

    def _mark(self, key: str) -> dict[str, Any]:
        content = self.journal.read(key)
        if content is None:
            mend = "bring the journal back as it was; what was called for cannot be told without it"
            raise DeliveryError("a mark is listed and cannot be read", place=key, mend=mend)
        return content

    def _unanswered(self, start: Mapping[str, Any], number: int) -> Iterator[Outcome]:
        began = datetime.fromtimestamp(start["at"], UTC).isoformat(timespec="milliseconds")
        reason = f"call {number} of batch {self.batch} in wave {self.wave} began at {began} and has no answer"
        return (Outcome(one, Status.UNKNOWN, reason=reason) for one in start["messages"])

    def _row(self, message_id: str, outcome: Outcome | None, attempt: int) -> Settled:
        if outcome is None:
            return Settled(message_id, "planned", None, None, 0)
        is_back = outcome.status == Status.DEFERRED
        return Settled(
            message_id,
            "planned" if is_back else str(outcome.status),
            outcome.reason,
            None if is_back else outcome.reference,
            attempt,
        )
