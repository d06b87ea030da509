"""One slot of a campaign on its way out: what of the run, the outbox and the provider a hand-over needs together."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.definition import Campaign
from lettermill.code_version import fingerprint
from lettermill.delivery.ledger import ledger_entries
from lettermill.delivery.provider import Outcome, Provider
from lettermill.delivery.providers.files import Files, file_number
from lettermill.delivery.send import settled
from lettermill.delivery.states import advance
from lettermill.errors import ConfigError, DeliveryError
from lettermill.job import Run
from lettermill.rendering.engine import engine_fingerprint
from lettermill.settings import load_campaign
from lettermill.tables.delivery import LEDGER, OUTBOX


@dataclass(frozen=True)
class Slot:
    """A campaign's occurrence, under the engine that renders it now."""

    run: Run
    campaign: Campaign
    occurrence: str
    engine: str

    def outbox(self) -> DataFrame:
        """The slot's messages as they stand now."""
        of_slot = (F.col("campaign") == self.campaign.name) & (F.col("occurrence") == self.occurrence)
        return self.run.lake.read(OUTBOX).where(of_slot)

    def planned(self) -> DataFrame:
        """Those that are planned. Raises DeliveryError where some have contexts in another table than the rest."""
        planned = self.outbox().where("state = 'planned'")
        elsewhere = planned.where(F.col("contexts_table") != self.campaign.contexts.name).count()
        if elsewhere:
            problem = f"{elsewhere:,} messages of this slot were planned with other inputs declared"
            mend = "send them with the campaign.yml they were planned with, before it changes"
            raise DeliveryError(problem, place=f"{self.campaign.name} {self.occurrence}", mend=mend)
        return planned

    def contexts(self) -> DataFrame:
        return self.run.read(self.campaign.contexts).where(F.col("occurrence") == self.occurrence)

    def verdicts(self) -> list[Row]:
        return self.run.read(tables.rendering.PREFLIGHTS).where(F.col("campaign") == self.campaign.name).collect()

    def provider(self) -> Provider:
        """The campaign's provider, set to go on after the files that the outbox knows of."""
        if self.campaign.provider != "files":
            mend = "this version hands over by files: write provider: files"
            raise ConfigError(
                f"unknown provider {self.campaign.provider!r}", place=f"{self.campaign.name}/campaign.yml", mend=mend
            )
        last = self.outbox().agg(F.max(file_number(F.col("provider_reference"))).alias("number")).first()
        return self.files(self.run.settings.files.folder, first=1 + int((last and last["number"]) or 0))

    def files(self, folder: Path, *, first: int = 1) -> Files:
        """Payload files of the slot below a folder."""
        files = self.run.settings.files
        return Files(
            folder=folder,
            campaign=self.campaign.name,
            occurrence=self.occurrence,
            formats=files.formats,
            max_rows=files.max_rows,
            max_bytes=files.max_bytes,
            first=first,
            stamps={"engine": self.engine},
        )

    def suppress(self, fenced: DataFrame) -> None:
        """Take messages that the fence holds back out of what is planned."""
        as_of, reason = F.lit(self.run.as_of), F.col("fence_reason")
        self.run.lake.merge(advance(fenced, to=F.lit("suppressed"), reason=reason, as_of=as_of), into=OUTBOX)

    def settle(self, outcomes: Iterable[Outcome], *, recovered: bool = False) -> None:
        """Write down what the provider answered, then post the ledger."""
        answered = list(outcomes)
        if answered:
            definite = settled(self.planned(), outcomes=answered)
            named = {"reason": F.col("outcome_reason"), "reference": F.col("outcome_reference")}
            self.run.lake.merge(
                advance(definite, to=F.col("outcome"), **named, as_of=F.lit(self.run.as_of)), into=OUTBOX
            )
        post_ledger(self.run)
        counts = Counter(str(outcome.status) for outcome in answered)
        self.run.count(**({"recovered": counts.total()} if recovered else counts))


def open_slot(run: Run) -> Slot:
    """The slot that the job's arguments name."""
    campaign = load_campaign(run.arguments.campaign, folder=run.settings.campaigns.folder)
    return Slot(run, campaign, run.arguments.occurrence, engine_fingerprint(fingerprint("rendering")))


def post_ledger(run: Run) -> None:
    """Add the outbox's state changes since the newest that the ledger has. Run again, it adds nothing."""
    run.lake.create(LEDGER)
    newest = run.lake.read(LEDGER).agg(F.max("commit_version").alias("version")).first()
    after = -1 if newest is None or newest["version"] is None else int(newest["version"])
    if run.lake.version(OUTBOX) > after:
        run.lake.add(ledger_entries(run.lake.changes(OUTBOX, after=after)), to=LEDGER)
