"""Whether a wave may go on: a mark that anybody may create, looked for now and then by those who call."""

from dataclasses import dataclass, field
from threading import Lock

from lettermill.delivery.journal import Journal
from lettermill.delivery.marks import REASON_LENGTH, stopped_key
from lettermill.patience import Clock


@dataclass
class Stopping:
    """The stop of one wave, as one task sees it: the journal is asked once in `look_seconds`, not before each call."""

    journal: Journal
    wave: str
    clock: Clock
    look_seconds: float = 2.0
    _is_stopped: bool = field(init=False, default=False)
    _looked_at: float = field(init=False, default=float("-inf"))
    _lock: Lock = field(init=False, default_factory=Lock, repr=False)

    def is_stopped(self) -> bool:
        with self._lock:
            now = self.clock.time()
            if not self._is_stopped and now - self._looked_at >= self.look_seconds:
                self._looked_at = now
                self._is_stopped = self.journal.read(stopped_key(self.wave)) is not None
            return self._is_stopped

    def stop(self, *, signal: str, said: str) -> None:
        """Stop the whole wave, wherever its batches are; the first word stays."""
        content = {"at": self.clock.time(), "signal": signal, "said": said[:REASON_LENGTH]}
        self.journal.create(stopped_key(self.wave), content)
        self.end_task()

    def end_task(self) -> None:
        """End this task's batches before their next call; other tasks go on."""
        self._is_stopped = True


def stop_of(journal: Journal, wave: str) -> tuple[str, str] | None:
    """Signal and words with which a wave was stopped; null while it may go on."""
    content = journal.read(stopped_key(wave))
    return (content["signal"], content["said"]) if content else None
