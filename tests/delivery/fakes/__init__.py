"""What the fakes of providers share: a book of what they took, a switchboard of faults, and the way a call goes.

A fake is a server of its own on a local port, with codecs of its own: nothing of an adapter is used in it.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import StrEnum
from typing import Any

from tests.ingest.serving import Answered, Asked, TestClock, served

THROTTLE_SECONDS = 17
"""For how long a fake asks to be left alone, where it says so."""


class Fault(StrEnum):
    """What may befall the next call that would hand something over."""

    THROTTLED = "throttled"  # too many calls, and for how long
    THROTTLED_UNTOLD = "throttled untold"  # too many calls, without a word of how long
    FAILING = "failing"  # a fault of theirs; nothing was taken
    LOST = "lost"  # cut off, and nothing was taken
    CUT_OFF = "cut off"  # taken, and then cut off
    SLOW = "slow"  # taken, and no answer for as long as anybody waits
    EXPIRED = "expired"  # the credential has run out
    EMPTY = "empty"  # a success that names nothing, and nothing was taken


@dataclass
class Switchboard:
    """The faults of the next calls, in their order; without one, a call goes as it should."""

    waiting: deque[Fault] = field(default_factory=deque)

    def next(self, *faults: Fault) -> None:
        self.waiting.extend(faults)

    def take(self) -> Fault | None:
        return self.waiting.popleft() if self.waiting else None


@dataclass(frozen=True)
class Entry:
    """One message as the fake read it off the wire; `headers` are the names in a mail's head, where it has one."""

    message_id: str
    address: str
    subject: str = ""
    html: str = ""
    text: str = ""
    headers: tuple[str, ...] = ()


@dataclass
class Book:
    """What a fake took, in the order in which it took it."""

    entries: list[Any] = field(default_factory=list)

    @property
    def message_ids(self) -> list[str]:
        return [entry.message_id for entry in self.entries]


@dataclass
class HttpFake:
    """A provider over HTTP. A fake of one says what hands over, how it takes it, and the words of its refusals.

    Its clock is `clock`, which only a test moves; each answer has the Date of that clock.
    """

    clock: TestClock = field(default_factory=TestClock)
    faults: Switchboard = field(default_factory=Switchboard)
    book: Book = field(default_factory=Book)
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[Asked, Answered]] = field(default_factory=list)
    """What was answered to what; a call that was cut off has no answer."""
    renewals: int = 0
    """How often a fresh credential was asked for, the first time not counted."""
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hands_over(self, asked: Asked) -> bool:
        """Whether faults befall this call."""
        return asked.method == "POST"

    def take(self, asked: Asked) -> Answered:
        """Answer a call without a fault, and write into the book what was taken."""
        raise NotImplementedError

    def throttled(self, seconds: int | None) -> Answered:
        raise NotImplementedError

    def failing(self) -> Answered:
        raise NotImplementedError

    def expired(self, asked: Asked) -> Answered:
        """Let the credential of the call run out, and refuse it."""
        raise NotImplementedError

    def empty(self, asked: Asked) -> Answered:
        raise NotImplementedError

    def answer(self, asked: Asked) -> Answered | None:
        with self._lock:
            self.asked.append(asked)
            fault = self.faults.take() if self.hands_over(asked) else None
            answered = self._befallen(asked, fault)
        if fault == Fault.SLOW:
            self._over.wait()
        if answered is None or fault in (Fault.CUT_OFF, Fault.SLOW):
            return None
        status, headers, content = answered
        dated = status, {"Date": formatdate(self.clock.time(), usegmt=True), **headers}, content
        self.answers.append((asked, dated))
        return dated

    def _befallen(self, asked: Asked, fault: Fault | None) -> Answered | None:
        match fault:
            case Fault.THROTTLED:
                return self.throttled(THROTTLE_SECONDS)
            case Fault.THROTTLED_UNTOLD:
                return self.throttled(None)
            case Fault.FAILING:
                return self.failing()
            case Fault.EXPIRED:
                return self.expired(asked)
            case Fault.EMPTY:
                return self.empty(asked)
            case Fault.LOST:
                return None
            case _:
                return self.take(asked)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve the fake at the URL given; whatever still waits for a slow answer is cut off at the end."""
        with served(self.answer) as url:
            try:
                yield url
            finally:
                self._over.set()
