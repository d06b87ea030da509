"""What every store of files answers to. Putting is exclusive: a name is given once, and its content stays."""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from lettermill.delivery.provider import Signal


class Put(StrEnum):
    """What putting a file came to."""

    WRITTEN = "written"
    SAME = "same"  # it was there already, with this content
    OTHER = "other"  # something else has the name, and was left as it is


class NotStored(Exception):  # noqa: N818 (it says what happened)
    """The store was not reached, or refused: this call put nothing there. `signal` is what it says of the account."""

    def __init__(self, words: str, *, signal: Signal = Signal.FAILING, wait: float | None = None) -> None:
        self.signal, self.wait = signal, wait
        super().__init__(words)


class Store(Protocol):
    """A store below one root, of one thread; it connects when it is first asked. Names are paths below the root.

    Every verb raises NotStored; `put` raises exchange.CutOff too, where nobody knows whether the file is there.
    """

    def put(self, name: str, content: bytes) -> Put:
        """Give the name to the whole content, unless something has it."""

    def get(self, name: str) -> bytes | None:
        """A file's content; null where there is none."""

    def checksum(self, name: str) -> str | None:
        """The SHA-256 of a file's content, in hex; null where there is no file."""

    def names(self, prefix: str = "") -> Sequence[str]:
        """The files that begin so, sorted; without those that are still written."""

    def close(self) -> None: ...


def sha256_of(content: bytes) -> str:
    return sha256(content).hexdigest()
