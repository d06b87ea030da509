"""What people said about being mailed and profiled: statements of records, of themselves and of their mailboxes."""

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
    statements = _from_events(heard, rules)
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


def _from_events(heard: DataFrame, rules: ConsentRules) -> DataFrame:
    """What people chose for themselves, and what suppresses them: an event may fulfil several rules."""
    suppressed = (
        F.when(
            _fulfils(rule),
            _statement(F.lit("suppressed"), F.lit(reason), said_by=rule.said_by, whole=rule.scope == "everything"),
        )
        for reason, rule in rules.suppress.items()
    )
    # One pass for all rules: finding whose events they are is what costs.
    told = heard.withColumn("statements", F.array_compact(F.array(_choice(rules), *suppressed)))
    said = told.select("*", F.explode("statements").alias("said"))
    stated = {name: F.nullif(F.lower(F.trim(f"properties.{name}")), F.lit("")) for name in ("channel", "topic")}
    is_profiling = F.lower(F.trim("properties.purpose")) == "profiling"
    whole = F.col("said.whole")
    return said.select(
        "person_id",
        F.when(whole, CHANNEL).otherwise(F.coalesce(stated["channel"], F.lit(CHANNEL))).alias("channel"),
        F.when(whole, EVERY_TOPIC).otherwise(F.coalesce(stated["topic"], F.lit(EVERY_TOPIC))).alias("topic"),
        F.when(~whole & is_profiling, "profiling").otherwise("mail").alias("purpose"),
        "said.state",
        "said.said_by",
        "said.reason",
        "source",
        F.col("occurred_at").alias("changed_at"),
        "available_at",
        F.concat_ws(":", "origin", "position").alias("evidence"),
    )


def _statement(state: Column, reason: Column, *, said_by: str, whole: bool) -> Column:
    return F.struct(
        state.alias("state"), reason.alias("reason"), F.lit(said_by).alias("said_by"), F.lit(whole).alias("whole")
    )


def _choice(rules: ConsentRules) -> Column:
    """What people chose for themselves on the preference page, and what they confirmed."""
    is_confirmed = F.col("kind") == CONFIRMED
    state = F.when(is_confirmed, "confirmed").otherwise(_granted(F.col("properties.state"), rules))
    is_known = state.isin("granted", "pending", "confirmed", "denied")
    reason = F.when(is_confirmed, "confirmed").otherwise("preferences")
    said = _statement(state, reason, said_by="person", whole=False)
    return F.when(F.col("kind").isin(PREFERENCES, CONFIRMED) & is_known, said)


def _fulfils(rule: Suppression) -> Column:
    """Whether an event fulfils a rule: it is the last of `times` within the days before it."""
    of_kind = F.col("kind") == rule.kind
    if rule.bounce_type:
        of_kind &= F.coalesce("properties.bounce_type", F.lit("hard")) == rule.bounce_type
    if rule.times == 1:
        return of_kind
    second = F.unix_seconds("occurred_at")
    lately = Window.partitionBy("person_id").orderBy(second).rangeBetween(-rule.within_days * DAY, 0)
    return of_kind & (F.count(F.when(of_kind, True)).over(lately) >= rule.times)


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
