"""A planned lake, copied for each case; jobs as real processes on it; and what must hold when all is over."""

import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import render_campaign
import send_campaign
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import newest_of
from lettermill.delivery.outbox import outbox_rows
from lettermill.job import Run, open_lake
from lettermill.rendering.templates import load_template, template_rows
from lettermill.settings import PACKAGED, load, load_campaign
from lettermill.spark import session
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.profiles import CONSENTS, PEOPLE
from lettermill.tables.rendering import TEMPLATES
from tests.conftest import rows_of_tables
from tests.delivery.fakes.braze import CAMPAIGN as BRAZE_CAMPAIGN
from tests.delivery.fakes.braze import KEY
from tests.delivery.faults.booked_provider import Booked, booked_provider
from tests.delivery.faults.journeys import Journey, until
from tests.delivery.faults.verdict import ENDS, Found, ambiguous, compared

ROOT = Path(__file__).parents[3]
AS_OF = datetime(2018, 1, 1, tzinfo=UTC)
OCCURRENCE = "2018-01-01"
SECRETS = {
    "LETTERMILL_SECRET_BRAZE_KEY": KEY,
    "LETTERMILL_SECRET_LETTERMILL_UNSUBSCRIBE": "a key of the faults",
    "LETTERMILL_SECRET_LETTERMILL_ADDRESS": "a key of the faults",
}
CAMPAIGN = """
description: Spring is here
audience: "true"
experiment: {{name: {name}}}
parts: {{subject: subject.j2, html: body.html.j2}}
slate: {{size: 1, reason: "''"}}
inputs:
  first_name: {{type: string, value: first_name, missing: default}}
{more}
"""
CAPPED = "provider: braze\ndelivery: {frequency_cap: {messages: 1, days: 30}}"
CAMPAIGNS = {"spring": "provider: braze", "papers": "provider: files", "sale": CAPPED, "clearance": CAPPED}
"""What each has beside the rest. Those with a cap are planned for the same people."""
FEW = 0.1
"""Share of calls that fail."""
QUICK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
"""Of the sessions: compiling queries costs more than interpreting them over so few rows."""
JAVA = "-Xss16m -XX:TieredStopAtLevel=1 " + " ".join(f"-D{name}={value}" for name, value in QUICK.items())


@dataclass(frozen=True)
class Case:
    """A lake of its own, with journal, conf and provider."""

    folder: Path
    provider: Booked
    spark: SparkSession
    campaigns: tuple[str, ...]
    lease_seconds: float = 5.0

    @property
    def journal(self) -> LocalJournal:
        return LocalJournal(self.folder / "journal")

    def arguments(self, campaign: str) -> list[str]:
        slot = ["--campaign", campaign, "--occurrence", OCCURRENCE, "--as-of", AS_OF.isoformat()]
        return [*slot, "--env", "bench", "--conf", str(self.folder / "conf")]

    def start(self, campaign: str) -> Journey:
        """Start the job as a user does."""
        return self._started("jobs/send_campaign.py", campaign=campaign)

    def start_dying(self, campaign: str, step: str, side: str) -> Journey:
        """Start the job so that it dies at a step; it leaves `died`."""
        mortal = ("-m", "tests.delivery.faults.dying_send", step, side, str(self.folder / "died"))
        return self._started(*mortal, campaign=campaign)

    def _started(self, *script: str, campaign: str) -> Journey:
        return Journey([sys.executable, *script, *self.arguments(campaign)], self.folder / "log")

    def run(self) -> Run:
        settings = load("bench", conf=self.folder / "conf")
        return Run(open_lake(settings, self.spark), settings, AS_OF, "bench", AS_OF)

    def send(self, campaign: str) -> Run:
        """Run the job in this process's own session."""
        run = self.run()
        run.arguments = send_campaign.main.parser().parse_args(self.arguments(campaign))
        send_campaign.main.work(run)
        return run

    def finish(self) -> Found:
        """Run the job of each campaign to its end, as often as it takes, and look at what it came to."""
        for _ in range(8):
            until(lambda: not self.holds(), what="a lease does not end")
            for campaign in self.campaigns:
                self.send(campaign)
            if {row["state"] for row in self.outbox()} <= ENDS:
                break
        return self.found()

    def holds(self) -> list[str]:
        """The leases that somebody holds."""
        prefixes = {key.rpartition("/")[0] for key in self.journal.keys("leases/")}
        newest = ((prefix, newest_of(self.journal, prefix)) for prefix in prefixes)
        return [prefix for prefix, holding in newest if holding and holding.is_held(time.time())]

    def marks(self, kind: str) -> int:
        """How many marks of a kind there are: started, done."""
        return sum(key.endswith(f".{kind}") for key in self.journal.keys("waves/"))

    def outbox(self) -> list[Any]:
        return self.run().lake.read(OUTBOX).select("message_id", "state").collect()

    def book(self) -> Counter[str]:
        """How often each message was accepted: by the provider, or in files."""
        files = (self.folder / "payloads").rglob("*.jsonl.gz")
        rows = [json.loads(line) for file in files for line in _unpacked(file)]
        return self.provider.messages() + Counter(row["message_id"] for row in rows)

    def found(self) -> Found:
        states = {row["message_id"]: row["state"] for row in self.outbox()}
        return compared(states, book=self.book(), ambiguous=ambiguous(self.folder / "journal"))


def _unpacked(file: Path) -> list[bytes]:
    import gzip

    return gzip.decompress(file.read_bytes()).splitlines()


@dataclass
class Site:
    """Where cases are made: each set of campaigns is planned once."""

    scratch: Path
    spark: SparkSession
    messages: int
    seed: int
    made: int = 0

    @contextmanager
    def case(
        self, name: str, *campaigns: str, lease_seconds: float = 3.0, delay: float = 0.0, faults: float = FEW
    ) -> Iterator[Case]:
        """A copy of the lake that is planned for the campaigns, with a provider that runs while the block does."""
        planned, self.made = self._planned(campaigns), self.made + 1
        folder = self.scratch / name.replace(" ", "-")
        shutil.copytree(planned / "lake", folder / "lake")
        with booked_provider(folder / "book", seed=self.seed + self.made, faults=faults, delay=delay) as provider:
            _write_conf(folder, campaigns=planned / "campaigns", url=provider.url, lease_seconds=lease_seconds)
            yield Case(folder, provider, self.spark, campaigns, lease_seconds)
        shutil.rmtree(folder)

    def _planned(self, campaigns: tuple[str, ...]) -> Path:
        folder = self.scratch / "planned" / "-".join(campaigns)
        if not folder.exists():
            for name in campaigns:
                home = folder / "campaigns" / name
                home.mkdir(parents=True)
                (home / "campaign.yml").write_text(CAMPAIGN.format(name=name, more=CAMPAIGNS[name]))
                (home / "subject.j2").write_text("Spring, {{ first_name }}")
                (home / "body.html.j2").write_text("<p>{{ first_name }}</p>")
            _write_conf(folder, campaigns=folder / "campaigns", url="http://127.0.0.1:1", lease_seconds=5.0)
            case = Case(folder, Booked("", folder / "book"), self.spark, campaigns)
            _plan(case, messages=self.messages)
        return folder


@contextmanager
def opened_site(scratch: Path, *, messages: int, seed: int) -> Iterator[Site]:
    """A site in a scratch folder, which is gone afterwards, with a session of this process."""
    before = {name: os.environ.get(name) for name in SECRETS}
    os.environ.update(SECRETS)
    settings = replace(load("local").spark, java_options=JAVA, shuffle_partitions=1)
    try:
        yield Site(scratch, session(settings, application="faults of delivery"), messages, seed)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _write_conf(folder: Path, *, campaigns: Path, url: str, lease_seconds: float) -> None:
    """A conf folder: the packaged one, and an environment `bench` in which waiting takes no time."""
    (folder / "conf").mkdir()
    for file in (entry for entry in PACKAGED.iterdir() if entry.is_file()):
        (folder / "conf" / file.name).write_text(file.read_text())
    limits = {"messages": 50, "bytes": 4_000_000, "envelope": 512, "connections": 4}
    account = {"base_url": url, "key": "secret://braze/key", "campaign_id": BRAZE_CAMPAIGN, "mails": limits}
    local = yaml.safe_load((folder / "conf" / "local.yml").read_text())
    bench = local | {
        "lake": {"catalog": None, "root": str(folder / "lake"), "checkpoints": str(folder / "checkpoints")},
        "campaigns": {"folder": str(campaigns)},
        "files": {"folder": str(folder / "payloads"), "max_rows": 500},
        "spark": {**local["spark"], "java_options": JAVA, "shuffle_partitions": 1, "driver_memory": "2g"},
        "delivery": {
            "journal": str(folder / "journal"),
            "lease_seconds": lease_seconds,
            "patience": {"base_seconds": 0.05, "cap_seconds": 0.5, "throttled_seconds": 0.2},
            "providers": {"braze": account},
        },
    }
    (folder / "conf" / "bench.yml").write_text(yaml.safe_dump(bench))


def _plan(case: Case, *, messages: int) -> None:
    """Plan messages of each campaign for the same people, and render them."""
    run, given = case.run(), rows_of_tables(case.spark)
    lake, folder = run.lake, run.settings.campaigns.folder
    people = [f"p{n:05d}" for n in range(messages)]
    lake.add(given(PEOPLE, *({"person_id": one, "email": f"{one}@shop.example"} for one in people)), to=PEOPLE)
    granted = {"channel": "email", "purpose": "mail", "state": "granted", "reason": "crm record", "topic": "all",
               "said_by": "person", "changed_at": AS_OF - timedelta(hours=9), "available_at": AS_OF - timedelta(hours=9)}  # fmt: skip
    lake.add(given(CONSENTS, *({**granted, "person_id": one, "evidence": one} for one in people)), to=CONSENTS)
    for name in case.campaigns:
        campaign = load_campaign(name, folder=folder)
        template = load_template(campaign, folder=folder)
        lake.add(template_rows(template, spark=case.spark, as_of=F.lit(AS_OF)), to=TEMPLATES)
        of_all = {"campaign": name, "occurrence": OCCURRENCE, "template_version": template.version, "missing": []}
        rows = (
            {**of_all, "message_id": f"{name}-{one}", "person_id": one, "address": f"{one}@shop.example",
             "unsubscribe_token": f"{name}{one}", "inputs": (one,)}
            for one in people
        )  # fmt: skip
        contexts = given(campaign.contexts, *rows)
        lake.add(contexts, to=campaign.contexts)
        table = campaign.contexts.name
        planned = outbox_rows(contexts, provider=campaign.provider, contexts_table=table, address_key=b"k", as_of=AS_OF)
        lake.add(planned, to=OUTBOX)
        report = ["--report", str(case.folder / "report.html")]
        run.arguments = render_campaign.main.parser().parse_args([*case.arguments(name), *report])
        render_campaign.main.work(run)
