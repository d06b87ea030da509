"""One slot of a campaign on its way out: its messages, contexts and verdicts, under the engine that renders now."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.definition import Campaign
from lettermill.campaigns.occurrences import of_occurrence
from lettermill.code_version import fingerprint
from lettermill.errors import DeliveryError
from lettermill.job import Run
from lettermill.rendering.context_places import placed_contexts
from lettermill.rendering.engine import engine_fingerprint
from lettermill.settings import load_campaign
from lettermill.tables.delivery import OUTBOX


@dataclass(frozen=True)
class Slot:
    """A campaign's occurrence, under the engine that renders it now."""

    run: Run
    campaign: Campaign
    occurrence: str
    engine: str

    @property
    def place(self) -> str:
        return f"{self.campaign.name} {self.occurrence}"

    def own(self) -> Column:
        """Whether a row of a table of all campaigns is of this slot."""
        return of_occurrence(self.campaign.name, self.occurrence)

    def outbox(self) -> DataFrame:
        """The slot's messages as they stand now."""
        return self.run.lake.read(OUTBOX).where(self.own())

    def planned(self) -> DataFrame:
        """Those that are planned. Raises DeliveryError where some have contexts in another table than the rest."""
        planned = self.outbox().where("state = 'planned'")
        elsewhere = planned.where(F.col("contexts_table") != self.campaign.contexts.name).count()
        if elsewhere:
            problem = f"{elsewhere:,} messages of this slot were planned with other inputs declared"
            mend = "send them with the campaign.yml they were planned with, before it changes"
            raise DeliveryError(problem, place=self.place, mend=mend)
        return planned

    def contexts(self) -> DataFrame:
        return self.run.read(self.campaign.contexts).where(F.col("occurrence") == self.occurrence)

    def placed_contexts(self) -> DataFrame:
        """The contexts, with where each lies (context_places.PLACE) where tasks can read their files by themselves.

        Asked for with each wave: more may have been planned since the one before.
        """
        contexts, table = self.contexts(), self.campaign.contexts
        files = self.run.lake.files(table, version=self.run.versions[table.name])
        if not files:
            return contexts
        return placed_contexts(contexts, files).where(F.col("occurrence") == self.occurrence)

    def verdicts(self) -> list[Row]:
        return self.run.read(tables.rendering.PREFLIGHTS).where(F.col("campaign") == self.campaign.name).collect()


def open_slot(run: Run) -> Slot:
    """The slot that the job's arguments name."""
    campaign = load_campaign(run.arguments.campaign, folder=run.settings.campaigns.folder)
    return Slot(run, campaign, run.arguments.occurrence, engine_fingerprint(fingerprint("rendering")))
