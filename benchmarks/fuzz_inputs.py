"""Hostile inputs through the gateway, and what it takes of them through ingest and quality.

10,000 events in calls that are broken in many ways, and the corpora beside the project, are sent to a gateway that runs
as a process of its own; then bombs: small bodies that become large, deep ones, and slow ones. What the gateway took is
read by `ingest_events` and judged by `check_events`. Every event sent is accepted into quality.events, or refused with
a reason by the gateway, or set aside with reasons in quality.quarantine.

    .venv/bin/python benchmarks/fuzz_inputs.py [--events 10000] [--seed 7] [--corpora ../shared/corpora]

The last line is JSON: sent, accepted, quarantined, without_reason, server_errors, memory_growth_mb (the most memory the
process had at any moment, above what it had after 300 plain events); and refused by the gateway, bombs, environment.
It fails where an event is unaccounted for or has no reason, where the server erred, or where memory grew by 64 MB.
"""

import argparse
import json
import os
import platform
import runpy
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx2
from pyspark.sql import functions as F

from lettermill.tables import ingest
from lettermill.tables.quality import EVENTS, QUARANTINE
from tests.services.gateway.hostile import BASE, WEBHOOK_SECRET, Hostile, bombs, fuzzed, of_corpora
from tests.services.gateway.running import Process, Site, site

SENDERS = 8
CHUNK = 64
MOST_GROWTH_MB = 64
SLOW_CONNECTIONS = 32


@dataclass
class Tally:
    """What the gateway answered, in events."""

    sent: int = 0
    taken: int = 0
    refused: int = 0
    without_reason: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def server_errors(self) -> int:
        return sum(number for status, number in self.statuses.items() if status >= 500)

    def add(self, request: Hostile, answer: httpx2.Response) -> None:
        taken = answer.status_code < 300
        with self._lock:
            self.sent += request.events
            self.statuses[answer.status_code] += 1
            self.taken += request.events * taken
            self.refused += request.events * (not taken)
            self.without_reason += request.events * (not taken and not _reason(answer))


def _reason(answer: httpx2.Response) -> str:
    if "text/html" in answer.headers.get("content-type", ""):
        return answer.text
    try:
        told = answer.json()
        return str(told.get("message") or told["errors"][0]["message"])
    except (ValueError, KeyError, IndexError):
        return ""


def send(url: str, requests: Iterable[Hostile], *, keys: Sequence[str], tally: Tally) -> None:
    """Send everything, a few at a time; every answer goes into the tally."""

    def one(chunk: list[Hostile]) -> None:
        with httpx2.Client(base_url=url, auth=(keys[0], ""), timeout=60) as client:
            for request in chunk:
                headers = {"Content-Type": "application/json"} | request.headers
                tally.add(request, client.post(request.path, content=request.body, headers=headers))

    rest = iter(requests)
    with ThreadPoolExecutor(SENDERS) as senders:
        waiting = [senders.submit(one, chunk) for chunk in iter(lambda: list(islice(rest, CHUNK)), [])]
        for each in waiting:
            each.result()


def hold_slow_bodies(url: str, *, key: str) -> list[socket.socket]:
    """Open connections that announce a large body and send little of it."""
    place = urlsplit(url)
    held = []
    for _ in range(SLOW_CONNECTIONS):
        connection = socket.create_connection((str(place.hostname), int(place.port or 80)))
        head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 500000\r\n\r\n"
        connection.sendall(head.encode() + b"[" * 100_000)
        held.append(connection)
    return held


def memory(process: Process, name: str) -> int:
    """VmRSS or VmHWM of the gateway, in bytes."""
    status = Path(f"/proc/{process.running.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def attack(place: Site, process: Process, *, events: int, seed: int, corpora: Path) -> tuple[Tally, Tally, float]:
    """Send it all; returns what became of events and of bombs, and by how many MB the memory's peak grew."""
    plain = [Hostile("/v1/track", json.dumps({**BASE, "messageId": f"plain-{n}"}).encode()) for n in range(300)]
    keys, told, exploded = [place.write_key], Tally(), Tally()
    send(process.url, plain, keys=keys, tally=told)
    Path(f"/proc/{process.running.pid}/clear_refs").write_text("5")  # forget the peak of the start
    before = memory(process, "VmRSS")
    send(process.url, chain(fuzzed(events, seed=seed), of_corpora(corpora)), keys=keys, tally=told)
    sys.stdout.write(
        f"{told.sent:,} events sent: {told.taken:,} taken, {told.refused:,} refused; {dict(told.statuses)}\n"
    )
    held = hold_slow_bodies(process.url, key=place.write_key)
    send(process.url, bombs(), keys=keys, tally=exploded)
    for connection in held:
        connection.close()
    growth = (memory(process, "VmHWM") - before) / 1024 / 1024
    sys.stdout.write(f"{exploded.sent} bombs: {dict(exploded.statuses)}; memory grew by {growth:.1f} MB at the most\n")
    return told, exploded, growth


def judge(place: Site) -> dict[str, int]:
    """Run the two jobs over what landed: how many events arrived, were accepted, and were set aside, and why."""
    as_of = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for name in ("ingest_events", "check_events"):
        main = runpy.run_path(f"jobs/{name}.py")["main"]
        run = main(["--conf", str(place.folder), "--env", "site", "--as-of", as_of])
    aside = run.lake.read(QUARANTINE).where(F.col("refused_by") == EVENTS.name)
    return {
        "arrived": run.lake.read(ingest.EVENTS).count(),
        "accepted": run.lake.read(EVENTS).count(),
        "aside": aside.count(),
        "without_reason": aside.where(F.size("reasons") == 0).count(),
    }


def main() -> None:
    """Attack, judge, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--corpora", type=Path, default=Path("../shared/corpora"))
    asked = parser.parse_args()
    os.environ["LETTERMILL_SECRET_FUZZ_WEBHOOK"] = WEBHOOK_SECRET
    with tempfile.TemporaryDirectory() as folder:
        webhook = {"provider": "standard", "keys": ["secret://fuzz/webhook"], "source": "email"}
        limits = {"events_per_second": 1e6, "burst": 1_000_000}
        place = site(Path(folder), webhooks={"standard": webhook}, limits=limits)
        with place.gateway() as process:
            told, exploded, growth = attack(place, process, events=asked.events, seed=asked.seed, corpora=asked.corpora)
        judged = judge(place)
    assert judged["arrived"] == told.taken, f"the gateway took {told.taken} events, {judged['arrived']} arrived"
    figures = {
        "sent": told.sent,
        "accepted": judged["accepted"],
        "quarantined": told.refused + judged["aside"],
        "without_reason": told.without_reason + judged["without_reason"],
        "server_errors": told.server_errors + exploded.server_errors,
        "memory_growth_mb": round(growth, 1),
        "refused_by_gateway": told.refused,
        "bombs": exploded.sent,
        "environment": {"python": platform.python_version(), "seed": asked.seed, "corpora": asked.corpora.is_dir()},
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    assert figures["accepted"] + figures["quarantined"] == figures["sent"], "an event is unaccounted for"
    assert figures["without_reason"] == 0, "an event was refused without a reason"
    assert figures["server_errors"] == 0, "the gateway failed over an input"
    assert growth < MOST_GROWTH_MB, f"the gateway's memory grew by {growth:.1f} MB"


if __name__ == "__main__":
    main()
