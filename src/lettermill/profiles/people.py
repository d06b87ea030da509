"""One golden record per person: of each attribute the value that was written last."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

ATTRIBUTES = (
    "customer_id", "email", "first_name", "last_name", "birth_year", "country", "postcode", "locale", "timezone",
    "age_band", "income_band", "household_size", "kids_count", "home_ownership",
)  # fmt: skip


def golden_records(records: DataFrame, *, identities: DataFrame) -> DataFrame:
    """Rows for profiles.people: one per person, from versions of records (with `record`) and profiles.identities.

    The last write wins: the greatest `updated_at`, then the later file and line; a null never overwrites. Persons known
    from events alone have their customer id and nothing else.
    """
    of_record = identities.where(F.col("identifier_kind") == "record").select(
        F.col("identifier").alias("record"), "person_id"
    )
    written = F.struct("updated_at", "source", "origin", "position")
    winners = [F.max_by(name, F.when(F.col(name).isNotNull(), written)).alias(name) for name in ATTRIBUTES]
    # right side: one row per record
    versions = records.join(of_record, on="record", how="inner")
    from_records = versions.groupBy("person_id").agg(
        *winners, F.min("available_at").alias("created_at"), F.max("updated_at").alias("updated_at")
    )
    customers = identities.where(F.col("identifier_kind") == "customer_id")
    from_events = (
        customers.join(from_records.select("person_id"), on="person_id", how="left_anti")
        .groupBy("person_id")
        .agg(
            F.min("identifier").alias("customer_id"),
            F.min("first_seen_at").alias("created_at"),
            F.min("first_seen_at").alias("updated_at"),
        )
    )
    return from_records.unionByName(from_events, allowMissingColumns=True)
