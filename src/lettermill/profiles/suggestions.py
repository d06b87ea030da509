"""Pairs of records that are probably one person: what they are compared by, and when they count as evidence."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.profiles.evidence import PROBABLE


def comparable(people: DataFrame, *, identities: DataFrame) -> DataFrame:
    """One row per person (profiles.people) with a record: `record`, the first seen, and what it is compared by."""
    records = identities.where(F.col("identifier_kind") == "record").groupBy("person_id")
    first = records.agg(F.min_by("identifier", F.struct("first_seen_at", "identifier")).alias("record"))
    names = [F.lower(name).alias(name) for name in ("first_name", "last_name")]
    # right side: one row per person
    return people.join(first, on="person_id", how="inner").select(
        "record", *names, F.col("birth_year").cast("string").alias("birth_year"), F.upper("postcode").alias("postcode")
    )


def match_suggestions(found: DataFrame, *, standing: DataFrame, as_of: Column) -> DataFrame:
    """Rows for profiles.matches, from pairs `record, other_record, probability`; a pair keeps when it was suggested."""
    before = standing.select("record", "other_record", "suggested_at")
    # right side: one row per pair
    known = found.join(before, on=["record", "other_record"], how="left")
    return known.withColumn("suggested_at", F.coalesce("suggested_at", as_of))


def probable_links(matches: DataFrame, *, above: float, as_of: Column) -> DataFrame:
    """Statements of both records of each pair that is probable enough, with the pair as their identifier."""
    pair = F.concat_ws("~", "record", "other_record")
    used = matches.where((F.col("probability") >= above) & (F.col("suggested_at") <= as_of))
    return used.select(
        F.explode(F.array("record", "other_record")).alias("named"),
        pair.alias("identifier"),
        F.col("suggested_at").alias("available_at"),
    ).select(
        F.concat(F.lit("record:"), "named").alias("holder"),
        F.concat(F.lit("record:"), "named").alias("customer"),
        F.lit(PROBABLE).alias("identifier_kind"),
        "identifier",
        F.lit(False).alias("is_event"),
        "available_at",
        F.lit("profiles.matches").alias("origin"),
        F.lit(0).cast("bigint").alias("position"),
    )
