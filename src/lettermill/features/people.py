"""Features of people: everything a model or a segment may know of a person at a moment."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.features.browsing import browsing_features, engagement_features
from lettermill.features.moments import at_moments
from lettermill.features.purchases import PERSON, merchandise, purchase_features
from lettermill.tables.features import PEOPLE
from lettermill.tables.quality import NAMED_IN_EVENTS


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
    theirs = F.broadcast(identities.join(F.broadcast(concerned), on="person_id", how="left_semi"))
    named = _with_person(events, identities=theirs).where(F.col("person_id").isNotNull())
    return people_features(
        people.join(F.broadcast(concerned), on="person_id", how="left_semi"),
        identities,  # whole: a browser's event is another person's where that person was logged in
        order_lines.join(customers(theirs), on="user_id", how="left_semi"),
        products,
        named.select(*events.columns),
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
    """Events of known persons: person_id, kind, event_id, email_id and instants.

    An event is the customer's whom it names, or else that of its browser, or else that of its device.
    """
    acts = ("event_id", "kind", "properties.email_id", "occurred_at", "available_at")
    return _with_person(events, identities=identities).select("person_id", *acts).where(F.col("person_id").isNotNull())


def _with_person(events: DataFrame, *, identities: DataFrame) -> DataFrame:
    """The events with `person_id`, whose each is; null where nobody is known by what it names."""
    named = events
    for kind, name in NAMED_IN_EVENTS.items():
        known = identities.where(F.col("identifier_kind") == kind)
        by_kind = known.select(F.col("identifier").alias(f"{kind}_known"), F.col("person_id").alias(f"by_{kind}"))
        # right side: one row per identifier
        named = named.join(by_kind, on=F.col(name) == F.col(f"{kind}_known"), how="left")
    return named.withColumn("person_id", F.coalesce(*(F.col(f"by_{kind}") for kind in NAMED_IN_EVENTS)))


def customers(identities: DataFrame) -> DataFrame:
    """(user_id, person_id) of every customer id."""
    known = identities.where(F.col("identifier_kind") == "customer_id")
    return known.select(F.col("identifier").alias("user_id"), "person_id")
