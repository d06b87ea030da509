"""The fake of Braze as a process of its own: its book is a file, so that it outlives every sender.

    python -m tests.delivery.faults.booked_provider BOOK SEED FAULTS DELAY

The first line of its output is its URL; it ends when its input does. A share FAULTS of its calls is answered by 429 or
5xx, or cut before or after the acceptance; each call takes DELAY seconds. The book has a line per accepted message.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen
from typing import Any

from tests.delivery.fakes import Fault
from tests.delivery.fakes.braze import SEND, BrazeFake
from tests.ingest.serving import Answered, Asked, as_json

KINDS = (Fault.THROTTLED, Fault.FAILING, Fault.LOST, Fault.CUT_OFF)


@dataclass
class BookedBraze(BrazeFake):
    """Takes messages as the fake of the suite does, and writes `message_id person_id` into its file at once."""

    file: Path = Path("book")
    chance: Random = field(default_factory=Random)
    share: float = 0.0
    delay: float = 0.0

    def answer(self, asked: Asked) -> Answered | None:
        time.sleep(self.delay)  # how long a call takes
        if asked.path == SEND and self.chance.random() < self.share:
            self.faults.next(self.chance.choice(KINDS))
        return super().answer(asked)

    def throttled(self, seconds: int | None) -> Answered:  # noqa: ARG002 (the clock of the fake stands still)
        status, headers, body = as_json({"message": "Rate limited"}, 429)
        return status, {**headers, "X-Ratelimit-Retry-After": "1"}, body

    def _mail(self, recipient: dict[str, Any]) -> None:
        super()._mail(recipient)
        line = f"{recipient['trigger_properties']['message_id']} {recipient['external_user_id']}\n"
        with self.file.open("ab", buffering=0) as book:
            book.write(line.encode())


@dataclass(frozen=True)
class Booked:
    """A provider that runs, seen from outside."""

    url: str
    file: Path

    def messages(self) -> Counter[str]:
        """How often each message was accepted."""
        return Counter(line.split()[0] for line in self._lines())

    def persons(self) -> Counter[str]:
        """How many messages were accepted for each person."""
        return Counter(line.split()[1] for line in self._lines())

    def _lines(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []


@contextmanager
def booked_provider(file: Path, *, seed: int, faults: float = 0.1, delay: float = 0.0) -> Iterator[Booked]:
    """Run the provider while the block does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", __name__, str(file), str(seed), str(faults), str(delay)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as running:
        assert running.stdout
        assert running.stdin
        yield Booked(running.stdout.readline().strip(), file)
        running.stdin.close()


def main(file: str, seed: str, faults: str, delay: str) -> None:
    fake = BookedBraze(file=Path(file), chance=Random(int(seed)), share=float(faults), delay=float(delay))
    with fake.serving() as url:
        print(url, flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
