"""Pre-flight of 100,000 messages of which 100 are broken in five ways: who is rendered, and who is named, by what.

Contexts as benchmarks/rendering_in_spark.py makes them, with every thousandth broken: a null that is printed, a line
break in the subject, a path that is missing, a link that is none, a template that is gone. Rendering, judging and the
stored verdict are timed together; a second run over the same slot, which has nothing to render, is timed beside it.

    .venv/bin/python benchmarks/preflight.py [--rows 100000] [--broken 100]

The last line is JSON: rows, rendered, named, causes, seconds, again_seconds, rows_per_second and environment.
"""

import argparse
import json
import platform
import shutil
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import pyspark
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_type

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rendering import say
from benchmarks.rendering_in_spark import CONTEXTS, SCRATCH, TEMPLATE, context_rows
from lettermill.campaigns.limits import Preflight
from lettermill.lake import Batch, Folder, Lake
from lettermill.rendering.messages import render_messages
from lettermill.rendering.preflight.blocks import with_empty_blocks
from lettermill.rendering.preflight.counting import paths
from lettermill.rendering.preflight.judging import judged_messages
from lettermill.rendering.preflight.verdict import preflight
from lettermill.settings import load
from lettermill.spark import session
from lettermill.tables.rendering import MESSAGES, PREFLIGHTS

TEMPLATES = {TEMPLATE.version: TEMPLATE}
LIMITS = Preflight(max_faulty_share=0.01)
STALE = "message_id string, stale array<struct<input: string, max_age: string, policy: string, made_at: timestamp>>"
WAYS_TO_BREAK = 5


def broken(contexts: DataFrame, *, rows: int, many: int) -> DataFrame:
    """The contexts with `many` of them broken, in turn in each of the ways."""
    place = F.row_number().over(Window.orderBy("message_id"))
    number = (F.col("place") / (rows // many)).cast("int")
    is_broken = (F.col("place") % (rows // many) == 0) & (number <= many)
    numbered = contexts.withColumn("place", place).withColumn("way", F.when(is_broken, number % WAYS_TO_BREAK))

    def where(way: int, value: Column, otherwise: Column) -> Column:
        return F.when(F.col("way") == way, value).otherwise(otherwise)

    link = where(0, F.lit(None), where(3, F.lit("javascript:alert(1)"), F.col("inputs.unsubscribe")))
    inputs = (
        F.col("inputs")
        .withField("first_name", where(1, F.lit("Ana\r\nBcc: all@shop.example"), F.col("inputs.first_name")))
        .withField("unsubscribe", link)
    )
    return numbered.withColumns(
        {
            "inputs": inputs,
            "missing": where(2, F.array(F.lit("city")), F.col("missing")),
            "template_version": where(4, F.lit("gone"), F.col("template_version")),
        }
    ).drop("place", "way")


def flown(lake: Lake, contexts: DataFrame) -> float:
    """Render and judge the slot and store messages and verdicts; seconds."""
    started = perf_counter()
    lake.add(render_messages(contexts, templates=TEMPLATES, engine="engine"), to=MESSAGES)
    stale = contexts.sparkSession.createDataFrame([], STALE)
    judged = judged_messages(lake.read(MESSAGES), stale=stale, limits=LIMITS).persist()
    inputs = to_arrow_type(contexts.schema["inputs"].dataType)
    ways = with_empty_blocks(paths(judged), templates=TEMPLATES, inputs=inputs).persist()
    as_of = F.lit("2026-01-01").cast("timestamp")
    lake.merge(preflight(judged, ways=ways, limits=LIMITS, exclusions={}, as_of=as_of), into=PREFLIGHTS)
    ways.unpersist()
    judged.unpersist()
    return perf_counter() - started


def figures(*, rows: int, many: int) -> dict[str, Any]:
    """Break, fly twice, and count what the verdicts name."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    spark = session(load("local").spark, application="benchmark of pre-flight")
    lake = Lake(spark, Folder(SCRATCH / "lake"), SCRATCH / "checkpoints", Batch("contexts", 0))
    whole = Lake(spark, Folder(SCRATCH / "whole"), SCRATCH / "checkpoints", Batch("whole", 0))
    whole.append(context_rows(spark, rows).limit(rows), to=CONTEXTS)
    lake.append(broken(whole.read(CONTEXTS), rows=rows, many=many), to=CONTEXTS)
    contexts = lake.read(CONTEXTS)
    seconds, again = flown(lake, contexts), flown(lake, contexts)
    verdicts = lake.read(PREFLIGHTS).collect()
    causes = {cause["fault"]: cause["messages"] for verdict in verdicts for cause in verdict["causes"]}
    return {
        "rows": sum(verdict["messages"] for verdict in verdicts),
        "rendered": lake.read(MESSAGES).where("fault IS NULL").count(),
        "named": sum(causes.values()),
        "causes": causes,
        "seconds": round(seconds, 1),
        "again_seconds": round(again, 1),
        "rows_per_second": round(rows / seconds),
        "environment": {
            "python": platform.python_version(),
            "spark": pyspark.__version__,
            "master": spark.sparkContext.master,
        },
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--broken", type=int, default=100)
    given = parser.parse_args()
    say(json.dumps(figures(rows=given.rows, many=given.broken)))


if __name__ == "__main__":
    sys.exit(main())
