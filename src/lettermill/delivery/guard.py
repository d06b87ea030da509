"""What the journal remembers of the outbox, so that an outbox restored to an older version sends nothing again."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from lettermill.delivery.journal import Journal
from lettermill.delivery.marks import (
    begun_waves,
    call_marks,
    noted_waves,
    settled_key,
    started_key,
    wave_folder,
    wave_lease,
    wave_of_note,
)
from lettermill.errors import DeliveryError

SAMPLE = 100
"""Messages of a wave that are noted, or looked at."""
LOOKED_AT = 10
"""Newest notes that an outbox is compared with."""


class OutboxRestored(DeliveryError):  # noqa: N818 (it says what happened)
    """The outbox is older than what the journal has seen of it: what it has as planned may have been handed over."""


class Standing(NamedTuple):
    """How a message stands in the outbox; `attempt` counts the calls that named it, in all waves, and never falls."""

    state: str
    attempt: int
    wave: str | None


def note_settled(
    journal: Journal,
    wave: str,
    *,
    version: int,
    committed_at: datetime,
    rows: Mapping[str, Standing],
    not_after: float,
) -> None:
    """Note that the outbox holds what became of a wave, since its `version`, or by it.

    `rows` are messages of the wave that a call named, as they stand now, of which a sample is kept; `not_after` (in
    seconds since 1970) is when nothing of the wave may leave any more. Noting the same again changes nothing. Between
    reading the rows and noting them comes `require_not_restored`: a wave that is noted is not looked for any more.
    """
    sample = {one: [row.state, row.attempt] for one, row in islice(rows.items(), SAMPLE)}
    content = {"committed_at": committed_at.isoformat(), "rows": sample, "not_after": not_after}
    journal.create(settled_key(version, wave), content)


def waves_to_note(journal: Journal, *, claimed: Sequence[str]) -> list[str]:
    """The waves that were begun, of which no message is `claimed`, and that were never noted as settled.

    Whoever had them in hand was gone before it came to the claim, or to the note; or the claim was undone by a restore.
    Each is closed (lettermill.delivery.recovery.close_wave) and noted, under its lease. As long as there is any at the
    version at which a claim is to be committed, nothing is claimed.
    """
    return sorted(begun_waves(journal) - noted_waves(journal) - {*claimed})


def require_not_restored(
    journal: Journal,
    *,
    version_now: Callable[[], int],
    commit_time_of: Callable[[int], datetime | None],
    rows_of: Callable[[Sequence[str]], Mapping[str, Standing]],
) -> None:
    """Refuse an outbox that is older than what the journal has seen of it. Raises OutboxRestored.

    `version_now` tells where the outbox stands, `commit_time_of` when a version was committed (null where its log is
    gone), and `rows_of` how those messages among the ids stand that have a row. To be asked under the claim lease,
    between reading the version at which the claim is to be committed and the claim, and before a wave is noted.
    """
    note_keys = journal.keys("settled/")
    notes = {key: journal.read(key) or {} for key in note_keys[-LOOKED_AT:]}
    version = version_now()  # asked after the notes: others may be settling
    for key, note in notes.items():
        noted = int(key.split("/")[1])
        if version < noted:
            raise _refused(f"stands at version {version}, and version {noted} was settled", key)
        committed_at = commit_time_of(noted)
        if committed_at and note and committed_at != datetime.fromisoformat(note["committed_at"]):
            raise _refused(f"has another version {noted} than the one that was settled", key)
    known = {one: (key, *row) for key, note in notes.items() for one, row in note.get("rows", {}).items()}
    # Those that are noted meanwhile are among them, and let go below.
    open_waves = sorted(begun_waves(journal) - {wave_of_note(key) for key in note_keys})
    called = {one: wave for wave in open_waves for one in _called(journal, wave)}
    rows = rows_of([*known, *(one for one in called if one not in known)]) if known or called else {}
    for one, (key, state, attempt) in known.items():
        row = rows.get(one)
        was_answered = state in ("handed_over", "rejected")
        if row is None or row.attempt < attempt or (was_answered and row.state in ("planned", "claimed")):
            raise _refused(f"has message {one} {_stands(row)}, which was {state} before", key)
    noted_since = noted_waves(journal) if called else set()  # only then are its messages claimed by another wave
    for one, wave in called.items():
        row = rows.get(one)
        if wave not in noted_since and (row is None or row.wave != wave):
            raise _refused(f"has message {one} {_stands(row)}, which was called for", wave_folder(wave))


def _called(journal: Journal, wave: str) -> Sequence[str]:
    """Some messages that calls of a wave named."""
    ids: list[str] = []
    for batch, number, kind in call_marks(journal.keys(wave_folder(wave))):
        if kind == "started":
            ids += (journal.read(started_key(wave, batch, number)) or {}).get("messages", ())
        if len(ids) >= SAMPLE:
            break
    return ids


def _stands(row: Standing | None) -> str:
    return f"as {row.state} after {row.attempt} calls" if row else "in no row"


def _refused(problem: str, place: str) -> OutboxRestored:
    mend = "restore the outbox to its newest version; if that is lost, mark what was handed over by the provider's word"
    return OutboxRestored(f"the outbox was restored: it {problem}", place=f"delivery.outbox, mark {place}", mend=mend)


def expire_marks(journal: Journal, *, now: float, keep_seconds: float, asked_for: Collection[str] = ()) -> int:
    """Remove the marks of settled waves, `keep_seconds` after nothing of them could leave any more; tell how many.

    Until then a task that sleeps may wake up and has to find them. The newest note stays, however old, and so do the
    waves that are `asked_for`: what became of some of their messages is still to be told by their calls.
    """
    removed = 0
    for key in journal.keys("settled/")[:-1]:
        wave = wave_of_note(key)
        content = journal.read(key) if wave not in asked_for else None
        if content is not None and now >= content["not_after"] + keep_seconds:
            removed += journal.remove(wave_folder(wave)) + journal.remove(wave_lease(wave)) + journal.remove(key)
    return removed
