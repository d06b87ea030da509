"""What a destination is told of people: one row per person, and how it is packed."""

import json
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.delivery.profile_provider import Profile, ProfileProvider
from lettermill.delivery.provider import Outcome, Parcel, Status, Unpackable


def profile_rows(changes: DataFrame, *, people: DataFrame) -> DataFrame:
    """One row per person with changes: `person_id`, `email` of `people`, and `told`, pairs of attribute and value.

    `changes` are rows of sync_set; a value is JSON text as attribute_values makes it, null to clear it.
    """
    told = changes.groupBy("person_id").agg(
        F.sort_array(F.collect_list(F.struct("attribute", "value"))).alias("told"),
    )
    # right side: one row per person
    return told.join(people.select("person_id", "email"), on="person_id", how="left")


def in_batches(profiles: DataFrame, *, rows: int, size: int) -> DataFrame:
    """The `rows` profiles with a `batch` of about `size` people, by a hash of the person: the same for the same.

    Each person is in one batch, whose calls follow one another: no two values of a person race each other.
    """
    batches = max(1, ceil(rows / size))
    return profiles.withColumn("batch", F.pmod(F.xxhash64("person_id"), F.lit(batches)).cast("int") + 1)


def refusals(profiles: DataFrame, *, settled: DataFrame, destination: str, at: Column) -> DataFrame:
    """Rows for delivery.sync_refusals: people whose attributes the destination will not take, and why.

    `settled` have `message_id` (the person), `settled` and `settled_reason`.
    """
    return (
        settled.where("settled = 'rejected'")
        .select(F.col("message_id").alias("person_id"), F.col("settled_reason").alias("reason"))
        .join(profiles.select("person_id"), on="person_id", how="left_semi")
        .select("person_id", F.lit(destination).alias("destination"), "reason", at.alias("refused_at"))
    )


CLEARED = '{"v": null}'


def profile_of(row: Any) -> Profile:
    """One such row, of profile_rows, with its values as they are."""
    values = {one["attribute"]: None if one["value"] is None else json.loads(one["value"])["v"] for one in row["told"]}
    return Profile(row["person_id"], row["email"], values)


@dataclass(frozen=True)
class ProfilePacking:
    """How such rows become parcels."""

    provider: ProfileProvider
    at: datetime

    def __call__(self, row: Any) -> Parcel | Outcome:
        """The profile as the provider takes it, or why it is rejected before any call."""
        try:
            return self.provider.pack(profile_of(row), at=self.at)
        except Unpackable as unfit:
            return Outcome(row["person_id"], Status.REJECTED, reason=str(unfit))
