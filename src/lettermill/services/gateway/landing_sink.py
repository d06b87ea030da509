"""Events into landing files, each synced to disk before anybody is told that it is taken.

One thread writes: all that waits is written and synced together (group commit), so that a sync is shared by whoever
came while the last one ran.
"""

import asyncio
import logging
import os
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import uuid4

from lettermill.gateway_settings import GatewayFiles
from lettermill.services.gateway.refusals import unavailable
from lettermill.services.gateway.sink import Line
from lettermill.services.gateway.spool import SpoolFile, abandoned, new_file

logger = logging.getLogger(__name__)
GROUP_BYTES = 8 * 1024 * 1024
SECONDS_BETWEEN_TRIES = 5.0


@dataclass(frozen=True)
class _Put:
    lines: Sequence[Line]
    done: "Future[None]"

    @property
    def size(self) -> int:
        return sum(len(line.value) for line in self.lines)


@dataclass
class LandingFiles:
    """`folders` says where each source's files land; `clock` gives the day in a file's name."""

    folders: Mapping[str, Path]
    files: GatewayFiles
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _waiting: "queue.SimpleQueue[_Put | None]" = field(default_factory=queue.SimpleQueue)
    _open: dict[str, SpoolFile] = field(default_factory=dict)
    _fault: str | None = None
    _writer: threading.Thread | None = None
    _name: str = field(default_factory=lambda: uuid4().hex[:8])
    _number: int = 0

    def start(self) -> None:
        """Bring home what a process that died left in the spool, then take lines."""
        for source in self.folders:
            (self.files.spool / source).mkdir(parents=True, exist_ok=True)
        self._bring_home()
        self._writer = threading.Thread(target=self._write, name="landing-files", daemon=True)
        self._writer.start()

    async def put(self, lines: Sequence[Line]) -> None:
        done: Future[None] = Future()
        self._waiting.put(_Put(lines, done))
        try:
            await asyncio.wrap_future(done)
        except OSError as error:
            raise unavailable(f"the disk did not take it ({error.strerror})") from None

    def fault(self) -> str | None:
        if self._writer is None or not self._writer.is_alive():
            return "the writer is not running"
        return self._fault

    def close(self) -> None:
        if self._writer is not None:
            self._waiting.put(None)
            self._writer.join()
            self._writer = None
        for source in list(self._open):
            self._publish(source)

    def _write(self) -> None:
        while True:
            puts, is_last = self._group()
            if puts:
                self._commit(puts)
            self._publish_due()
            if is_last:
                return

    def _group(self) -> tuple[list[_Put], bool]:
        """What waits, at most GROUP_BYTES of it; an empty group when a file has come of age. True: the last group."""
        try:
            first = self._waiting.get(timeout=self._seconds_left())
        except queue.Empty:
            return [], False
        if first is None:
            return [], True
        puts, size = [first], first.size
        while size < GROUP_BYTES:
            try:
                another = self._waiting.get_nowait()
            except queue.Empty:
                break
            if another is None:
                return puts, True
            puts.append(another)
            size += another.size
        return puts, False

    def _commit(self, puts: list[_Put]) -> None:
        puts = [put for put in puts if put.done.set_running_or_notify_cancel()]
        content: dict[str, list[bytes]] = defaultdict(list)
        for put in puts:
            for line in put.lines:
                content[line.source] += (line.value, b"\n")
        try:
            for source, parts in content.items():
                self._file(source).append(b"".join(parts))
        except OSError as error:
            self._fail(error)
            for put in puts:
                put.done.set_exception(error)
            return
        self._fault = None
        for put in puts:
            put.done.set_result(None)

    def _file(self, source: str) -> SpoolFile:
        file = self._open.get(source)
        if file is None or not file.is_open:
            self._number += 1
            name = f"{self.clock():%Y-%m-%d-%H%M%S}-{self._name}-{self._number:06d}.jsonl"
            file = self._open[source] = new_file(self.files.spool / source, name, now=monotonic())
        return file

    def _publish_due(self) -> None:
        now = monotonic()
        due = [
            source
            for source, file in self._open.items()
            if file.size >= self.files.max_bytes or now - file.opened_at >= self.files.max_seconds
        ]
        for source in due:
            self._publish(source)
        had_fault = self._fault is not None
        if had_fault:
            self._try_again()
        if due or had_fault:
            self._bring_home()

    def _publish(self, source: str) -> None:
        file = self._open.pop(source)
        try:
            if file.is_open:
                file.publish(self.folders[source])
        except OSError as error:
            self._fail(error)  # the file stays in the spool, durable, and is brought home later
        finally:
            file.close()

    def _bring_home(self) -> None:
        for source, folder in self.folders.items():
            for file in abandoned(self.files.spool / source, now=monotonic()):
                try:
                    file.publish(folder)
                except OSError as error:
                    self._fail(error)
                finally:
                    file.close()

    def _seconds_left(self) -> float:
        if self._fault:
            return SECONDS_BETWEEN_TRIES
        if not self._open:
            return self.files.max_seconds
        oldest = min(file.opened_at for file in self._open.values())
        return max(0.01, oldest + self.files.max_seconds - monotonic())

    def _try_again(self) -> None:
        """Whether the disk takes something again: while it is said not to, nobody may send what would show it."""
        probe = self.files.spool / f".probe-{self._name}"
        try:
            probe.write_bytes(b" " * 4096)
            with probe.open("rb") as written:
                os.fsync(written.fileno())
            probe.unlink()
            self._fault = None
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self._fault = f"the disk does not take it ({error.strerror or os.strerror(error.errno or 0)})"
        logger.error("landing files: %s", self._fault)
