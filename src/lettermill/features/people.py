"""Features of people: everything a model or a segment may know of a person at a moment."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.features.browsing import browsing_features, engagement_features
from lettermill.features.moments import at_moments
from lettermill.features.purchases import PERSON, merchandise, purchase_features
from lettermill.tables.features import PEOPLE


def people_features(
    people: DataFrame,
    identities: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
    events: DataFrame,
    *,
    moments: Sequence[datetime],
    excluded_departments: Sequence[str],
) -> DataFrame:
    """Rows for features.people: one per person of profiles.people and moment, those without orders or visits too.

    Only what had occurred and arrived before a moment is in its rows. Who is who is taken from profiles.identities as
    it stands, so that a person keeps one row when two identifiers turn out to be theirs. Lines of products in
    `excluded_departments` are no merchandise.
    """
    lines = merchandise(order_lines, products, customers(identities), excluded_departments=excluded_departments)
    acts = events.transform(person_events, identities=identities)
    features = (
        people.select("person_id")
        .transform(at_moments, moments=moments)
        .join(purchase_features(lines, moments=moments), on=list(PERSON), how="left")
        .join(browsing_features(acts, moments=moments), on=list(PERSON), how="left")
        .join(engagement_features(acts, moments=moments), on=list(PERSON), how="left")
    )
    counts = [column.name for column in PEOPLE.columns if column.required and column.name not in PEOPLE.key]
    return features.fillna(0, subset=counts).select(*PEOPLE.column_names)


def person_events(events: DataFrame, *, identities: DataFrame) -> DataFrame:
    """Events that name a known customer, or else a known browser: person_id, kind, event_id, email_id and instants."""
    by_customer = customers(identities).withColumnRenamed("person_id", "customer")
    by_browser = _of_kind(identities, "anonymous_id", "anonymous_id").withColumnRenamed("person_id", "browser")
    return (
        events.join(by_customer, on="user_id", how="left")
        .join(by_browser, on="anonymous_id", how="left")
        .select(
            F.coalesce("customer", "browser").alias("person_id"),
            "event_id",
            "kind",
            "properties.email_id",
            "occurred_at",
            "available_at",
        )
        .where(F.col("person_id").isNotNull())
    )


def customers(identities: DataFrame) -> DataFrame:
    """(user_id, person_id) of every customer id."""
    return _of_kind(identities, "customer_id", "user_id")


def _of_kind(identities: DataFrame, kind: str, name: str) -> DataFrame:
    """(`name`, person_id) of one kind of identifier; `name` is unique."""
    return identities.where(F.col("identifier_kind") == kind).select(F.col("identifier").alias(name), "person_id")
