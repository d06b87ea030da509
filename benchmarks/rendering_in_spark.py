"""From the context table to rendering.messages, and to gzipped payload files with bodies, on two cores in Spark.

The same job by three means: compiled Jinja2 in mapInArrow, the columnar engine in mapInArrow, and the columnar engine
in tasks that read the table's files themselves. Each writes hashes, sizes, branches and faults of subject, html and
text, which every mail has, to a Delta table of its own. The export writes JSON Lines with the bodies, gzipped: Jinja2
with the standard library's gzip, the columnar engine with ISA-L's. Contenders take turns, in rounds; a figure is the
median over the rounds. What is measured of a text beside its hash (what is seen of it, leftovers) is done by the same
function for all.

Then one core does the files' work step by step, to tell where the time goes: reading, rendering, hashing, measuring;
what is left of the job's core seconds is the JVM's: batches handed over, Parquet and Delta written.

    .venv/bin/python benchmarks/rendering_in_spark.py [--rows 1000000] [--rounds 5]

The last line is JSON: spark_vs_jinja2_job, map_in_arrow_vs_jinja2_job, export_vs_jinja2_job, rates, the split of
core seconds per million messages, and environment.
"""

import argparse
import gzip
import json
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import jinja2
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from isal import igzip
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rendering import MAIL, contexts, say
from lettermill.lake import Batch, Folder, Lake
from lettermill.rendering.context_files import contexts_of, map_files, stretches
from lettermill.rendering.digests import sha256_of
from lettermill.rendering.mail import mail
from lettermill.rendering.measures import measured
from lettermill.rendering.messages import (
    CARRIED,
    NULLABLE,
    READ,
    STAMP,
    render_message_files,
    render_messages,
    rendered,
)
from lettermill.rendering.templates import Template
from lettermill.settings import load
from lettermill.spark import session
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.rendering import MESSAGES

SCRATCH = Path("var/bench/rendering")
SUBJECT = "{{ first_name or 'Friend' }}, your picks of the week"
TEXT = """Hello {{ first_name or 'friend' }},

{% if segment == 'loyal' %}
Thank you for shopping with us. You have {{ points }} points.
{% elif segment == 'lapsing' %}
We have not seen you since {{ last_order_on }}.
{% else %}
Welcome! Once a week we send you a short list of good things.
{% endif %}
{% for pick in picks %}
{{ loop.index }}. {{ pick.name }}, {{ pick.price }} EUR
   {{ pick.url }}
{% endfor %}

Unsubscribe: {{ unsubscribe }}
"""
PARTS = {"subject": SUBJECT, "html": MAIL, "text": TEXT}
TEMPLATE = Template("bench", PARTS, {}, (), sha256(json.dumps(PARTS).encode()).hexdigest())
TEMPLATES = {TEMPLATE.version: TEMPLATE}
OCCURRENCE = "2026-01-01"
PICK = "struct<name: string, url: string, image: string, price: decimal(12,2), was: decimal(12,2), stock: int>"
INPUTS = (
    "struct<first_name: string, segment: string, city: string, points: bigint, last_order_on: date, "
    f"picks: array<{PICK}>, coupon: struct<code: string, percent: int, expires_on: date>, unsubscribe: string>"
)
CONTEXTS = contexts_table("bench", inputs=INPUTS, fingerprint="00000000")
DISTINCT = 100_000
CORES = 2
SPLIT_GROUPS = 4
"""Row groups that the split of time is measured on."""
OPTIONS: dict[str, Any] = {"undefined": jinja2.StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


def context_rows(spark: SparkSession, rows: int) -> DataFrame:
    """Contexts of DISTINCT invented people, repeated with ids of their own until there are `rows`."""
    people = SCRATCH / "people.parquet"
    people.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(people, pa.schema([("inputs", pa.struct(list(next(contexts(1)).schema)))])) as writer:
        for batch in contexts(min(rows, DISTINCT)):
            inputs = pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
            writer.write_batch(pa.RecordBatch.from_arrays([inputs], names=["inputs"]))
    one = spark.read.parquet(str(people))
    many = one.crossJoin(spark.range(max(1, rows // DISTINCT)))
    stand_ins = {"string": "", "double": 1.0, "array<string>": [], "timestamp": "2026-01-01"}
    filled = many.withColumn("message_id", F.sha2(F.expr("uuid()"), 256))
    for column in CONTEXTS.columns:
        if column.name not in filled.columns:
            value = F.expr("map()") if column.type.startswith("map") else F.lit(stand_ins[column.type])
            filled = filled.withColumn(column.name, value.cast(column.type))
    return filled.withColumns(
        {"campaign": F.lit("bench"), "occurrence": F.lit(OCCURRENCE), "template_version": F.lit(TEMPLATE.version)}
    )


def by_jinja2(frame: DataFrame) -> DataFrame:
    """rendering.messages by compiled Jinja2, message by message."""

    def render(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        compiled = _compiled()
        for batch in batches:
            texts = [_texts(compiled, one) for one in batch.column("inputs").to_pylist()]
            stamps = [_stamps(one) for one in texts]
            size = batch.num_rows
            parts = {name: pa.array([one[name] for one in texts], pa.string()) for name in compiled}
            inputs = batch.column("inputs")
            measures = measured(parts, inputs=inputs, known=mail(TEMPLATE, inputs.type).known)
            yield pa.RecordBatch.from_pydict(
                {name: batch.column(name) for name in CARRIED}
                | {
                    "engine": ["engine"] * size,
                    "parts": pa.array(stamps, pa.map_(pa.string(), STAMP)),
                    "branches": pa.array([[]] * size, pa.list_(pa.string())),
                    "fault": pa.nulls(size, pa.string()),
                    "fault_part": pa.nulls(size, pa.string()),
                    "visible_bytes": measures.visible_bytes,
                    "leftovers": measures.leftovers,
                    "empty": measures.empty,
                }
            )

    return frame.select(*READ).mapInArrow(render, NULLABLE)


def _compiled() -> dict[str, jinja2.Template]:
    return {
        name: jinja2.Environment(autoescape=name == "html", **OPTIONS).from_string(source)
        for name, source in PARTS.items()
    }


def _texts(compiled: dict[str, jinja2.Template], inputs: dict[str, Any]) -> dict[str, str]:
    return {name: template.render(inputs) for name, template in compiled.items()}


def _stamps(texts: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    encoded = ((name, text.encode()) for name, text in texts.items())
    return [(name, {"sha256": sha256(text).hexdigest(), "bytes": len(text)}) for name, text in encoded]


def exported_by_jinja2(frame: DataFrame, folder: Path) -> DataFrame:
    """Payload files by compiled Jinja2, json and the standard library's gzip: a file for each task."""

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        compiled = _compiled()
        rows = 0
        with gzip.open(folder / f"{_task():05d}.jsonl.gz", "wb", compresslevel=6) as file:
            for batch in batches:
                for message_id, inputs in zip(
                    batch["message_id"].to_pylist(), batch["inputs"].to_pylist(), strict=True
                ):
                    texts = _texts(compiled, inputs)
                    file.write(json.dumps({"message_id": message_id} | texts, ensure_ascii=False).encode() + b"\n")
                rows += batch.num_rows
        yield pa.RecordBatch.from_pydict({"rows": [rows]})

    return frame.select(*READ).mapInArrow(write, "rows bigint")


def _task() -> int:
    context = pyspark.TaskContext.get()
    assert context is not None
    return int(context.partitionId())


def exported(frame: DataFrame, paths: list[str], folder: Path) -> DataFrame:
    """Payload files by the columnar engine, orjson and ISA-L, from the table's files: a file for each task."""

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch, mails in rendered(batches, TEMPLATES):
            fields = {"message_id": batch.column("message_id")} | dict(mails.parts)
            with igzip.open(folder / f"{_task():05d}.jsonl.gz", "ab" if rows else "wb", compresslevel=2) as file:
                file.write(json_lines(fields))
            rows += batch.num_rows
        yield pa.RecordBatch.from_pydict({"rows": [rows]})

    columns = frame.select(*READ).schema
    return map_files(frame.sparkSession, paths, write, columns=columns, occurrence=OCCURRENCE, schema="rows bigint")


def json_lines(fields: dict[str, pa.Array]) -> bytes:
    """One JSON object a row."""
    rows = zip(*(column.to_pylist() for column in fields.values()), strict=True)
    return b"".join(orjson.dumps(dict(zip(fields, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE) for row in rows)


@dataclass(frozen=True)
class Done:
    """What a contender did: rows without a fault, and the seconds it took."""

    rows: int
    seconds: float


def rounds_of(contenders: dict[str, Callable[[], Done]], *, rounds: int, rows: int) -> dict[str, list[float]]:
    """Seconds of each contender, which take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, work in contenders.items():
            done = work()
            assert done.rows == rows, (name, done)
            seconds[name].append(done.seconds)
            say(f"round {number + 1}: {name:>22} {rows / seconds[name][-1] / 1_000:7.1f} k/s")
    return seconds


def stored(lake: Lake, messages: Callable[[], DataFrame]) -> Done:
    """Write messages to an empty rendering.messages, which is there before and counted after."""
    shutil.rmtree(SCRATCH / "messages", ignore_errors=True)
    empty = replace(lake, place=Folder(SCRATCH / "messages"), batch=Batch("benchmark", 0))
    empty.create(MESSAGES)
    started = perf_counter()
    empty.append(messages(), to=MESSAGES)
    seconds = perf_counter() - started
    return Done(empty.read(MESSAGES).where("fault IS NULL").count(), seconds)


def in_folder(write: Callable[[Path], DataFrame]) -> Done:
    """Write payload files into an empty folder."""
    folder = (SCRATCH / "payloads").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = perf_counter()
    rows = write(folder).agg(F.sum("rows")).first()[0]
    return Done(int(rows), perf_counter() - started)


def split_of_time(frame: DataFrame, paths: list[str], *, job_seconds: float) -> dict[str, float]:
    """Core seconds per million messages by step, of one core that does what the tasks do to some of the row groups.

    `job_seconds` are the job's per million messages, on CORES cores.
    """
    read = to_arrow_schema(frame.select(*READ).schema)
    seconds = dict.fromkeys(("read", "render", "hash", "measure"), 0.0)
    rows = 0

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started = perf_counter()
        result = work()
        seconds[step] += perf_counter() - started
        return result

    for stretch in stretches(paths)[:SPLIT_GROUPS]:
        batches = contexts_of(stretch, read=read, occurrence=OCCURRENCE)
        while (batch := timed("read", lambda batches=batches: next(batches, None))) is not None:
            ((part, mails),) = timed("render", lambda batch=batch: list(rendered([batch], TEMPLATES)))
            timed("hash", lambda mails=mails: [sha256_of(texts) for texts in mails.parts.values()])
            timed(
                "measure",
                lambda mails=mails, part=part: measured(mails.parts, inputs=part.column("inputs"), known=mails.known),
            )
            rows += batch.num_rows
    by_step = {step: round(taken / rows * 1e6, 2) for step, taken in seconds.items()}
    return by_step | {"jvm and delta": round(CORES * job_seconds - sum(by_step.values()), 2)}


def main() -> None:
    """Write the contexts once, let the contenders take turns, print rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    say(json.dumps(figures(rows=given.rows, rounds=given.rounds)))


def figures(*, rows: int, rounds: int) -> dict[str, Any]:
    """The figures of all contenders."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    spark = session(load("local").spark, application="benchmark of rendering")
    lake = Lake(spark, Folder(SCRATCH / "lake"), SCRATCH / "checkpoints", Batch("contexts", 0))
    lake.append(context_rows(spark, rows), to=CONTEXTS)
    frame, paths = lake.read(CONTEXTS), lake.files(CONTEXTS)
    how: dict[str, Any] = {"templates": TEMPLATES, "engine": "engine"}
    contenders = {
        "jinja2": lambda: stored(lake, lambda: by_jinja2(frame)),
        "map_in_arrow": lambda: stored(lake, lambda: render_messages(frame, **how)),
        "files": lambda: stored(lake, lambda: render_message_files(frame, paths, occurrence=OCCURRENCE, **how)),
        "export by jinja2": lambda: in_folder(lambda folder: exported_by_jinja2(frame, folder)),
        "export": lambda: in_folder(lambda folder: exported(frame, paths, folder)),
    }
    seconds = rounds_of(contenders, rounds=rounds, rows=rows)

    def ratio(base: str, ours: str) -> float:
        return round(median(one / other for one, other in zip(seconds[base], seconds[ours], strict=True)), 2)

    return {
        "rows": rows,
        "rounds": rounds,
        "spark_vs_jinja2_job": ratio("jinja2", "files"),
        "map_in_arrow_vs_jinja2_job": ratio("jinja2", "map_in_arrow"),
        "export_vs_jinja2_job": ratio("export by jinja2", "export"),
        "core_seconds_per_million": split_of_time(frame, paths, job_seconds=median(seconds["files"]) / rows * 1e6),
        "rows_per_second": {name: round(rows / median(taken)) for name, taken in seconds.items()},
        "environment": {"python": platform.python_version(), "spark": pyspark.__version__, "master": "local[2]"},
    }


if __name__ == "__main__":
    sys.exit(main())
