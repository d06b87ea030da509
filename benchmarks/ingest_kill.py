"""Taking events in while the driver is killed again and again: the set in the table must equal the set sent.

Half of the events come in landing files, half through a real Kafka broker, a slice at a time. `jobs/ingest_events.py`
runs as a user starts it, and its process group gets kill -9 at random moments; a last run goes to its end.

    .venv/bin/python benchmarks/ingest_kill.py [--events 200000] [--kills 20] [--seed 7]

The last line is JSON: sent, lost (sent but not in the table), extra (rows that are in the table twice, or were never
sent), kills, seed, seconds, environment.
"""

import argparse
import gzip
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import pyspark  # noqa: E402
import yaml  # noqa: E402

from lettermill.lake import Folder, Lake  # noqa: E402
from lettermill.settings import PACKAGED, load  # noqa: E402
from lettermill.spark import session  # noqa: E402
from lettermill.tables import ingest  # noqa: E402
from tests.kafka_broker import Broker, running_broker  # noqa: E402

SCRATCH = ROOT / "var/bench/ingest_kill"
TOPIC = "events"
PER_FILE = 500


def main() -> None:
    given = arguments()
    moments, started = random.Random(given.seed), monotonic()
    shutil.rmtree(SCRATCH, ignore_errors=True)
    landing = SCRATCH / "landing" / "events"
    landing.mkdir(parents=True)
    events = [f"event-{number:09d}" for number in range(given.events)]
    slices = [events[place :: given.kills + 1] for place in range(given.kills + 1)]
    with running_broker(SCRATCH / "kafka") as broker:
        broker.create(TOPIC, partitions=3)
        configure(broker)
        first, *rest = slices
        send(first, 0, broker, landing)
        length = run_to_end()  # how long a run takes here; what it takes in counts like the rest
        kills = 0
        while kills < given.kills:
            if rest:
                send(rest.pop(), len(rest) + 1, broker, landing)
            kills += run_and_kill(after=moments.uniform(0.4, 1.0) * length)
            tell(f"{kills} of {given.kills} kills, {monotonic() - started:.0f} s")
        run_to_end()
    stored = rows()
    figures = {
        "sent": len(events),
        "lost": len(set(events) - set(stored)),
        "extra": len(stored) - len(set(stored) & set(events)),
        "kills": kills,
        "seed": given.seed,
        "seconds": round(monotonic() - started, 1),
        "environment": {"spark": pyspark.__version__, "python": platform.python_version(), "cores": os.cpu_count()},
    }
    shutil.rmtree(SCRATCH)
    print(json.dumps(figures))  # noqa: T201


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def configure(broker: Broker) -> None:
    """Write a conf folder of the benchmark's own: the packaged one, and an environment `bench`."""
    for file in (entry for entry in PACKAGED.iterdir() if entry.is_file()):
        (SCRATCH / "conf").mkdir(exist_ok=True)
        (SCRATCH / "conf" / file.name).write_text(file.read_text())
    bench = yaml.safe_load((SCRATCH / "conf" / "local.yml").read_text()) | {
        "lake": {"catalog": None, "root": str(SCRATCH / "lake"), "checkpoints": str(SCRATCH / "checkpoints")},
        "landing": str(SCRATCH / "landing"),
        "sources": {
            "filed": {"kind": "events", "holds": "behaviour", "path": "events"},
            "streamed": {
                "kind": "events",
                "holds": "behaviour",
                "kafka": {"bootstrap_servers": broker.bootstrap, "topics": [TOPIC], "records_per_batch": 1000},
            },
        },
    }
    (SCRATCH / "conf" / "bench.yml").write_text(yaml.safe_dump(bench))


def send(events: Sequence[str], number: int, broker: Broker, landing: Path) -> None:
    """Put half of the events into landing files, renamed when they are whole, and half on the topic."""
    lines = [json.dumps({"messageId": event, "type": "track", "event": "Product Viewed"}) for event in events]
    filed, streamed = lines[::2], lines[1::2]
    for place in range(0, len(filed), PER_FILE):
        part = landing / ".part"
        part.write_bytes(gzip.compress("\n".join(filed[place : place + PER_FILE]).encode() + b"\n", 1))
        part.rename(landing / f"2017-06-01.{number:03d}-{place // PER_FILE:03d}.jsonl.gz")
    broker.send(TOPIC, [line.encode() for line in streamed])


def start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "jobs/ingest_events.py", "--env", "bench", "--conf", str(SCRATCH / "conf")]
    paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    log = (SCRATCH / "runs.log").open("ab")
    return subprocess.Popen(
        [*command, "--as-of", "2017-06-02"],
        cwd=ROOT,
        env=os.environ | paths,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def run_to_end() -> float:
    started, running = monotonic(), start()
    assert running.wait() == 0, (SCRATCH / "runs.log").read_text()[-3000:]
    return monotonic() - started


def run_and_kill(*, after: float) -> int:
    """Run the job and kill it at a moment; 0 where it had ended before."""
    running = start()
    try:
        ended = running.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return 1
    assert ended == 0, (SCRATCH / "runs.log").read_text()[-3000:]
    return 0


def rows() -> list[str]:
    """The event ids that stand in ingest.events, as often as they stand there."""
    spark = session(load("local").spark, application="benchmark of kills")
    lake = Lake(spark, Folder(SCRATCH / "lake"), SCRATCH / "checkpoints")
    ids = lake.read(ingest.EVENTS).selectExpr("get_json_object(raw, '$.messageId') AS id").collect()
    return [row["id"] for row in ids]


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
