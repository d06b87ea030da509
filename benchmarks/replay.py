"""Messages rendered again long after: in another process, time zone, locale, hash seed and partitioning, byte for byte.

One process stores contexts of invented readers (16 locales, 8 time zones) for the shipped campaigns and for `almanac`,
which prints all that a machine could write otherwise; it pre-flights them and hands them over by files. Another
process, abroad, renders every message again by the function of `lettermill message show`, and compares it with the
hashes that were kept and with its row of the payload files.

    .venv/bin/python benchmarks/replay.py [--messages 1000]

The last line is JSON: messages, byte_equal, payload_equal, and the environment of both processes; exit code 1 where a
byte differs.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType, _parse_datatype_string

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "jobs"))

import render_campaign

from lettermill.campaigns.definition import Campaign
from lettermill.delivery.due import due_messages, expected_hashes, message_of, refusal
from lettermill.delivery.provider import Call, Status
from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.splitting import calls_of
from lettermill.job import Run
from lettermill.lake import Folder, Lake
from lettermill.rendering.messages import render_bodies
from lettermill.rendering.templates import load_template, template_rows
from lettermill.replaying import payload_differences, replays, templates_of
from lettermill.sending.slot import open_slot
from lettermill.settings import Settings, load, load_campaign
from lettermill.spark import session
from lettermill.tables.rendering import MESSAGES, TEMPLATES
from tests.rendering.readers import LOCALES, ZONES, reader, write_almanac

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = ROOT / "var/bench/replay"
HANDED_OVER = SCRATCH / "handed_over.json"
CAMPAIGNS = ("weekly_picks", "win_back", "almanac")
OCCURRENCE = "2018-01-02"
AS_OF = datetime(2018, 1, 2, tzinfo=UTC)
UNSUBSCRIBE = "https://shop.example/mail/unsubscribe/"


@dataclass(frozen=True)
class Machine:
    """What is another on another machine. `rows` is what a batch holds, `partitions` what a shuffle makes."""

    timezone: str
    locale: str
    hash_seed: int
    cores: int
    partitions: int
    rows: int

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process."""
        locale = f"{self.locale}.UTF-8"
        return {"TZ": self.timezone, "LC_ALL": locale, "LANG": locale, "PYTHONHASHSEED": str(self.hash_seed)}

    @property
    def java_options(self) -> str:
        language, country = self.locale.split("_")
        return f"-Xss16m -Duser.timezone={self.timezone} -Duser.language={language} -Duser.country={country}"


HOME = Machine("Europe/Vienna", "en_US", hash_seed=1, cores=2, partitions=2, rows=10_000)
ABROAD = Machine("Pacific/Kiritimati", "tr_TR", hash_seed=4242, cores=1, partitions=5, rows=13)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def written(*, messages: int) -> dict[str, Any]:
    """Store the contexts of all campaigns, pre-flight them, hand them over, and note where each message's row is."""
    settings, lake = opened(HOME)
    shutil.copytree(ROOT / "campaigns", settings.campaigns.folder)
    write_almanac(settings.campaigns.folder)
    references = {}
    for place, name in enumerate(CAMPAIGNS):
        share = messages // len(CAMPAIGNS) + (place < messages % len(CAMPAIGNS))
        campaign = load_campaign(name, folder=settings.campaigns.folder)
        template = load_template(campaign, folder=settings.campaigns.folder)
        lake.add(template_rows(template, spark=lake.spark, as_of=F.lit(AS_OF)), to=TEMPLATES)
        lake.add(contexts(lake, campaign, version=template.version, rows=share), to=campaign.contexts)
        run = run_of(lake, settings, campaign)
        render_campaign.main.work(run)
        references[campaign.contexts.name] = handed_over(run, rows=share)
        say(f"{name}: {share:,} messages planned, pre-flighted and handed over")
    HANDED_OVER.write_text(json.dumps(references))
    return {"messages": sum(len(of_campaign) for of_campaign in references.values())}


def contexts(lake: Lake, campaign: Campaign, *, version: str, rows: int) -> DataFrame:
    """Contexts of invented readers."""
    schema = _parse_datatype_string(campaign.contexts.ddl)
    assert isinstance(schema, StructType)
    return lake.spark.createDataFrame([context(campaign, number, version) for number in range(rows)], schema)


def context(campaign: Campaign, number: int, version: str) -> dict[str, Any]:
    """One reader's context."""
    return {
        "message_id": sha256(f"{campaign.name}\0{number}".encode()).hexdigest(),
        "campaign": campaign.name,
        "person_id": f"reader-{number}",
        "address": f"reader-{number}@seeds.example",
        "occurrence": OCCURRENCE,
        "arm": "treatment",
        "propensity": 0.9,
        "locale": LOCALES[number % len(LOCALES)],
        "timezone": ZONES[number % len(ZONES)],
        "template_version": version,
        "unsubscribe_token": f"token-{number}",
        "missing": [],
        "inputs_at": {name: AS_OF - timedelta(hours=1) for name in campaign.inputs},
        "versions": {},
        "created_at": AS_OF,
        "inputs": reader(campaign, number),
    }


def run_of(lake: Lake, settings: Settings, campaign: Campaign) -> Run:
    report = str(SCRATCH / "preflight" / f"{campaign.name}.html")
    named = argparse.Namespace(campaign=campaign.name, occurrence=OCCURRENCE, report=report)
    return Run(lake, settings, AS_OF, "local", AS_OF, arguments=named)


def handed_over(run: Run, *, rows: int) -> dict[str, str]:
    """Hand the slot over by files, as send_campaign does once people and consents are asked; references by message."""
    slot = open_slot(run)
    every = slot.contexts()
    expected = expected_hashes(run.lake.read(MESSAGES), engine=slot.engine)
    due = due_messages(every.withColumn("batch", F.lit(1)), expected=expected)
    versions = [row["template_version"] for row in every.select("template_version").distinct().collect()]
    parcels, provider = [], FileProvider(run.settings.files.account(), "files")
    for row in render_bodies(due, templates=templates_of(run.lake, versions)).orderBy("message_id").toLocalIterator():
        reason = refusal(row["bodies"], fault=row["fault"] or row["expected_fault"], expected=row["expected"])
        assert reason is None, f"{row['message_id']}: {reason}"
        parcels.append(provider.pack(message_of(row, unsubscribe=UNSUBSCRIBE), at=AS_OF))
    connection = provider.connect()
    outcomes = [
        outcome
        for number, call in enumerate(calls_of(parcels, provider.limits), start=1)
        for outcome in connection.send(call, call=Call(f"{slot.campaign.name}.{OCCURRENCE}.00001", 1, number)).outcomes
    ]
    assert len(outcomes) == rows
    assert all(one.status == Status.HANDED_OVER for one in outcomes), outcomes[-1]
    return {one.message_id: str(one.reference) for one in outcomes}


def again() -> dict[str, Any]:
    """Render every message again and compare it."""
    settings, lake = opened(ABROAD)
    counts = {"messages": 0, "byte_equal": 0, "payload_equal": 0}
    engine = open_slot(run_of(lake, settings, load_campaign("almanac", folder=settings.campaigns.folder))).engine
    for table, references in json.loads(HANDED_OVER.read_text()).items():
        for replay in replays(lake, contexts_table=table, message_ids=list(references), engine=engine):
            message, reference = replay.message(unsubscribe=UNSUBSCRIBE), references[replay.message_id]
            differences = payload_differences(message, reference=reference, folder=settings.files.folder)
            counts["messages"] += 1
            counts["byte_equal"] += replay.is_byte_equal
            counts["payload_equal"] += differences == ()
            if not replay.is_byte_equal or differences != ():
                say(f"{replay.message_id}: {replay.different} {differences} {replay.context['locale']}")
    return counts


def opened(machine: Machine) -> tuple[Settings, Lake]:
    """Settings and a lake in the scratch folder, in a session as the machine has it."""
    packaged = load("local")
    settings = replace(
        packaged,
        spark=replace(
            packaged.spark,
            jars=ROOT / packaged.spark.jars,
            master=f"local[{machine.cores}]",
            shuffle_partitions=machine.partitions,
            java_options=machine.java_options,
        ),
        campaigns=replace(packaged.campaigns, folder=SCRATCH / "campaigns"),
        files=replace(packaged.files, folder=SCRATCH / "payloads"),
    )
    spark = session(settings.spark, application="benchmark of replay")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(machine.rows))
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(machine.rows * 10_000))
    return settings, Lake(spark, Folder(SCRATCH / "lake"), SCRATCH / "checkpoints")


def in_process(part: str, machine: Machine, *, messages: int) -> dict[str, Any]:
    """Run a part of this script in a process, folder and environment of its own; what its last line says."""
    home = SCRATCH / part
    home.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    command = [sys.executable, str(Path(__file__).resolve()), "--part", part, "--messages", str(messages)]
    environment = os.environ | machine.variables | {"PYTHONPATH": path}
    with subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if not line.startswith("{"):
                say(line.rstrip())
    if running.returncode:
        sys.exit(running.returncode)
    return dict(json.loads(lines[-1]))


def main() -> None:
    """Write in one process, render again in another; exit code 1 where a byte differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--part", choices=("write", "again"), help="what the processes are started with")
    given = parser.parse_args()
    if given.part is not None:
        say(json.dumps(written(messages=given.messages) if given.part == "write" else again()))
        return
    shutil.rmtree(SCRATCH, ignore_errors=True)
    in_process("write", HOME, messages=given.messages)
    counts = in_process("again", ABROAD, messages=given.messages)
    environment = {"python": platform.python_version(), "written": asdict(HOME), "replayed": asdict(ABROAD)}
    say(json.dumps(counts | {"environment": environment}))
    sys.exit(0 if counts["messages"] == counts["byte_equal"] == counts["payload_equal"] else 1)


if __name__ == "__main__":
    main()
