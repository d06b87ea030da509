"""Sending many messages to a fake of Braze, beside plain posting of the very same bodies.

Throughput: a send as `jobs/send_campaign.py` does it, for a planned and pre-flighted campaign: fenced, claimed,
rendered again and compared, packed, each call marked in the journal before and after it, settled, posted to the ledger;
from the first line to the last. Calls of 50 messages go to a fake in a process of its own, which answers `--latency` ms
after it has a call whole. Then plain httpx2 posts the bodies that came, as they came, with as many processes and as
many connections in all: each process has read its bodies into memory and opened its clients before the clock starts,
and does nothing but post, one call after another on each connection. Both once more with a fake that answers at once.
The account's pace is lifted, since it would decide alone; a send of a twentieth warms the session up and does not
count. What was planned by an earlier run of as many messages is used again with `--keep`.

Pace: the tasks of a hand-over, with their threads, against a fake that takes 200 calls in a second of the clock. Of the
seconds that are neither among the first three nor the last two: the share of the 200 that was used, and refusals.

Cost: CPU seconds of the sender (driver, Java, workers), calls and bytes per million messages.

    .venv/bin/python benchmarks/delivery.py [--messages 100000] [--latency 50] [--pace-seconds 25] [--keep]

The last line is JSON: messages, throughput_ratio, throughput_ratio_without_latency, rate_limit_use, rate_limited_calls,
core_seconds_per_million, calls_per_million, bytes_per_million, seconds and environment.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

import httpx2
import orjson
import pyspark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))

import send_campaign

from benchmarks.large_campaign import KEY, SECRETS, Planned, planned, run_of
from benchmarks.lean_braze import Served, served
from benchmarks.rendering import say
from lettermill.clocks import SystemChance, SystemClock
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.provider import Limits
from lettermill.delivery.providers.braze.account import Account
from lettermill.delivery.providers.braze.mails import PATH, BrazeMails
from lettermill.delivery.tasks import Line, Packing, hand_over, totals
from lettermill.patience import Patience, Rate
from lettermill.sending.providers import credential
from lettermill.settings import load
from lettermill.spark import session

SCRATCH = Path("var/bench/delivery")
PROCESSES = 2
CONNECTIONS = 8
HERTZ = os.sysconf("SC_CLK_TCK")
ALLOWED = 200
OF_PACE = 24
"""Connections of the hand-over whose pace is looked at."""
BODIES = {"subject": "Hi", "html": "<p>Hi</p>", "text": "Hi"}
DUE = (
    "message_id string, person_id string, address string, campaign string, occurrence string, locale string, "
    "unsubscribe_token string, template_version string, batch int, bodies map<string,string>, fault string, "
    "expected array<string>, expected_fault string"
)


def cpu_seconds(*, without: int) -> float:
    """CPU seconds of this process and of all that it started, dead or alive, but for one process."""
    children: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        seconds[pid] = sum(int(one) for one in fields[11:15]) / HERTZ
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        total += seconds.get(pid, 0.0)
        waiting += [one for one in children.get(pid, []) if one != without]
    return total


@dataclass
class Spent:
    """What a block took."""

    seconds: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured(*, without: int) -> Iterator[Spent]:
    spent, began, cpu = Spent(), perf_counter(), cpu_seconds(without=without)
    yield spent
    spent.seconds, spent.cpu = perf_counter() - began, cpu_seconds(without=without) - cpu


@dataclass
class Throughput:
    """Seconds of a send and of plain posting of the same bodies."""

    sent: Spent
    posted: float
    bodies: list[Path] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return round(self.posted / self.sent.seconds, 3)


def sent(given: Planned, fake: Served, name: str, *, limit: int) -> Spent:
    """Send of what is planned, in a lake of its own, so many."""
    braze = {"base_url": fake.url, "mails": {"messages": 50, "bytes": 4_000_000, "connections": CONNECTIONS}}
    lake, settings = given.copied(name, braze=braze, tasks=PROCESSES)
    run = run_of(lake, settings, limit=str(limit))
    with measured(without=fake.pid) as spent:
        send_campaign.main.work(run)
    assert run.counts["handed_over"] == limit, run.counts
    say(f"{name}: {limit:,} sent in {spent.seconds:.1f} s, {spent.cpu:.1f} s of CPU")
    return spent


def throughput(given: Planned, fake: Served, name: str) -> Throughput:
    """Send everything that is planned, then post what came."""
    spent = sent(given, fake, name, limit=given.messages)
    folder = emptied(SCRATCH / f"bodies-{name}")
    fake.dump(folder)
    bodies = sorted(folder.iterdir())
    require_each_once(bodies, given.messages)
    posted = plainly_posted(folder, fake)
    came = emptied(SCRATCH / f"again-{name}")
    fake.dump(came)
    assert len(list(came.iterdir())) == len(bodies)
    say(f"{name}: {len(bodies):,} calls posted in {posted:.1f} s")
    return Throughput(spent, posted, bodies)


def emptied(folder: Path) -> Path:
    """The folder, gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def require_each_once(bodies: list[Path], messages: int) -> None:
    """Every message came, and came once."""
    ids = [
        one["trigger_properties"]["message_id"]
        for body in bodies
        for one in orjson.loads(body.read_bytes())["recipients"]
    ]
    assert (len(ids), len(set(ids))) == (messages, messages), (len(ids), len(set(ids)))


def plainly_posted(folder: Path, fake: Served) -> float:
    """Seconds in which PROCESSES processes post the bodies of the folder; see `posting`."""
    command = [sys.executable, str(Path(__file__).resolve()), "--post", str(folder), "--to", fake.url, "--share"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, str(number)], **pipes) for number in range(PROCESSES)]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    began = perf_counter()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()  # all of them at once: to communicate with one would wait for its end
    for one in running:
        one.communicate()
    assert [one.returncode for one in running] == [0] * PROCESSES
    return perf_counter() - began


def posting(folder: Path, url: str, *, share: int) -> None:
    """One process of plain posting: every PROCESSES-th body, over its share of the connections."""
    connections = CONNECTIONS // PROCESSES
    bodies = [file.read_bytes() for file in sorted(folder.iterdir())[share::PROCESSES]]
    head = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    clients = [httpx2.Client(base_url=url, headers=head, timeout=30) for _ in range(connections)]
    say("ready")
    sys.stdin.readline()

    def post(number: int) -> None:
        for body in bodies[number::connections]:
            assert clients[number].post(PATH, content=body).status_code == 201

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(post, range(connections)))


def pace(spark: SparkSession, *, seconds: int, tasks: int) -> dict[str, float]:
    """Hand over one message a call for so long; how much of the limit was used, and how many calls were refused."""
    shutil.rmtree(SCRATCH / "pace", ignore_errors=True)
    with served(latency=50.0, calls=ALLOWED) as fake:
        limits = Limits(messages=1, bytes=4_000_000, calls=(Rate(ALLOWED, 1.0),), connections=OF_PACE)
        account = Account(fake.url, "secret://braze/key", "bench", mails=limits)
        provider, clock = BrazeMails(account, "braze", credential(account.key)), SystemClock()
        line = Line("bench.pace.00001", provider, LocalJournal((SCRATCH / "pace").absolute()), always, float("inf"),
                    clock, SystemChance(), Patience(), tasks=tasks)  # fmt: skip
        packing = Packing(provider, unsubscribe="https://u/", at=datetime(2026, 1, 1, tzinfo=UTC))
        due = due_rows(spark, ALLOWED * seconds)
        tally = totals(hand_over(due, order=["message_id"], made=iter, pack=packing, line=line).collect())
        book = fake.book()
    steady = [int(second) for second in book["by_second"]][3:-2]
    used = mean(book["by_second"][str(second)] for second in range(steady[0], steady[-1] + 1)) / ALLOWED
    refused = sum(count for second, count in book["refused"].items() if steady[0] <= int(second) <= steady[-1])
    say(f"pace, {tasks} tasks: {used:.3f} of the limit in {len(steady)} s, {refused} refused, {tally.calls:,} calls")
    return {"use": round(used, 3), "refused": refused, "seconds": len(steady)}


def always() -> bool:
    return True


def due_rows(spark: SparkSession, messages: int) -> Any:
    """Rows as a task has them after rendering, in batches so small that no connection is idle for long at the end."""
    expected = [f"{part}={sha256(text.encode()).hexdigest()}" for part, text in BODIES.items()]
    number = F.col("id")
    told = {
        "message_id": F.sha2(number.cast("string"), 256),
        "person_id": F.concat(F.lit("p"), number),
        "address": F.concat(F.lit("p"), number, F.lit("@shop.example")),
        "batch": F.floor(number / 10) + 1,
        "bodies": F.create_map(*(F.lit(word) for pair in BODIES.items() for word in pair)),
        "expected": F.array(*map(F.lit, expected)),
        "fault": F.lit(None),
        "expected_fault": F.lit(None),
    }
    columns = [
        name.strip().split(" ", 1) for name in DUE.replace("map<string,string>", "map<string;string>").split(",")
    ]
    return spark.range(messages).select(
        *(told.get(name, F.lit("x")).cast(type_.replace(";", ",")).alias(name) for name, type_ in columns)
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--latency", type=float, default=50.0)
    parser.add_argument("--pace-seconds", type=int, default=25)
    parser.add_argument("--parts", default="throughput,pace", help="what to measure")
    parser.add_argument("--keep", action="store_true", help="use again what an earlier run has planned")
    parser.add_argument("--post", type=Path, help="what the processes of plain posting are started with")
    parser.add_argument("--to", default="", help="the same")
    parser.add_argument("--share", type=int, default=0, help="the same")
    given = parser.parse_args()
    if given.post:
        posting(given.post, given.to, share=given.share)
        return
    os.environ.update(SECRETS)
    SCRATCH.mkdir(parents=True, exist_ok=True)
    spark = session(load("local").spark, application="benchmark of delivery")
    figures: dict[str, Any] = {"messages": given.messages}
    if "throughput" in given.parts:
        figures |= figures_of_throughput(spark, messages=given.messages, latency=given.latency, keep=given.keep)
    if "pace" in given.parts:
        by_tasks = {tasks: pace(spark, seconds=given.pace_seconds, tasks=tasks) for tasks in (1, 2)}
        figures |= {
            "rate_limit_use": min(one["use"] for one in by_tasks.values()),
            "rate_limited_calls": sum(one["refused"] for one in by_tasks.values()),
            "pace_by_tasks": by_tasks,
        }
    figures["environment"] = {"python": platform.python_version(), "spark": pyspark.__version__, "master": "local[2]"}
    say(json.dumps(figures))


def figures_of_throughput(spark: SparkSession, *, messages: int, latency: float, keep: bool) -> dict[str, Any]:
    """The figures of the sends."""
    with served(latency=latency) as fake:
        many = planned(spark, SCRATCH / f"planned-{messages}", messages=messages, keep=keep)
        sent(many, fake, "warming", limit=max(100, messages // 20))
        fake.dump(emptied(SCRATCH / "bodies-warming"))
        late = throughput(many, fake, "sent-late")
        fake.answer_after(0)
        at_once = throughput(many, fake, "sent-at-once")
    per_million = 1e6 / messages
    return {
        "throughput_ratio": late.ratio,
        "throughput_ratio_without_latency": at_once.ratio,
        "latency_ms": latency,
        "core_seconds_per_million": round(late.sent.cpu * per_million),
        "core_seconds_per_million_without_latency": round(at_once.sent.cpu * per_million),
        "calls_per_million": round(len(late.bodies) * per_million),
        "bytes_per_million": round(sum(file.stat().st_size for file in late.bodies) * per_million),
        "seconds": {"sent": round(late.sent.seconds, 1), "posted": round(late.posted, 1)},
        "seconds_without_latency": {"sent": round(at_once.sent.seconds, 1), "posted": round(at_once.posted, 1)},
    }


if __name__ == "__main__":
    main()
