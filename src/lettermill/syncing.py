"""What a destination lacks of people's attributes, from the tables: for a preview, and for whoever hands it over."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.delivery.sync import attribute_values
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.permitting import with_permission, without_objectors
from lettermill.tables.profiles import EVERY_TOPIC


def synced_values(run: Run, destination: str) -> DataFrame:
    """The attributes that the destination is to have of everybody who may be mailed (see delivery.sync).

    Of people who object to being profiled, features are null. Raises ConfigError for what conf does not name.
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
    features = _features(run)
    of_features = [name for name in attributes if name not in people.columns]
    if unknown := sorted({*of_features} - {*features.columns}):
        mend = "name columns of profiles.people or features.people (docs/tables.md)"
        raise ConfigError(f"no attribute {', '.join(unknown)}", place=f"sync.destinations.{destination}", mend=mend)
    # right side: one row per person
    told = mailed.select(*people.columns).join(features.select("person_id", *of_features), on="person_id", how="left")
    return attribute_values(told, attributes)


def _features(run: Run) -> DataFrame:
    """Features as of the newest moment there are some of."""
    table = tables.features.PEOPLE
    run.lake.create(table)
    rows = run.read(table)
    newest = rows.where(F.col("as_of") <= F.lit(run.as_of)).agg(F.max("as_of").alias("as_of"))
    return without_objectors(run, rows.join(newest, on="as_of", how="left_semi"))
