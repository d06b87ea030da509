"""OPTIMIZE and VACUUM beside a running stream: no row may be lost.

One process appends to ingest.events, a little at a time, and follows it into a second table; another maintains both
tables without a pause, keeping what left them for a few seconds only. Where the stream has not read far enough, VACUUM
is refused, which is counted.

    .venv/bin/python benchmarks/maintenance.py [--seconds 180] [--keep 15]

The last line is JSON: seconds, lost (rows appended that the second table does not have exactly once), appended, rounds,
refused, packed, removed, environment.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import pyspark  # noqa: E402
from pyspark.sql import DataFrame  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

from lettermill.errors import TableError  # noqa: E402
from lettermill.lake import Batch, Folder, Lake  # noqa: E402
from lettermill.settings import load  # noqa: E402
from lettermill.spark import session  # noqa: E402
from lettermill.tables import ingest  # noqa: E402

SCRATCH = ROOT / "var/bench/maintenance"
FOLLOWED = replace(ingest.EVENTS, name="quality.followed")
ROWS = 500
NOW = datetime(2017, 6, 1, 12, tzinfo=UTC)


def main() -> None:
    given = arguments()
    if given.maintain:
        maintain(keep=timedelta(seconds=given.keep))
        return
    shutil.rmtree(SCRATCH, ignore_errors=True)
    lake, started, ended = open_lake(), monotonic(), Event()
    appended: list[int] = []
    append(lake, 0)
    appending = Thread(target=lambda: append_until(ended, lake, appended))
    appending.start()
    command = [sys.executable, __file__, "--maintain", "--keep", str(given.keep)]
    maintaining = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    while monotonic() - started < given.seconds:
        follow(lake)
    ended.set()
    appending.join()
    (SCRATCH / "ended").touch()
    told, _ = maintaining.communicate()
    assert maintaining.returncode == 0, "the maintaining process failed; see above"
    follow(lake)
    figures = {
        "seconds": round(monotonic() - started, 1),
        "lost": lost(lake),
        "appended": ROWS * (len(appended) + 1),
        **json.loads(told.splitlines()[-1]),
        "environment": {"spark": pyspark.__version__, "python": platform.python_version(), "cores": os.cpu_count()},
    }
    lake.spark.stop()
    shutil.rmtree(SCRATCH)
    print(json.dumps(figures))  # noqa: T201


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--keep", type=float, default=15, help="seconds that VACUUM keeps what left a table")
    parser.add_argument("--maintain", action="store_true", help="be the process that maintains")
    return parser.parse_args()


def open_lake() -> Lake:
    spark = session(replace(load("local").spark, driver_memory="2g"), application="benchmark of maintenance")
    lake = Lake(spark, Folder(SCRATCH / "lake"), SCRATCH / "checkpoints")
    for table in (ingest.EVENTS, FOLLOWED):
        lake.create(table)
    return lake


def append(lake: Lake, number: int) -> None:
    rows = lake.spark.range(number * ROWS, (number + 1) * ROWS, numPartitions=2).select(
        F.lit("shop").alias("source"),
        F.lit("topic/0").alias("origin"),
        F.col("id").alias("position"),
        F.concat(F.lit("event-"), F.col("id").cast("string")).alias("raw"),
        F.lit(NOW).alias("received_at"),
        F.lit(NOW).alias("ingested_at"),
        F.lit(None).cast(ingest.HEADERS.type).alias("headers"),
    )
    replace(lake, batch=Batch(app_id="appending", number=number)).append(rows, to=ingest.EVENTS)


def append_until(ended: Event, lake: Lake, appended: list[int]) -> None:
    while not ended.is_set():
        append(lake, len(appended) + 1)
        appended.append(ROWS)


def follow(lake: Lake) -> None:
    def take(rows: DataFrame, into: Lake) -> None:
        into.append(rows, to=FOLLOWED)

    lake.follow(ingest.EVENTS, take, as_name="followed")


def maintain(*, keep: timedelta) -> None:
    """Maintain both tables until the other process has ended; tell what was done as JSON."""
    lake = open_lake()
    done = {"rounds": 0, "refused": 0, "packed": 0, "removed": 0}
    while not (SCRATCH / "ended").exists():
        done["rounds"] += 1
        for table in (ingest.EVENTS, FOLLOWED):
            try:
                kept = lake.maintain(table, keep=keep)
            except TableError:
                done["refused"] += 1
                continue
            done["packed"] += kept.packed
            done["removed"] += kept.removed
    lake.spark.stop()
    print(json.dumps(done))  # noqa: T201


def lost(lake: Lake) -> int:
    """Rows of the first table that do not stand in the second exactly once, and the other way round."""
    followed = lake.read(FOLLOWED).groupBy("position").count()
    both = lake.read(ingest.EVENTS).select("position").join(followed, on="position", how="full")
    return both.where(F.coalesce(F.col("count"), F.lit(0)) != 1).count()


if __name__ == "__main__":
    main()
