"""Demographics that contradict each other: a birth year that does not fit the age band another source tells."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.definition import AgeConflict

OLDEST = 120


def told_ages(people: DataFrame, *, as_of: datetime) -> DataFrame:
    """One row per customer with both, of quality.people as known: subject_id, birth_year, age_band, earliest, latest.

    `earliest` and `latest` are the birth years that fit the band at the time it was told.
    """
    known = people.where(F.col("customer_id").isNotNull() & (F.col("available_at") <= F.lit(as_of)))
    at = F.struct("updated_at", "origin", "position")
    banded = F.when(F.col("age_band").rlike(r"^\d+(-\d+|\+)$"), at)
    told = known.groupBy(F.col("customer_id").alias("subject_id")).agg(
        F.max_by("birth_year", F.when(F.col("birth_year").isNotNull(), at)).alias("birth_year"),
        F.max_by("age_band", banded).alias("age_band"),
        F.year(F.max(banded)["updated_at"]).alias("told_in"),
    )
    youngest = F.regexp_extract("age_band", r"^\d+", 0).cast("int")
    oldest = F.coalesce(F.nullif(F.regexp_extract("age_band", r"-(\d+)$", 1), F.lit("")).cast("int"), F.lit(OLDEST))
    return told.where("birth_year IS NOT NULL AND age_band IS NOT NULL").select(
        "subject_id",
        "birth_year",
        "age_band",
        (F.col("told_in") - oldest).alias("earliest"),
        (F.col("told_in") - youngest).alias("latest"),
    )


def age_conflicts(ages: DataFrame, rule: AgeConflict) -> DataFrame:
    """Findings among told ages, as `outliers.outliers` gives them; `score` is by how many years the two disagree."""
    off = _years_off()
    told = "customer %s: born in %d, but the age band %s means %d to %d"
    return ages.where(F.abs(off) > rule.tolerance_years).select(
        F.lit(rule.name).alias("finding"),
        F.lit("conflict").alias("kind"),
        F.lit("customer").alias("subject_kind"),
        "subject_id",
        F.col("birth_year").cast("double").alias("observed"),
        F.when(off > 0, F.col("latest")).otherwise(F.col("earliest")).cast("double").alias("usual"),
        off.cast("double").alias("score"),
        F.format_string(told, "subject_id", "birth_year", "age_band", "earliest", "latest").alias("detail"),
        F.lit(rule.holds).alias("holds"),
    )


def _years_off() -> Column:
    return F.greatest(F.col("birth_year") - F.col("latest"), F.lit(0)) + F.least(
        F.col("birth_year") - F.col("earliest"), F.lit(0)
    )
