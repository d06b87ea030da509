"""What the journal remembers of the outbox, so that an outbox restored to an older version sends nothing again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from lettermill.delivery.journal import Journal
from lettermill.delivery.marks import wave_folder, wave_lease
from lettermill.errors import DeliveryError

SAMPLE = 100
"""Messages of a wave that are noted as handed over."""
LOOKED_AT = 10
"""Newest notes that an outbox is compared with: the newest may have handed over nothing."""
NEVER_AGAIN = ("planned", "claimed")


def note_settled(
    journal: Journal,
    wave: str,
    *,
    version: int,
    committed_at: datetime,
    handed_over: Sequence[str],
    not_after: float,
) -> None:
    """Note that the outbox holds what became of a wave, by its `version` that was committed for it.

    `handed_over` are ids of messages that it holds as handed over, of which a sample is kept; `not_after` (in seconds
    since 1970) is when nothing of the wave may leave any more. Noting the same version again changes nothing.
    """
    content = {
        "committed_at": committed_at.isoformat(),
        "handed_over": list(handed_over[:SAMPLE]),
        "not_after": not_after,
    }
    journal.create(f"settled/{version:012d}/{wave}", content)


def require_not_restored(
    journal: Journal,
    *,
    version: int,
    commit_time_of: Callable[[int], datetime | None],
    states_of: Callable[[Sequence[str]], Mapping[str, str]],
) -> None:
    """Refuse an outbox that is older than what the journal has seen of it. Raises DeliveryError.

    `version` is where the outbox stands, `commit_time_of` tells when a version was committed (null where its log is
    gone), and `states_of` the state of each message of these ids that has a row.
    """
    notes = [(int(key.split("/")[1]), key) for key in journal.keys("settled/")[-LOOKED_AT:]]
    for noted, key in reversed(notes):
        content = journal.read(key) or {}
        if version < noted:
            raise _refused(f"stands at version {version}, and version {noted} was settled", key)
        committed_at = commit_time_of(noted)
        if content and committed_at and committed_at != datetime.fromisoformat(content["committed_at"]):
            raise _refused(f"has another version {noted} than the one that was settled", key)
    ids = {one: key for _, key in notes for one in (journal.read(key) or {}).get("handed_over", ())}
    states = states_of(list(ids)) if ids else {}
    for one, key in ids.items():
        state = states.get(one)
        if state is None or state in NEVER_AGAIN:
            stands = f"as {state}" if state else "in no row"
            raise _refused(f"has message {one} {stands}, which was handed over", key)


def _refused(problem: str, key: str) -> DeliveryError:
    mend = "restore the outbox to its newest version; if that is lost, mark what was handed over by the provider's word"
    return DeliveryError(f"the outbox was restored: it {problem}", place=f"delivery.outbox, mark {key}", mend=mend)


def expire_marks(journal: Journal, *, now: float, keep_seconds: float) -> int:
    """Remove the marks of settled waves, `keep_seconds` after nothing of them could leave any more; tell how many.

    Until then a task that sleeps may wake up and has to find them. The newest note stays, however old.
    """
    removed = 0
    for key in journal.keys("settled/")[:-1]:
        content = journal.read(key)
        if content is not None and now >= content["not_after"] + keep_seconds:
            wave = key.split("/")[2]
            removed += journal.remove(wave_folder(wave)) + journal.remove(wave_lease(wave)) + journal.remove(key)
    return removed
