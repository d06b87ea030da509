"""A pipeline killed at any point and run again gives the tables of one that was left in peace."""

import gzip
import random
import time

import pytest

from lettermill import tables
from lettermill.settings import load, load_campaign
from tests.acceptance.conftest import PIPELINE, finish, kill, lake_of, start

pytestmark = pytest.mark.acceptance

KILLS = 4
OF_THE_RUN = {
    "ingested_at", "first_seen", "found_at", "changed_at", "model_version", "versions",
    "wave", "batch", "attempt", "provider_reference",
}  # fmt: skip
"""Columns that tell when and by which attempt a row was made: the clock, numbers that a registry gives out, and what a
send that was killed in a wave gives the next wave."""


def content(lake, table):
    columns = [name for name in table.column_names if name not in OF_THE_RUN]
    return sorted(lake.read(table).selectExpr(f"to_json(struct({', '.join(columns)})) AS row").collect())


def payload_lines(home):
    """The messages in the payload files of the format that decides, whichever wave wrote them."""
    files = (home / "var/demo/payloads").rglob("*.jsonl.gz")
    return sorted(line for file in files for line in gzip.decompress(file.read_bytes()).splitlines())


@pytest.fixture(scope="module")
def left_in_peace(workplace):
    """A folder in which the pipeline ran once, undisturbed, and how many seconds that took."""
    home, started = workplace("left in peace"), time.monotonic()
    finish(PIPELINE, home)
    return home, time.monotonic() - started


def test_killed_at_random_and_run_again_the_tables_are_the_same(workplace, left_in_peace, spark):
    (left, length), killed = left_in_peace, workplace("killed")
    seed = random.randrange(10**6)
    moments = random.Random(seed)

    for _ in range(KILLS):
        running = start(PIPELINE, killed)
        time.sleep(moments.uniform(0.1, 0.9) * length)  # the moment of the kill, not a wait for anything
        kill(running)
    finish(PIPELINE, killed)

    folder = load("local").campaigns.folder
    contexts = [load_campaign(name, folder=folder).contexts for name in ("weekly_picks", "win_back")]
    compared = [t for t in (*tables.ALL, *contexts) if t.stage != "monitoring" and lake_of(left, spark).exists(t)]
    compared = [t for t in compared if t is not tables.delivery.LEDGER]  # its versions count the attempts
    different = [t.name for t in compared if content(lake_of(left, spark), t) != content(lake_of(killed, spark), t)]
    assert (seed, different) == (seed, [])
    payloads = [payload_lines(home) for home in (left, killed)]
    assert payloads[0]
    assert payloads[0] == payloads[1]


def test_a_second_run_changes_no_table_but_the_run_log(left_in_peace, spark):
    home, _ = left_in_peace
    lake = lake_of(home, spark)
    stored = [table for table in tables.ALL if table.stage != "monitoring" and lake.exists(table)]
    versions = {table.name: lake.version(table) for table in stored}
    files = {file: file.stat().st_mtime_ns for file in (home / "var/demo/payloads").rglob("*") if file.is_file()}

    output = finish(PIPELINE, home)

    assert {table.name: lake.version(table) for table in stored} == versions
    assert {
        file: file.stat().st_mtime_ns for file in (home / "var/demo/payloads").rglob("*") if file.is_file()
    } == files
    assert output.count("trained from exactly this") == 3
