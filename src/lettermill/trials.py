"""Trials: what a campaign would show for another date or by another model, built for a diff and gone with it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.campaigns.definition import Campaign
from lettermill.campaigns.occurrences import of_occurrence
from lettermill.campaigns.trials import MAILED, impersonal_contexts, trial_rows
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.lake import Batch, Folder, Lake
from lettermill.models.interactions import interactions
from lettermill.models.recommender import NAME as RECOMMENDER
from lettermill.models.scoring import scores
from lettermill.permitting import without_objectors
from lettermill.personas import TOKEN, stand_in
from lettermill.planning import trial_contexts
from lettermill.recommending import slates_of
from lettermill.reviewed import reviewed_lines
from lettermill.sides import day
from lettermill.tables.campaigns import AUDIENCES, stored_contexts, trials_table
from lettermill.tables.features import PEOPLE as FEATURES
from lettermill.tables.models import RECOMMENDATIONS, SCORES
from lettermill.tables.profiles import IDENTITIES, PEOPLE
from lettermill.tables.quality import PRODUCTS

if TYPE_CHECKING:
    from lettermill.models.registry import Registry

MESSAGE_ID = stand_in(64)
TOKEN_OF_NOBODY = stand_in(TOKEN)
SHOWN = ("person_id", "verdict", "missing", "inputs")


@dataclass(frozen=True)
class Trials:
    """A lake of its own, where trials are kept as long as they are compared."""

    run: Run
    campaign: Campaign
    lake: Lake

    def of_date(self, as_of: datetime, *, side: str) -> DataFrame:
        """What a plan for the as-of would show each person of the audience."""
        return self._kept(self._built(self._at(as_of)), side)

    def of_model(self, model: str, version: str, as_of: datetime, *, side: str) -> DataFrame:
        """The same where one model's scores, or the recommender's slates, are by this version."""
        run = self._at(as_of)
        if model == RECOMMENDER:
            return self._kept(self._built(run, recommendations=recommended_by(run, version)), side)
        return self._kept(self._built(run, scores=scored_by(run, model, version)), side)

    def stored(self, occurrence: str, *, contexts_table: str) -> DataFrame:
        """What the contexts of an occurrence show, with nobody's links; and who of its audience gets no mail."""
        contexts = self.run.lake.read(stored_contexts(contexts_table)).where(F.col("occurrence") == occurrence)
        shown = impersonal_contexts(contexts, message_id=MESSAGE_ID, token=TOKEN_OF_NOBODY).select(
            "person_id", "missing", "inputs"
        )
        if not self.run.lake.exists(AUDIENCES):
            return shown.withColumn("verdict", F.lit(MAILED)).select(*SHOWN)
        everybody = self.run.lake.read(AUDIENCES).where(of_occurrence(self.campaign.name, occurrence))
        audience = everybody.select("person_id", F.col("verdict").alias("judged"))
        # both sides: one row per person
        joined = audience.join(shown, on="person_id", how="full")
        verdict = F.when(F.col("inputs").isNotNull(), MAILED).otherwise(F.col("judged"))
        return joined.withColumn("verdict", verdict).select(*SHOWN)

    def _built(
        self, run: Run, *, scores: DataFrame | None = None, recommendations: DataFrame | None = None
    ) -> DataFrame:
        return trial_contexts(
            run,
            self.campaign,
            message_id=MESSAGE_ID,
            token=TOKEN_OF_NOBODY,
            scores=scores,
            recommendations=recommendations,
        )

    def _at(self, as_of: datetime) -> Run:
        """The run at another moment. Raises ConfigError where no features are known for it."""
        moments = self.run.lake.read(FEATURES).select(F.col("as_of").cast("double").alias("at")).distinct().collect()
        known = sorted((datetime.fromtimestamp(row["at"], UTC) for row in moments), reverse=True)
        if as_of not in known:
            there = ", ".join(map(day, known[:5])) or "none"
            mend = f"run build_features --as-of {day(as_of)}; there are features as of {there}"
            raise ConfigError(f"there are no features as of {day(as_of)}", place=FEATURES.name, mend=mend)
        return replace(self.run, as_of=as_of, versions={})

    def _kept(self, built: DataFrame, side: str) -> DataFrame:
        contexts = self.campaign.contexts
        fingerprint = contexts.name.rpartition("__")[2]
        table = trials_table(self.campaign.name, inputs=self.campaign.inputs_type, fingerprint=fingerprint)
        self.lake.append(trial_rows(built, side=side), to=table)
        return self.lake.read(table).where(F.col("side") == side).select(*SHOWN)


@contextmanager
def open_trials(run: Run, campaign: Campaign) -> Iterator[Trials]:
    """A lake beside the real one, which no plan and no send ever reads; it is removed at the end, whatever happens."""
    folder = run.lake.checkpoints.parent / "trials" / run.run_id
    lake = Lake(run.spark, Folder(folder), folder / "checkpoints", Batch(app_id=run.run_id, number=0))
    try:
        yield Trials(run, campaign, lake)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pairs_of(before: DataFrame, after: DataFrame) -> DataFrame:
    """The people of both sides, matched: the columns of `PAIRED`, with the person's id in place of a message's."""
    sides = [
        side.select("person_id", *(F.col(name).alias(f"{name}_{word}") for name in SHOWN if name != "person_id"))
        for side, word in ((before, "before"), (after, "after"))
    ]
    # both sides: one row per person
    return sides[0].join(sides[1], on="person_id", how="full").withColumnRenamed("person_id", "message_id")


def scored_by(run: Run, model: str, version: str) -> DataFrame:
    """Scores as of the run, where those of `model` are by `version`: as they are stored, else scored now.

    Raises ModelError where the registry has no such version.
    """
    stored = run.read(SCORES).where(F.col("as_of") == F.lit(run.as_of))
    own = F.col("model") == model.split(".")[-1]
    by_version = stored.where(own & (F.col("model_version") == version))
    if by_version.isEmpty():
        booster = _registry(run).load(model, version=version)
        features = run.read(FEATURES).where(F.col("as_of") == F.lit(run.as_of))
        by_version = scores(features, model=model.split(".")[-1], booster=booster, model_version=version)
    return stored.where(~own).unionByName(by_version)


def recommended_by(run: Run, version: str) -> DataFrame:
    """Slates as of the run by a version of the recommender: as they are stored, else filled now."""
    stored = run.read(RECOMMENDATIONS).where((F.col("as_of") == F.lit(run.as_of)) & (F.col("model_version") == version))
    if not stored.isEmpty():
        return stored
    model = _registry(run).load(RECOMMENDER, version=version)
    # The same lines and people as jobs/recommend_products.py: what is held or objected to is in no trial either.
    bought = interactions(reviewed_lines(run), without_objectors(run, run.read(IDENTITIES)), as_of=run.as_of)
    return slates_of(run, bought, run.read(PEOPLE), run.read(PRODUCTS), model=model, version=version)


def _registry(run: Run) -> "Registry":
    from lettermill.models.registry import Registry  # MLflow takes seconds to import, and few commands need it

    return Registry(**asdict(run.settings.mlflow))
