"""Whom a campaign may reach, and of everybody else the first reason why not."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.campaigns.arms import HOLDOUT
from lettermill.tables.models import score_column

WATERFALL = (
    "no_address",
    "no_consent",
    "suppressed",
    "shared_address",
    "under_review",
    "held_out",
    "missing_input",
    "mailed",
)
"""Verdicts in the order in which they are asked."""


def candidates(people: DataFrame, *, features: DataFrame, scores: DataFrame) -> DataFrame:
    """One row per person: profile, features with their moment as `features_at`, and a `<model>_score` column per model.

    These are the columns that an audience may ask about.
    """
    # right sides: one row per person
    return people.join(features.withColumnRenamed("as_of", "features_at"), on="person_id", how="left").join(
        scores_by_person(scores), on="person_id", how="left"
    )


def scores_by_person(scores: DataFrame, *, models: Sequence[str] | None = None) -> DataFrame:
    """One row per person with a `<model>_score` column per model: of those named, or else of those that there are.

    `scores` has one row per person and model.
    """
    by_model = scores.groupBy("person_id").pivot("model", [*models] if models else None).agg(F.first("score"))
    return by_model.withColumnsRenamed({name: score_column(name) for name in by_model.columns if name != "person_id"})


def judged_audience(people: DataFrame, *, arms: DataFrame, held: DataFrame) -> DataFrame:
    """Add `verdict` and `detail` to the audience's people, with their `arm` and `propensity`.

    `people` have `mail`: what may be mailed to them at their address (granted, or why not) by everybody's word there.
    Of several people of one address, the one known longest gets the mail. `held` (person_id) are people whose data
    awaits a decision, or was excluded by one.
    """
    # right sides: one row per person
    asked = people.join(arms.select("person_id", "arm", "propensity"), on="person_id", how="left")
    asked = asked.join(F.broadcast(held.withColumn("is_held", F.lit(True))), on="person_id", how="left")
    address = Window.partitionBy(F.coalesce("email", "person_id"))
    first = F.row_number().over(address.orderBy("created_at", "person_id")) == 1
    verdict = (
        F.when(F.col("email").isNull(), "no_address")
        .when(F.col("mail") == "suppressed", "suppressed")
        .when(F.col("mail") != "granted", "no_consent")
        .when(~first, "shared_address")
        .when(F.col("is_held"), "under_review")
        .when(F.col("arm") == HOLDOUT, "held_out")
        .otherwise("mailed")
    )
    return (
        asked.withColumn("verdict", verdict)
        .withColumn("detail", F.when(F.col("verdict") == "no_consent", F.col("mail")))
        .drop("is_held")
    )


def audience(judged: DataFrame, *, campaign: str, occurrence: str, as_of: Column) -> DataFrame:
    """Rows for campaigns.audiences."""
    return judged.select(
        F.lit(campaign).alias("campaign"),
        F.lit(occurrence).alias("occurrence"),
        "person_id",
        "verdict",
        "detail",
        as_of.alias("planned_as_of"),
    )
