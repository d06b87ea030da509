"""A large campaign, planned and pre-flighted: what the benchmarks of sending start from."""

import argparse
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import render_campaign
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.rendering import MAIL, contexts
from lettermill.campaigns.definition import Campaign
from lettermill.delivery.outbox import outbox_rows
from lettermill.job import Run
from lettermill.lake import Batch, Folder, Lake
from lettermill.rendering.templates import load_template, template_rows
from lettermill.settings import Settings, load, load_campaign
from lettermill.tables import Table
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, IDENTITIES, PEOPLE
from lettermill.tables.rendering import TEMPLATES

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
NAME, OCCURRENCE = "bench", "2026-01-01"
KEY = "a key of the benchmarks"
SECRETS = {
    "LETTERMILL_SECRET_LETTERMILL_UNSUBSCRIBE": KEY,
    "LETTERMILL_SECRET_LETTERMILL_ADDRESS": KEY,
    "LETTERMILL_SECRET_BRAZE_KEY": KEY,
}
"""What the process needs in its environment."""
DISTINCT = 50_000
"""People invented; further messages repeat their inputs."""
CAMPAIGN = """
description: A mail as a shop sends it
audience: "true"
experiment: {name: bench}
provider: braze
parts: {subject: subject.j2, html: body.html.j2, text: body.txt.j2}
slate: {size: 1, reason: "''"}
preflight: {max_faulty_share: 0.0}
inputs:
  first_name: {type: string, value: first_name, missing: default}
  segment: {type: string, value: segment}
  city: {type: string, value: city}
  points: {type: bigint, value: points}
  last_order_on: {type: date, value: last_order_on}
  picks:
    type: >-
      array<struct<name: string, url: string, image: string, price: decimal(12,2), was: decimal(12,2), stock: int>>
    value: picks
  coupon: {type: "struct<code: string, percent: int, expires_on: date>", value: coupon, missing: default}
  unsubscribe: {type: string, value: unsubscribe}
"""
TEXT = """Hello {{ first_name or 'friend' }},

{% for pick in picks %}{{ loop.index }}. {{ pick.name }}, {{ pick.price }} EUR: {{ pick.url }}
{% endfor %}
Unsubscribe: {{ unsubscribe }}
"""
FILES = {
    "campaign.yml": CAMPAIGN,
    "subject.j2": "{{ first_name or 'Friend' }}, your picks of the week",
    "body.html.j2": MAIL,
    "body.txt.j2": TEXT,
}


@dataclass(frozen=True)
class Planned:
    """The folder of a lake with everything planned, from which each send takes a copy of its own."""

    spark: SparkSession
    folder: Path
    messages: int

    def copied(self, name: str, *, braze: Mapping[str, Any], **delivery: Any) -> tuple[Lake, Settings]:
        """A lake of its own, with settings whose account is `braze` and whose delivery section is changed so."""
        home = self.folder.with_name(name)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder, home)
        account = {"key": "secret://braze/key", "campaign_id": NAME, **braze}
        return _opened(self.spark, home, providers={"braze": account}, **delivery)


def run_of(lake: Lake, settings: Settings, *, limit: str | None = None) -> Run:
    """A run of one of the jobs for the slot."""
    given = {"campaign": NAME, "occurrence": OCCURRENCE, "dry_run": "no", "test_mode": "no", "limit": limit}
    named = argparse.Namespace(**given, report=str(lake.checkpoints.with_name("preflight.html")))
    return Run(lake, settings, AS_OF, "local", AS_OF, arguments=named)


def planned(spark: SparkSession, folder: Path, *, messages: int, keep: bool = False) -> Planned:
    """Plan so many messages, with the people and their consents, and let the pre-flight see them.

    With `keep`, what the folder has of an earlier run stands. The pre-flight holds for this code's engine alone.
    """
    is_there = folder / "planned"
    if keep and is_there.exists():
        return Planned(spark, folder, messages)
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / "campaigns" / NAME
    home.mkdir(parents=True)
    for name, content in FILES.items():
        (home / name).write_text(content)
    lake, settings = _opened(spark, folder)
    campaign = load_campaign(NAME, folder=settings.campaigns.folder)
    template = load_template(campaign, folder=settings.campaigns.folder)
    lake.add(template_rows(template, spark=spark, as_of=F.lit(AS_OF)), to=TEMPLATES)
    numbered = _numbered(spark, folder, messages)
    lake.append(_rows(numbered, campaign.contexts, campaign, version=template.version), to=campaign.contexts)
    people = {"email": F.col("address"), "first_name": F.lit("Ana")}
    lake.append(_filled(numbered, PEOPLE, people), to=PEOPLE)
    known_by = {"identifier_kind": F.lit("email"), "identifier": F.col("address")}
    lake.append(_filled(numbered, IDENTITIES, known_by), to=IDENTITIES)
    granted = {"channel": "email", "topic": "all", "purpose": "mail", "state": "granted", "said_by": "person",
               "reason": "crm record", "source": "crm"}  # fmt: skip
    told = {name: F.lit(value) for name, value in granted.items()}
    lake.append(_filled(numbered, CONSENTS, told | {"evidence": F.col("person_id")}), to=CONSENTS)
    rows = outbox_rows(
        lake.read(campaign.contexts),
        provider=campaign.provider,
        contexts_table=campaign.contexts.name,
        address_key=KEY.encode(),
        as_of=AS_OF,
    )
    lake.append(rows, to=OUTBOX)
    render_campaign.main.work(run_of(lake, settings))
    is_there.touch()
    return Planned(spark, folder, messages)


def _opened(spark: SparkSession, home: Path, **delivery: Any) -> tuple[Lake, Settings]:
    local = load("local")
    settings = replace(
        local,
        campaigns=replace(local.campaigns, folder=home / "campaigns"),
        delivery=replace(local.delivery, journal=str((home / "journal").absolute()), **delivery),
        files=replace(local.files, folder=home / "payloads"),
    )
    batch = Batch(home.name, 0)  # a copy's own: Delta drops what it takes for a retry of the planning
    return Lake(spark, Folder(home / "lake"), home / "checkpoints", batch), settings


def _numbered(spark: SparkSession, folder: Path, messages: int) -> DataFrame:
    """A row per message: its number, its ids, and the inputs of somebody invented."""
    people = folder / "people.parquet"
    fields = list(next(contexts(1)).schema)
    distinct = min(messages, DISTINCT)
    with pq.ParquetWriter(people, pa.schema([("n", pa.int64()), ("inputs", pa.struct(fields))])) as writer:
        start = 0
        for batch in contexts(distinct):
            inputs = pa.StructArray.from_arrays(batch.columns, fields=fields)
            numbers = pa.array(range(start, start + batch.num_rows), pa.int64())
            writer.write_batch(pa.RecordBatch.from_arrays([numbers, inputs], names=["n", "inputs"]))
            start += batch.num_rows
    number = F.col("number")
    every = spark.range(messages).withColumnRenamed("id", "number").withColumn("n", number % distinct)
    return every.join(spark.read.parquet(str(people)), on="n").select(
        "inputs",
        F.sha2(F.concat(F.lit("message "), number), 256).alias("message_id"),
        F.concat(F.lit("person-"), F.lpad(number.cast("string"), 8, "0")).alias("person_id"),
        F.concat(F.lit("person-"), number, F.lit("@shop.example")).alias("address"),
        F.concat(F.lit("token-"), number).alias("unsubscribe_token"),
    )


def _rows(numbered: DataFrame, table: Table, campaign: Campaign, *, version: str) -> DataFrame:
    told = {"campaign": campaign.name, "occurrence": OCCURRENCE, "arm": "treatment", "locale": "en_US",
            "timezone": "UTC", "template_version": version}  # fmt: skip
    inputs = f"struct<{', '.join(f'{name}: {one.type}' for name, one in campaign.inputs.items())}>"
    columns = {name: F.lit(value) for name, value in told.items()}
    return _filled(numbered, table, columns | {"inputs": F.col("inputs").cast(inputs)})


def _filled(numbered: DataFrame, table: Table, columns: Mapping[str, Any]) -> DataFrame:
    """Rows of a declared table: what is told, what the numbered rows have, and stand-ins for what it requires."""
    stand_ins: dict[str, Any] = {"string": "", "double": 1.0, "timestamp": AS_OF - timedelta(hours=9)}
    chosen = []
    for column in table.columns:
        if column.name in columns:
            value = columns[column.name]
        elif column.name in numbered.columns:
            value = F.col(column.name)
        elif column.type.startswith(("array", "map")):
            value = F.expr("array()" if column.type.startswith("array") else "map()")
        else:
            value = F.lit(stand_ins[column.type] if column.required else None)
        chosen.append((value if column.name == "inputs" else value.cast(column.type)).alias(column.name))
    return numbered.select(*chosen)
