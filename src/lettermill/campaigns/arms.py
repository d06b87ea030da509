"""Who is in which arm: by a salted hash, so that a rerun, another day or a larger audience moves nobody."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

BUCKETS = 10_000
HOLDOUT = "holdout"
TREATMENT = "treatment"


def number(key: str, *, salt: str) -> Column:
    """A number of 60 bits, uniform over keys and independent over salts: the first digits of a sha256."""
    digest = F.sha2(F.concat_ws("\0", F.lit(salt), key), 256)
    return F.conv(F.substring(digest, 1, 15), 16, 10).cast("bigint")


def bucket(key: str, *, salt: str) -> Column:
    """The same as a number from 0 to BUCKETS - 1."""
    return number(key, salt=salt) % BUCKETS


def assignments(
    people: DataFrame, *, experiment: str, holdout_share: float, standing: DataFrame, as_of: Column
) -> DataFrame:
    """Rows for campaigns.assignments: one per person of `people` (person_id), with the arm and its propensity.

    A person who has an arm already keeps it, whatever the share is now.
    """
    share = round(holdout_share * BUCKETS)
    is_held_out = bucket("person_id", salt=experiment) < share
    drawn = people.select(
        F.lit(experiment).alias("experiment"),
        "person_id",
        F.when(is_held_out, HOLDOUT).otherwise(TREATMENT).alias("arm"),
        F.when(is_held_out, share / BUCKETS).otherwise(1 - share / BUCKETS).alias("propensity"),
        as_of.alias("assigned_at"),
    )
    kept = standing.where(F.col("experiment") == experiment)
    return drawn.join(kept, on=["experiment", "person_id"], how="left_anti").unionByName(
        kept.join(people.select("person_id"), on="person_id", how="left_semi")
    )
