"""What people allow: changes from records and from e-mail events, and what holds at a moment."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

PURPOSES = {"mail": "email_consent", "profiling": "profiling_consent"}
SUPPRESSED_BY = {"unsubscribed": "unsubscribed", "email_bounced": "bounced", "email_marked_as_spam": "complained"}
"""event kind -> reason of the suppression it causes"""


def consent_changes(records: DataFrame, *, events: DataFrame, identities: DataFrame, as_of: Column) -> DataFrame:
    """Rows for profiles.consents: one per statement of a record or event that was available at `as_of`."""
    return _from_records(records, identities).unionByName(_from_events(events, identities, as_of=as_of))


def permissions(consents: DataFrame, *, as_of: Column) -> DataFrame:
    """What each person allows at `as_of`, from rows of profiles.consents: one row per person.

    `mail` and `profiling` are granted, denied, suppressed or null; `mail_because` is the reason given for `mail`. The
    latest statement counts, of two at one time the stricter; but a suppression is never lifted by a later grant.
    """
    known = consents.where((F.col("changed_at") < as_of) & (F.col("available_at") <= as_of))
    suppressing = (F.col("state") == "suppressed").cast("int").alias("suppressing")
    strictness = F.when(F.col("state") == "granted", 0).otherwise(1).alias("strictness")
    statement = F.struct(suppressing, "changed_at", strictness, "evidence", "state", "reason")
    latest = known.groupBy("person_id").agg(
        *(F.max(F.when(F.col("purpose") == purpose, statement)).alias(purpose) for purpose in PURPOSES)
    )
    return latest.select(
        "person_id",
        F.col("mail.state").alias("mail"),
        F.col("mail.reason").alias("mail_because"),
        F.col("profiling.state").alias("profiling"),
    )


def _from_records(records: DataFrame, identities: DataFrame) -> DataFrame:
    statements = F.array(
        *(
            F.struct(F.lit(purpose).alias("purpose"), F.col(column).alias("state"))
            for purpose, column in PURPOSES.items()
        )
    )
    # right side: one row per record
    return (
        records.join(_persons(identities, "record", "record"), on="record", how="inner")
        .select("*", F.inline(statements))
        .where(F.col("state").isNotNull())
        .select(
            "person_id",
            F.lit("email").alias("channel"),
            "purpose",
            "state",
            F.lit("crm record").alias("reason"),
            F.coalesce("consent_at", "updated_at").alias("changed_at"),
            "available_at",
            F.concat_ws(":", "origin", "position").alias("evidence"),
        )
    )


def _from_events(events: DataFrame, identities: DataFrame, *, as_of: Column) -> DataFrame:
    reasons = F.create_map(*(F.lit(word) for pair in SUPPRESSED_BY.items() for word in pair))
    known = (F.col("occurred_at") < as_of) & (F.col("available_at") <= as_of)
    # right side: one row per customer id
    return (
        events.where(F.col("kind").isin(*SUPPRESSED_BY) & known)
        .join(_persons(identities, "customer_id", "user_id"), on="user_id", how="inner")
        .select(
            "person_id",
            F.lit("email").alias("channel"),
            F.lit("mail").alias("purpose"),
            F.lit("suppressed").alias("state"),
            reasons[F.col("kind")].alias("reason"),
            F.col("occurred_at").alias("changed_at"),
            "available_at",
            F.concat_ws(":", "origin", "position").alias("evidence"),
        )
    )


def _persons(identities: DataFrame, kind: str, alias: str) -> DataFrame:
    return identities.where(F.col("identifier_kind") == kind).select(F.col("identifier").alias(alias), "person_id")
