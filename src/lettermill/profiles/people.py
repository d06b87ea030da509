"""One golden record per person: of each attribute the value that won."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.profiles.attributes import NAMES, valid
from lettermill.tables.profiles import PEOPLE


def golden_records(records: DataFrame, *, identities: DataFrame, attributes: DataFrame, as_of: Column) -> DataFrame:
    """Rows for profiles.people: one per person, from profiles.attributes as it holds at `as_of`.

    `records` (versions, with `record`) and profiles.identities say since when a person is known and when any record of
    theirs last changed. Persons known from events alone have their customer id and nothing else.
    """
    types = {column.name: column.type for column in PEOPLE.columns}
    winners = [
        F.max(F.when(F.col("attribute") == name, F.col("value"))).cast(types[name]).alias(name) for name in NAMES
    ]
    values = valid(attributes, at=as_of, known_at=as_of).groupBy("person_id").agg(*winners)
    # right side: one row per person
    return _times(records, identities).join(values, on="person_id", how="left")


def _times(records: DataFrame, identities: DataFrame) -> DataFrame:
    """`person_id, created_at, updated_at` of persons with records, and of those known from events alone."""
    of_record = identities.where(F.col("identifier_kind") == "record").select(
        F.col("identifier").alias("record"), "person_id"
    )
    # right side: one row per record
    versions = records.select("record", "available_at", "updated_at").join(of_record, on="record", how="inner")
    from_records = versions.groupBy("person_id").agg(
        F.min("available_at").alias("created_at"), F.max("updated_at").alias("updated_at")
    )
    customers = identities.where(F.col("identifier_kind") == "customer_id")
    first = F.min("first_seen_at")
    from_events = customers.join(from_records.select("person_id"), on="person_id", how="left_anti")
    return from_records.unionByName(
        from_events.groupBy("person_id").agg(first.alias("created_at"), first.alias("updated_at"))
    )
