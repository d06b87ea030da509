"""What a destination lacks of people's attributes, from the tables: for a preview, and for whoever hands it over."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.audience import scores_by_person
from lettermill.delivery.sync import attribute_values
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.permitting import with_permission, without_objectors
from lettermill.tables.models import CLASSIFIERS, score_column
from lettermill.tables.profiles import EVERY_TOPIC


def synced_values(run: Run, destination: str) -> DataFrame:
    """The attributes that the destination is to have of everybody who may be mailed (see delivery.sync).

    Of people who object to being profiled, features and scores are null. Raises ConfigError for a destination that
    conf does not name.
    """
    destinations = run.settings.sync.destinations
    if destination not in destinations:
        known = ", ".join(sorted(destinations)) or "none"
        raise ConfigError(
            f"unknown destination {destination!r}", place="sync.destinations", mend=f"add it, or name one of: {known}"
        )
    people = run.read(tables.profiles.PEOPLE)
    mailed = with_permission(run, people, address="email", topic=EVERY_TOPIC).where("mail = 'granted'")
    attributes = destinations[destination]
    of_scores = {score_column(model): model for model in CLASSIFIERS if score_column(model) in attributes}
    of_features = [name for name in attributes if name not in {*people.columns, *of_scores}]
    # right sides: one row per person
    told = mailed.select(*people.columns)
    if of_features:
        told = told.join(_features(run).select("person_id", *of_features), on="person_id", how="left")
    if of_scores:
        told = told.join(_scores(run, [*of_scores.values()]), on="person_id", how="left")
    return attribute_values(told, attributes)


def _features(run: Run) -> DataFrame:
    """Features as of the newest moment there are some of."""
    table = tables.features.PEOPLE
    run.lake.create(table)
    rows = run.read(table)
    newest = rows.where(F.col("as_of") <= F.lit(run.as_of)).agg(F.max("as_of").alias("as_of"))
    return without_objectors(run, rows.join(newest, on="as_of", how="left_semi"))


def _scores(run: Run, models: Sequence[str]) -> DataFrame:
    """The scores of each model as of the newest moment there are some of it: models may be scored apart."""
    table = tables.models.SCORES
    run.lake.create(table)
    known = run.read(table).where((F.col("as_of") <= F.lit(run.as_of)) & F.col("model").isin(*models))
    newest = known.groupBy("model").agg(F.max("as_of").alias("as_of"))
    scored = known.join(F.broadcast(newest), on=["model", "as_of"], how="left_semi")
    return scores_by_person(without_objectors(run, scored), models=models)
