"""What people said about being mailed and profiled: statements of records, of themselves and of their mailboxes."""

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.profiles.consent_rules import ConsentRules, Suppression
from lettermill.tables.profiles import CONSENTS, EVERY_TOPIC

PURPOSES = {"mail": "email_consent", "profiling": "profiling_consent"}
CHANNEL = "email"
PREFERENCES, CONFIRMED = "preferences_changed", "consent_confirmed"
DAY = 86_400


def consent_changes(
    records: DataFrame | None,
    *,
    events: DataFrame,
    identities: DataFrame,
    messages: DataFrame,
    rules: ConsentRules,
    as_of: Column,
) -> DataFrame:
    """Rows for profiles.consents: one per statement of a record or event that was available at `as_of`.

    Events name a customer, or the message they are about: `messages` are rows of delivery.outbox, whose person it is;
    a provider's may name an address or a record instead. Without `records`, those of events alone. A choice of another
    state than granted and denied states nothing.
    """
    known = events.where((F.col("occurred_at") < as_of) & (F.col("available_at") <= as_of))
    heard = _of_persons(known.where(F.col("kind").isin(*spoken_kinds(rules))), identities, messages)
    statements = _choices(heard, rules)
    for from_events in _suppressed(heard, rules):
        statements = statements.unionByName(from_events)
    if records is not None:
        statements = statements.unionByName(_from_records(records, identities, rules))
    return statements.select(*CONSENTS.column_names)


def spoken_kinds(rules: ConsentRules) -> list[str]:
    """The kinds of events that state something of consent."""
    return sorted({PREFERENCES, CONFIRMED, *(rule.kind for rule in rules.suppress.values())})


def _from_records(records: DataFrame, identities: DataFrame, rules: ConsentRules) -> DataFrame:
    statements = F.array(
        *(
            F.struct(F.lit(purpose).alias("purpose"), F.col(column).alias("said"))
            for purpose, column in PURPOSES.items()
        )
    )
    # right side: one row per record
    said = (
        records.join(_persons(identities, "record", "record"), on="record", how="inner")
        .select("*", F.inline(statements))
        .where(F.col("said").isNotNull())
    )
    return said.select(
        "person_id",
        F.lit(CHANNEL).alias("channel"),
        F.lit(EVERY_TOPIC).alias("topic"),
        "purpose",
        _granted(F.col("said"), rules).alias("state"),
        F.lit("record").alias("said_by"),
        F.concat("source", F.lit(" record")).alias("reason"),
        "source",
        F.coalesce("consent_at", "updated_at").alias("changed_at"),
        "available_at",
        F.concat_ws(":", "origin", "position").alias("evidence"),
    )


def _granted(said: Column, rules: ConsentRules) -> Column:
    """A grant of a source that needs confirming is pending; the states of rows of profiles.consents."""
    needs_confirming = F.col("source").isin(*rules.double_opt_in) if rules.double_opt_in else F.lit(False)
    return F.when((said == "granted") & needs_confirming, "pending").otherwise(said)


def _choices(heard: DataFrame, rules: ConsentRules) -> DataFrame:
    """What people chose for themselves on the preference page, and what they confirmed."""
    said = F.when(F.col("kind") == CONFIRMED, "confirmed").otherwise(_granted(F.col("properties.state"), rules))
    chosen = heard.where(F.col("kind").isin(PREFERENCES, CONFIRMED)).withColumn("said", said)
    known = chosen.where(F.col("said").isin("granted", "pending", "confirmed", "denied"))
    reason = F.when(F.col("kind") == CONFIRMED, "confirmed").otherwise("preferences")
    return _stated(known, state=F.col("said"), reason=reason, said_by="person", scope="stated")


def _suppressed(heard: DataFrame, rules: ConsentRules) -> Iterator[DataFrame]:
    for reason, rule in rules.suppress.items():
        yield _stated(
            _fulfilled(heard, rule), state=F.lit("suppressed"), reason=F.lit(reason), said_by=rule.said_by,
            scope=rule.scope,
        )  # fmt: skip


def _fulfilled(heard: DataFrame, rule: Suppression) -> DataFrame:
    """The events that fulfil a rule: each is the last of `times` within the days before it."""
    of_kind = heard.where(F.col("kind") == rule.kind)
    if rule.bounce_type:
        of_kind = of_kind.where(F.coalesce("properties.bounce_type", F.lit("hard")) == rule.bounce_type)
    if rule.times == 1:
        return of_kind
    second = F.unix_seconds("occurred_at")
    lately = Window.partitionBy("person_id").orderBy(second).rangeBetween(-rule.within_days * DAY, 0)
    return of_kind.withColumn("times", F.count("*").over(lately)).where(F.col("times") >= rule.times).drop("times")


def _stated(events: DataFrame, *, state: Column, reason: Column, said_by: str, scope: str) -> DataFrame:
    stated = {name: F.nullif(F.lower(F.trim(f"properties.{name}")), F.lit("")) for name in ("channel", "topic")}
    purpose = F.lower(F.trim("properties.purpose"))
    whole = scope == "everything"
    return events.select(
        "person_id",
        F.lit(CHANNEL).alias("channel") if whole else F.coalesce(stated["channel"], F.lit(CHANNEL)).alias("channel"),
        F.lit(EVERY_TOPIC).alias("topic") if whole else F.coalesce(stated["topic"], F.lit(EVERY_TOPIC)).alias("topic"),
        F.when(F.lit(not whole) & (purpose == "profiling"), "profiling").otherwise("mail").alias("purpose"),
        state.alias("state"),
        F.lit(said_by).alias("said_by"),
        reason.alias("reason"),
        "source",
        F.col("occurred_at").alias("changed_at"),
        "available_at",
        F.concat_ws(":", "origin", "position").alias("evidence"),
    )


def _of_persons(events: DataFrame, identities: DataFrame, messages: DataFrame) -> DataFrame:
    """Events with the person they are of: the customer they name, else whose the named message is, else whom a
    provider's own words for people, an address or a record, stand for."""
    customers = _persons(identities, "customer_id", "user_id").withColumnRenamed("person_id", "customer")
    recipients = messages.select(F.col("message_id").alias("mailed_as"), F.col("person_id").alias("recipient"))
    owners = _persons(identities, "email", "mailbox").withColumnRenamed("person_id", "owner")
    recorded = _persons(identities, "record", "recorded_as").withColumnRenamed("person_id", "recorded")
    by_provider = F.col("properties.provider").isNotNull()
    named = {
        "mailed_as": F.col("properties.email_id"),
        "mailbox": F.when(by_provider, F.lower(F.trim("properties.email"))),
        "recorded_as": F.when(by_provider, F.col("properties.record")),
    }
    # right sides: one row per customer id, one per message, one per address, one per record
    return (
        events.withColumns(named)
        .join(customers, on="user_id", how="left")
        .join(recipients, on="mailed_as", how="left")
        .join(owners, on="mailbox", how="left")
        .join(recorded, on="recorded_as", how="left")
        .withColumn("person_id", F.coalesce("customer", "recipient", "owner", "recorded"))
        .where(F.col("person_id").isNotNull())
        .drop("customer", "recipient", "owner", "recorded", *named)
    )


def _persons(identities: DataFrame, kind: str, alias: str) -> DataFrame:
    return identities.where(F.col("identifier_kind") == kind).select(F.col("identifier").alias(alias), "person_id")
