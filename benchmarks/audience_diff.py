"""A diff over a whole audience on two cores: one line of one block changed, and inputs that changed for some.

Contexts of invented people are stored once. Then two diffs are counted as `lettermill campaign diff` does: of two
templates that differ in one line of one include, from the table's files; and of two plans of the same people, of whom
3 % were given another segment and 1 % lost a price cut, matched person by person.

    .venv/bin/python benchmarks/audience_diff.py [--people 1000000]

The last line is JSON: people, and seconds, changed and patterns of both diffs, and the environment.
"""

import argparse
import json
import platform
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import pyspark
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rendering import MAIL, say
from benchmarks.rendering_in_spark import CONTEXTS, OCCURRENCE, SUBJECT, context_rows
from lettermill.lake import Batch, Folder, Lake
from lettermill.rendering.diff.paired import count_in_pairs
from lettermill.rendering.diff.patterns import (
    count_in_files,
    merged,
    named_values,
    pattern_of,
    pattern_rows,
    totals,
    value_counts,
    with_named_values,
)
from lettermill.rendering.diff.wording import cause_words
from lettermill.rendering.templates import Template
from lettermill.settings import load
from lettermill.spark import session
from lettermill.trials import pairs_of

SCRATCH = Path("var/bench/audience_diff")
COUPON = "{% if coupon %}<p>{{ coupon.code }}: {{ coupon.percent }} % off</p>{% endif %}"
PARTS = {"subject": SUBJECT, "html": MAIL + "{% include 'coupon.j2' %}"}


def template(coupon: str) -> Template:
    """The benchmark's mail with a coupon block at its end."""
    partials = {"coupon.j2": coupon}
    version = sha256(json.dumps([PARTS, partials]).encode()).hexdigest()
    return Template("bench", PARTS, partials, (), version)


BEFORE, AFTER = template(COUPON), template(COUPON.replace("% off", "% off your basket"))


def plan(contexts: DataFrame, *, changed: bool) -> DataFrame:
    """One side of the second diff: `verdict`, `missing` and `inputs` of each person."""
    people = contexts.withColumn("person_id", F.col("message_id")).withColumn("verdict", F.lit("mailed"))
    if changed:
        lot = F.pmod(F.xxhash64("message_id"), F.lit(100))
        segment = F.when(lot < 3, F.lit("other")).otherwise(F.col("inputs.segment"))
        cheaper = F.transform("inputs.picks", lambda pick: pick.withField("was", F.lit(None).cast("decimal(12,2)")))
        picks = F.when(lot == 50, cheaper).otherwise(F.col("inputs.picks"))
        inputs = F.col("inputs").withField("segment", segment).withField("picks", picks)
        people = people.withColumn("inputs", inputs)
    return people.select("person_id", "verdict", "missing", "inputs")


def counted(work: Callable[[], DataFrame]) -> dict[str, Any]:
    """Seconds, messages that change, and the patterns in words."""
    started = perf_counter()
    rows = merged(work()).persist()
    total = totals(rows).collect()[0]
    named = named_values(row.asDict() for row in value_counts(rows).collect())
    patterns = [pattern_of(row.asDict()) for row in pattern_rows(with_named_values(rows, named=named)).collect()]
    rows.unpersist()
    seconds = perf_counter() - started
    for one in patterns:
        say(f"  {one.messages:>9,}  {', '.join(one.blocks)}: {'; '.join(map(cause_words, one.causes))}")
    return {"seconds": round(seconds, 1), "changed": total["changed"], "patterns": len(patterns)}


def figures(*, people: int) -> dict[str, Any]:
    """The figures of both diffs."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    spark = session(load("local").spark, application="benchmark of the diff")
    lake = Lake(spark, Folder(SCRATCH / "lake"), SCRATCH / "checkpoints", Batch("contexts", 0))
    lake.append(context_rows(spark, people), to=CONTEXTS)
    contexts, paths = lake.read(CONTEXTS), lake.files(CONTEXTS)
    say(f"{contexts.count():,} contexts in {len(paths)} files")
    by_template = counted(lambda: count_in_files(contexts, paths, occurrence=OCCURRENCE, before=BEFORE, after=AFTER))
    say(f"templates: {json.dumps(by_template)}")
    pairs = pairs_of(plan(contexts, changed=False), plan(contexts, changed=True))
    by_inputs = counted(lambda: count_in_pairs(pairs, before=BEFORE, after=BEFORE))
    say(f"inputs: {json.dumps(by_inputs)}")
    return {
        "people": people,
        **by_template,
        "inputs": by_inputs,
        "environment": {"python": platform.python_version(), "spark": pyspark.__version__, "master": "local[2]"},
    }


def main() -> None:
    """Store the contexts once, count both diffs, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    say(json.dumps(figures(people=parser.parse_args().people)))


if __name__ == "__main__":
    sys.exit(main())
