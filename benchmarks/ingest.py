"""Taking events in from Kafka and checking them, beside Spark's own plain copy of the same topic to Delta.

One run: a real broker is started, the events are produced, and then in turn, round by round, the topic is copied
plainly, taken into ingest.events, and ingest.events is checked into quality.events and quality.quarantine, where
`--standing` events stand already. Ratios are the plain copy's seconds through ours, medians over the rounds: 1 is as
fast as the copy. A round before them warms all three alike, since Java compiles what it runs while it runs it, and the
more there is of it the longer; `cold` has its seconds, in which the plain copy comes first and so loads what all share.

    .venv/bin/python benchmarks/ingest.py [--events 500000] [--standing 5000000] [--rounds 3]

The last line is JSON: events, kafka_to_ingest_ratio, ingest_to_quality_ratio, seconds of each, cold, standing,
environment.
"""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "jobs")]

import check_events  # noqa: E402
import pyspark  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

from lettermill.ingest.events import events_of_lines  # noqa: E402
from lettermill.ingest.kafka import Kafka, arriving_records  # noqa: E402
from lettermill.ingest.sources import Source  # noqa: E402
from lettermill.job import Run  # noqa: E402
from lettermill.lake import Folder, Lake, conform  # noqa: E402
from lettermill.settings import load  # noqa: E402
from lettermill.spark import session  # noqa: E402
from lettermill.tables import ingest, quality  # noqa: E402
from lettermill.topics import take_in_topics  # noqa: E402
from tests.kafka_broker import running_broker  # noqa: E402

SCRATCH = Path("var/bench/ingest")
TOPIC = "events"
NOW = datetime(2017, 6, 1, 12, tzinfo=UTC)


def main() -> None:
    given = arguments()
    settings = load("local")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    spark = session(settings.spark, application="benchmark of ingest")
    with running_broker(SCRATCH / "kafka") as broker:
        tell(f"sending {given.events:,} events to a broker of 4 partitions")
        broker.create(TOPIC, partitions=4)
        broker.send(TOPIC, payloads(given.events))
        stand(spark, given.standing)
        kafka = Kafka(bootstrap_servers=broker.bootstrap, topics=(TOPIC,))
        cold: dict[str, list[float]] = {"copy": [], "ingest": [], "check": []}
        warm: dict[str, list[float]] = {"copy": [], "ingest": [], "check": []}
        for number in range(given.rounds + 1):
            seconds = warm if number else cold
            run = Run(lake_of(spark, number), replace(settings, sources=shop(kafka)), NOW, "local", NOW)
            for table in (ingest.EVENTS, quality.QUARANTINE):
                run.lake.create(table)
            timed(seconds["copy"], lambda n=number: plain_copy(spark, kafka, f"copy{n}"))
            timed(seconds["ingest"], lambda r=run: take_in(r))
            timed(seconds["check"], lambda r=run: check(r))
            tell(f"round {number}: " + ", ".join(f"{name} {took[-1]:.1f} s" for name, took in seconds.items()))
            accounted(run, given)
    shutil.rmtree(SCRATCH)
    copy, taken, checked = (median(took) for took in warm.values())
    figures = {
        "events": given.events,
        "kafka_to_ingest_ratio": round(copy / taken, 3),
        "ingest_to_quality_ratio": round(copy / checked, 3),
        "plain_copy_seconds": round(copy, 2),
        "ingest_seconds": round(taken, 2),
        "check_seconds": round(checked, 2),
        "cold": {name: round(took, 2) for name, (took,) in cold.items()},
        "standing": given.standing,
        "environment": {
            "spark": pyspark.__version__,
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "master": spark.sparkContext.master,
        },
    }
    print(json.dumps(figures))  # noqa: T201


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--standing", type=int, default=5_000_000, help="events that quality.events holds before")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def payloads(number: int) -> Iterator[bytes]:
    """Events as a shop sends them, 0.5 KB each: one in 50 sent twice, one in 100 not well formed."""
    for n in range(number):
        yield json.dumps(
            {
                "messageId": f"event-{n - (n % 50 == 1):012d}",
                "type": "track",
                "event": "Product Viewed",
                "userId": None if n % 100 == 7 else str(n % 100_000),
                "timestamp": f"2017-06-01T11:{n % 60:02d}:{n // 60 % 60:02d}.000Z",
                "receivedAt": "2017-06-01T12:00:00.000Z",
                "context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101", "ip": "192.0.2.7"},
                "properties": {"product_id": str(n % 90_000), "price": "1.50", "category": "Grocery / Jams",
                               "url": f"https://shop.example/products/{n % 90_000}?utm_source=newsletter"},
            }
        ).encode()  # fmt: skip


def stand(spark: SparkSession, number: int) -> None:
    """Store `number` events that arrived on earlier days in quality.events, once; each round starts from a copy."""
    tell(f"writing {number:,} standing events")
    days = spark.range(0, number, numPartitions=8).select(
        F.concat(F.lit("older-"), F.lpad(F.col("id").cast("string"), 12, "0")).alias("event_id"),
        F.lit("product_viewed").alias("kind"),
        (F.col("id") % 100_000).cast("string").alias("user_id"),
        *(F.lit(None).cast("string").alias(name) for name in ("anonymous_id", "previous_id")),
        *(
            (F.lit(1_490_000_000) + F.col("id") % 5_000_000).cast("timestamp").alias(name)
            for name in ("occurred_at", "received_at", "available_at")
        ),
        F.lit(None).cast(quality.PROPERTIES).alias("properties"),
        F.lit("shop").alias("source"),
        F.concat(F.lit("older/"), (F.col("id") % 4).cast("string")).alias("origin"),
        F.col("id").alias("position"),
    )
    lake = Lake(spark, Folder(SCRATCH / "standing"), SCRATCH / "none")
    lake.create(quality.EVENTS)
    path = str(Folder(SCRATCH / "standing").path(quality.EVENTS))
    conform(days, quality.EVENTS).write.format("delta").mode("append").save(path)


def lake_of(spark: SparkSession, number: int) -> Lake:
    root = SCRATCH / f"lake{number}"
    shutil.copytree(SCRATCH / "standing", root, copy_function=os.link)  # Delta never writes into a file again
    return Lake(spark, Folder(root), SCRATCH / f"checkpoints{number}")


def shop(kafka: Kafka) -> dict[str, Source]:
    return {"shop": Source(kind="events", holds="behaviour", kafka=kafka)}


def plain_copy(spark: SparkSession, kafka: Kafka, name: str) -> None:
    records = arriving_records(spark, kafka, resolve=str.encode)
    plain = records.selectExpr("CAST(value AS STRING) AS raw", "topic", "partition", "offset", "timestamp", "headers")
    query = (
        plain.writeStream.format("delta")
        .option("checkpointLocation", str((SCRATCH / f"{name}.checkpoint").absolute()))
        .trigger(availableNow=True)
        .start(str((SCRATCH / name).absolute()))
    )
    query.awaitTermination()


def take_in(run: Run) -> None:
    take_in_topics(run, kind="events", rows_of_lines=events_of_lines, to=ingest.EVENTS)


def check(run: Run) -> None:
    rules, mappings = run.settings.quality.of(quality.EVENTS), run.settings.mappings_of("behaviour")
    each = partial(check_events.check_events, mappings=mappings, rules=rules)
    run.lake.follow(ingest.EVENTS, each, as_name="check_events/events")


def timed(into: list[float], work: object) -> None:
    started = perf_counter()
    work()  # type: ignore[operator]
    into.append(perf_counter() - started)


def accounted(run: Run, given: argparse.Namespace) -> None:
    """Every event is taken, and then accepted or set aside: a fast loss would be no result."""
    taken = run.lake.read(ingest.EVENTS).count()
    accepted = run.lake.read(quality.EVENTS).count() - given.standing
    aside = run.lake.read(quality.QUARANTINE).count()
    assert (taken, accepted + aside) == (given.events, given.events), (taken, accepted, aside)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
