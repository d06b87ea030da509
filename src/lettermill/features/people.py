"""Features of people: everything a model or a segment may know of a person at a moment."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.features.browsing import browsing_features, engagement_features
from lettermill.features.moments import at_moments
from lettermill.features.purchases import PERSON, merchandise, purchase_features
from lettermill.tables.features import PEOPLE

NAMED_IN_EVENTS = {"customer_id": "user_id", "anonymous_id": "anonymous_id"}
"""Kind of identifier -> the column of quality.events that has it."""


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


def refreshed_features(
    people: DataFrame,
    identities: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
    events: DataFrame,
    *,
    concerned: DataFrame,
    moment: datetime,
    excluded_departments: Sequence[str],
) -> DataFrame:
    """Rows for features.latest: `people_features` at `moment` of the people in `concerned` (person_id) alone.

    Only their rows of the other tables are computed with, so that a few people cost little.
    """
    theirs = identities.join(F.broadcast(concerned), on="person_id", how="left_semi")
    ids = {kind: F.broadcast(_of_kind(theirs, kind, name)) for kind, name in NAMED_IN_EVENTS.items()}
    by_customer = events.join(ids["customer_id"], on="user_id", how="left_semi")
    by_browser = events.join(ids["customer_id"], on="user_id", how="left_anti").join(
        ids["anonymous_id"], on="anonymous_id", how="left_semi"
    )
    return people_features(
        people.join(F.broadcast(concerned), on="person_id", how="left_semi"),
        identities,  # whole: a browser's event is another person's where that person was logged in
        order_lines.join(ids["customer_id"], on="user_id", how="left_semi"),
        products,
        by_customer.unionByName(by_browser),
        moments=[moment],
        excluded_departments=excluded_departments,
    )


def freshest(built: DataFrame, refreshed: DataFrame) -> DataFrame:
    """One row per person: of features.people at one moment and features.latest the row of the later as_of."""
    newest = F.max_by(F.struct("*"), "as_of").alias("newest")
    return built.unionByName(refreshed).groupBy("person_id").agg(newest).select("newest.*")


def people_of(events: DataFrame, *, identities: DataFrame) -> DataFrame:
    """(person_id) of everybody whom some of the events name, as far as they are known."""
    return person_events(events, identities=identities).select("person_id").distinct()


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
    return _of_kind(identities, "customer_id", NAMED_IN_EVENTS["customer_id"])


def _of_kind(identities: DataFrame, kind: str, name: str) -> DataFrame:
    """(`name`, person_id) of one kind of identifier; `name` is unique."""
    return identities.where(F.col("identifier_kind") == kind).select(F.col("identifier").alias(name), "person_id")
