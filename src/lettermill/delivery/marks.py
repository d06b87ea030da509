"""The marks of a wave: what each is called, and what it holds. Ids and codes, never an address.

leases/waves/<wave>/<n>               who has the wave in hand (lettermill.delivery.lease)
waves/<wave>/<batch>/<n>.started      call n of a batch may begin: {at, messages}, or {at, voided} where none may
waves/<wave>/<batch>/<n>.done         what it came to: {at, signal, outcomes: [[status, reference, reason], ...]}
waves/<wave>/batches                  how many batches it will have: {batches}
waves/<wave>/stopped                  no further call: {at, signal, said}
waves/<wave>/completed                its payload files have their manifest: {at}
settled/<outbox version>/<wave>       the outbox has what became of the wave (lettermill.delivery.guard)
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lettermill.delivery.journal import Journal
from lettermill.delivery.provider import Outcome, Status

REASON_LENGTH = 300
CALL_MARK = re.compile(r"waves/(?P<wave>[^/]+)/(?P<batch>\d+)/(?P<number>\d+)\.(?P<kind>started|done)")


def wave_folder(wave: str) -> str:
    return f"waves/{wave}/"


def wave_lease(wave: str) -> str:
    """The prefix of a wave's lease. It is held before the first message of the wave is claimed."""
    return f"leases/waves/{wave}"


def batch_folder(wave: str, batch: int) -> str:
    return f"waves/{wave}/{batch:05d}/"


def started_key(wave: str, batch: int, number: int) -> str:
    return f"{batch_folder(wave, batch)}{number:03d}.started"


def done_key(wave: str, batch: int, number: int) -> str:
    return f"{batch_folder(wave, batch)}{number:03d}.done"


def batches_key(wave: str) -> str:
    return f"waves/{wave}/batches"


def stopped_key(wave: str) -> str:
    return f"waves/{wave}/stopped"


def completed_key(wave: str) -> str:
    return f"waves/{wave}/completed"


def settled_key(version: int, wave: str) -> str:
    return f"settled/{version:012d}/{wave}"


def begun_waves(journal: Journal) -> set[str]:
    """The waves that somebody had in hand, of those whose marks are kept."""
    return {key.split("/")[2] for key in journal.keys("leases/waves/")}


def noted_waves(journal: Journal) -> set[str]:
    """The waves whose outcome the outbox is known to hold."""
    return {wave_of_note(key) for key in journal.keys("settled/")}


def wave_of_note(key: str) -> str:
    """The wave that a key below `settled/` is about."""
    return key.split("/")[2]


def call_marks(keys: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Batch, number and kind (started or done) of each mark of a call among the keys."""
    for key in keys:
        if found := CALL_MARK.fullmatch(key):
            yield int(found["batch"]), int(found["number"]), found["kind"]


def started(messages: Iterable[str], *, at: float) -> dict[str, Any]:
    return {"at": at, "messages": list(messages)}


def voided(*, by: str, at: float) -> dict[str, Any]:
    """In place of a call: whoever comes to it later calls nothing."""
    return {"at": at, "voided": by}


def done(outcomes: Iterable[Outcome], *, signal: str, at: float) -> dict[str, Any]:
    rows = [[str(one.status), one.reference, one.reason and one.reason[:REASON_LENGTH]] for one in outcomes]
    return {"at": at, "signal": signal, "outcomes": rows}


def outcomes_of(start: Mapping[str, Any], end: Mapping[str, Any]) -> list[Outcome]:
    """The outcomes of a call from its two marks."""
    rows = zip(start["messages"], end["outcomes"], strict=True)
    return [Outcome(message, Status(status), reference, reason) for message, (status, reference, reason) in rows]
