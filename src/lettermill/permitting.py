"""What people allow at a run's moment, from its tables: for plans, hand-overs, models and whoever else must ask."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.job import Run
from lettermill.profiles import permissions as rules
from lettermill.secrets import resolve
from lettermill.tables.profiles import CONSENTS, EVERY_TOPIC, PEOPLE, SUPPRESSIONS


def permitted(run: Run, *, topic: str = EVERY_TOPIC) -> DataFrame:
    """What each person allows for a topic: one row per person (see profiles.permissions)."""
    run.lake.create(CONSENTS)
    return rules.permissions(
        run.read(CONSENTS),
        as_of=F.lit(run.as_of),
        topic=topic,
        confirm_within_days=run.settings.consents.confirm_within_days,
    )


def with_permission(run: Run, rows: DataFrame, *, address: str, topic: str) -> DataFrame:
    """Rows of `person_id` and an address with `mail`, `mail_because` and `mail_by` (see profiles.permissions)."""
    run.lake.create(SUPPRESSIONS)
    return rules.with_permission(
        rows,
        address=address,
        people=run.read(PEOPLE),
        permitted=permitted(run, topic=topic),
        suppressed=rules.standing_suppressions(run.read(SUPPRESSIONS), as_of=F.lit(run.as_of), topic=topic),
        address_key=resolve(run.settings.secrets.address_key),
    )


def without_objectors(run: Run, rows: DataFrame) -> DataFrame:
    """Rows of `person_id` without those of people who object to being profiled."""
    return rows.join(rules.objectors(permitted(run)), on="person_id", how="left_anti")


def generic_for_objectors(run: Run, ranked: DataFrame) -> DataFrame:
    """Slates (rows with `person_id`, `source`) in which who objects to being profiled keeps only what is popular."""
    objecting = rules.objectors(permitted(run)).withColumn("objects", F.lit(True))
    told = ranked.join(objecting, on="person_id", how="left")  # right side: one row per person
    return told.where(F.col("objects").isNull() | (F.col("source") == "popular")).drop("objects")
