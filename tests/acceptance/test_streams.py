"""Streams under what happens to them: kills, upkeep beside them, poison in every batch."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lettermill.ingest.events import events_of_lines
from lettermill.ingest.kafka import Kafka
from lettermill.ingest.sources import Source
from lettermill.job import Run
from lettermill.settings import load
from lettermill.tables import ingest
from lettermill.tables.quality import QUARANTINE
from lettermill.topics import take_in_topics
from tests.acceptance.conftest import ROOT

pytestmark = pytest.mark.acceptance

NOON = datetime(2017, 6, 1, 12, tzinfo=UTC)


def figures(benchmark, *arguments):
    """The last line of a benchmark, as it is started from the command line."""
    command = [sys.executable, f"benchmarks/{benchmark}.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_killed_again_and_again_the_table_holds_exactly_what_was_sent():
    found = figures("ingest_kill", "--events", "20000", "--kills", "6")

    assert (found["sent"], found["lost"], found["extra"], found["kills"]) == (20_000, 0, 0, 6)


def test_upkeep_beside_a_running_stream_loses_no_row():
    found = figures("maintenance", "--seconds", "60")

    assert (found["lost"], found["packed"] > 0, found["removed"] > 0) == (0, True, True)


def test_a_poison_record_in_each_of_a_hundred_batches_stops_nothing(broker, lake):
    topic = broker.create("poison")
    fine, poison = b'{"messageId": "m"}', [b"\xff", None]
    broker.send(topic, [poison[n // 10 % 2] if n % 10 == 4 else fine for n in range(1_000)], partition=0)
    kafka = Kafka(bootstrap_servers=broker.bootstrap, topics=(topic,), records_per_batch=10)
    sources = {"shop": Source(kind="events", holds="behaviour", kafka=kafka)}

    run = Run(lake, replace(load("local"), sources=sources), NOON, "local", NOON)
    take_in_topics(run, kind="events", rows_of_lines=events_of_lines, to=ingest.EVENTS)

    aside = lake.read(QUARANTINE).select("position").collect()
    assert sorted(row.position for row in aside) == list(range(4, 1_000, 10))
    assert lake.read(ingest.EVENTS).select("position").distinct().count() == 900
    assert run.counts == {"events_refused": 100}
