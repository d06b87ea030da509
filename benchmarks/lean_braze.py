"""A fake of Braze that costs little: it keeps whole bodies and takes them apart only once nobody calls any more.

Answers each call as /campaigns/trigger/send does, `--latency` milliseconds after it has the whole of it; of calls above
`--calls` in a second of the clock it takes none, and answers 429 with the reset as a moment. Prints its URL, and serves
until its input ends. GET /book tells calls and refusals by the second, POST /dump writes the bodies into a folder and
forgets them, one file per call, named by when it came (microseconds since 1970); POST /latency sets the latency.
"""

import argparse
import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time

import httpx2
import orjson

TAKEN = orjson.dumps({"dispatch_id": "0123456789abcdef01234567", "message": "success"})


@dataclass
class Book:
    """What came, and what was refused, by the second."""

    latency: float
    calls: int
    taken: list[tuple[float, bytes]] = field(default_factory=list)
    by_second: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)


class Caller(asyncio.Protocol):
    """One connection: a request at a time, each with its length in the head."""

    def __init__(self, book: Book) -> None:
        self.book, self.parts, self.held, self.needed, self.target = book, list[bytes](), 0, 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parts.append(data)
        self.held += len(data)
        if not self.needed:
            joined = b"".join(self.parts)
            self.parts = [joined]
            end = joined.find(b"\r\n\r\n")
            if end < 0:
                return
            head = joined[:end]
            length = next((line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            self.target, self.needed, self.begins = head.split(b" ", 2)[1], end + 4 + int(length), end + 4
        if self.held >= self.needed:
            body = b"".join(self.parts)[self.begins :]
            self.parts, self.held, self.needed = [], 0, 0
            self._came(body)

    def _came(self, body: bytes) -> None:
        if self.target == b"/campaigns/trigger/send":
            now = time()
            second = int(now)
            is_over = self.book.calls > 0 and self.book.by_second[second] >= self.book.calls
            (self.book.refused if is_over else self.book.by_second)[second] += 1
            if is_over:
                reset = {"X-RateLimit-Reset": str(second + 1)}
                self._answer(429, orjson.dumps({"message": "Too many requests"}), reset)
                return
            self.book.taken.append((now, body))
            asyncio.get_running_loop().call_later(self.book.latency, self._answer, 201, TAKEN)
            return
        self._answer(200, orjson.dumps(_told(self.book, self.target.decode(), body.decode())))

    def _answer(self, status: int, content: bytes, more: dict[str, str] | None = None) -> None:
        named = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(more or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.transport.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)


def _told(book: Book, target: str, said: str) -> dict[str, object]:
    if target == "/latency":
        book.latency = float(said) / 1000
    if target == "/dump":
        for number, (at, body) in enumerate(book.taken):
            Path(said, f"{int(at * 1e6)}-{number:06d}.json").write_bytes(body)
        book.taken, book.by_second, book.refused = [], Counter(), Counter()
    seconds = {str(second): count for second, count in sorted(book.by_second.items())}
    refused = {str(second): count for second, count in sorted(book.refused.items())}
    return {"calls": len(book.taken), "by_second": seconds, "refused": refused}


async def _serve(book: Book) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Caller(book), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


@dataclass(frozen=True)
class Served:
    """The fake in its process."""

    url: str
    pid: int

    def book(self) -> dict[str, dict[str, int]]:
        """Calls that were taken and refused, by the second."""
        return dict(httpx2.get(f"{self.url}/book").json())

    def dump(self, folder: Path) -> None:
        """Let it write the bodies into a new folder, and forget them."""
        folder.mkdir(parents=True)
        httpx2.post(f"{self.url}/dump", content=str(folder.absolute()).encode(), timeout=120)

    def answer_after(self, milliseconds: float) -> None:
        """Let it answer so late from now on."""
        httpx2.post(f"{self.url}/latency", content=str(milliseconds).encode())


@contextmanager
def served(*, latency: float = 0.0, calls: int = 0) -> Iterator[Served]:
    """The fake in a process of its own, for as long as the block runs."""
    command = [sys.executable, str(Path(__file__).resolve()), "--latency", str(latency), "--calls", str(calls)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        try:
            yield Served(running.stdout.readline().strip(), running.pid)
        finally:
            running.stdin.close()


def main() -> None:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--calls", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(_serve(Book(given.latency / 1000, given.calls)))


if __name__ == "__main__":
    main()
