"""Checking events beside a plain copy of the same rows by Spark, in one session; needs `make demo` to have run.

The last line is JSON: events, plain_copy_seconds, check_seconds (medians), plain_copy_to_check_ratio, environment.
"""

import json
import platform
import shutil
from pathlib import Path
from statistics import median
from time import perf_counter

import pyspark
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.job import open_lake
from lettermill.quality.events import accepted_events, judged_events
from lettermill.quality.quarantine import mark_duplicates
from lettermill.settings import load
from lettermill.spark import session

ROUNDS = 3
SCRATCH = Path("var/bench/checks")


def main() -> None:
    settings = load("local")
    spark = session(settings.spark, application="benchmark of checks")
    arrived = open_lake(settings, spark).read(tables.ingest.EVENTS)
    standing = spark.createDataFrame([], tables.quality.EVENTS.ddl)
    rules = settings.quality.of(tables.quality.EVENTS)
    seconds: dict[str, list[float]] = {"copy": [], "check": []}
    for _ in range(ROUNDS):
        for name in seconds:
            started = perf_counter()
            if name == "copy":
                rows = arrived
            else:
                mappings = settings.mappings_of("behaviour")
                judged = judged_events(arrived, mappings=mappings, rules=rules).persist()
                rows = accepted_events(mark_duplicates(judged, standing=standing, key="event_id"))
            rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(str(SCRATCH / name))
            seconds[name].append(perf_counter() - started)
            if name == "check":
                judged.unpersist(blocking=True)
    shutil.rmtree(SCRATCH)
    copy, check = median(seconds["copy"]), median(seconds["check"])
    figures = {
        "events": arrived.agg(F.count("*")).collect()[0][0],
        "plain_copy_seconds": round(copy, 2),
        "check_seconds": round(check, 2),
        "plain_copy_to_check_ratio": round(copy / check, 3),
        "environment": {
            "spark": pyspark.__version__,
            "python": platform.python_version(),
            "master": spark.sparkContext.master,
        },
    }
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
