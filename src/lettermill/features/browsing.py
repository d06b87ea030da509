"""Browsing and engagement features, from the events known at a moment."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.features.moments import DAY, known_at, within
from lettermill.tables.features import BROWSING_WINDOWS, ENGAGEMENT_WINDOWS

BROWSED = {"pages": "page_viewed", "views": "product_viewed", "adds": "product_added"}
ENGAGED = {"delivered": "email_delivered", "opened": "email_opened", "clicked": "email_link_clicked"}
SESSION_GAP = 30 * 60 * 1_000_000  # microseconds
PERSON = ("person_id", "as_of")


def browsing_features(events: DataFrame, *, moments: Sequence[datetime]) -> DataFrame:
    """One row per person with a browsing event in 91 days: tables.features.BROWSING.

    `events` (person_id, event_id, kind, occurred_at, available_at).
    """
    browsed = events.where(F.col("kind").isin(*BROWSED.values()))
    known = browsed.transform(known_at, moments=moments, days=max(BROWSING_WINDOWS))
    in_order = Window.partitionBy(*PERSON).orderBy("occurred_at", "event_id")
    since_previous = F.lag("age").over(in_order) - F.col("age")
    begins = since_previous.isNull() | (since_previous > SESSION_GAP)
    things = {name: F.col("kind") == kind for name, kind in BROWSED.items()} | {"sessions": F.col("begins_session")}
    return (
        known.withColumn("begins_session", begins)
        .groupBy(*PERSON)
        .agg(*_counts(things, BROWSING_WINDOWS), (F.min("age") / float(DAY)).alias("days_since_visit"))
    )


def engagement_features(events: DataFrame, *, moments: Sequence[datetime]) -> DataFrame:
    """One row per person with an e-mail event: tables.features.ENGAGEMENT.

    `events` as for browsing, with email_id. An e-mail opened or clicked twice counts once, at the first time.
    """
    engaged = events.where(F.col("kind").isin(*ENGAGED.values()))
    known = engaged.transform(known_at, moments=moments)
    mail = F.coalesce("email_id", "event_id")
    firsts = known.groupBy(*PERSON, "kind", mail.alias("mail")).agg(
        F.max("age").alias("age"), F.min("age").alias("newest_age")
    )
    since_open = F.min(F.when(F.col("kind") == ENGAGED["opened"], F.col("newest_age"))) / float(DAY)
    things = {name: F.col("kind") == kind for name, kind in ENGAGED.items()}
    return (
        firsts.groupBy(*PERSON)
        .agg(*_counts(things, ENGAGEMENT_WINDOWS), since_open.alias("since_open"))
        .withColumn("days_since_open", F.when(F.col("since_open") <= max(ENGAGEMENT_WINDOWS), F.col("since_open")))
        .drop("since_open")
    )


def _counts(things: dict[str, Column], windows: Sequence[int]) -> list[Column]:
    return [
        F.count_if(is_one & within(days)).alias(f"{name}_{days}d")
        for name, is_one in things.items()
        for days in windows
    ]
