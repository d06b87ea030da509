"""Who is who: records that share a customer id or an address are one person."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

ROUNDS = 4
"""Times the oldest label travels over a shared customer id and then over a shared address."""


def known_records(people: DataFrame, *, as_of: Column) -> DataFrame:
    """Versions of person records (quality.people) that were available at `as_of`, with `record`, the source's id."""
    record = F.concat_ws("/", "source", "record_id")
    return people.where(F.col("available_at") <= as_of).withColumn("record", record)


def labelled(records: DataFrame) -> DataFrame:
    """Add `label` to records: the oldest record of those linked by customer ids and addresses, of any version.

    A label is `{first_seen_at, record}`, so that the oldest wins. Links longer than ROUNDS hops are left open;
    `unsettled` finds them.
    """
    first_seen = F.min("available_at").over(Window.partitionBy("record"))
    linked = records.withColumn("label", F.struct(first_seen.alias("first_seen_at"), F.col("record")))
    for _ in range(ROUNDS):
        for link in ("record", "customer_id", "email"):
            linked = linked.withColumn("label", F.min("label").over(_sharing(link)))
    return linked


def unsettled(linked: DataFrame) -> DataFrame:
    """Records whose label is not yet that of all records they share an identifier with: there must be none."""
    open_ends = F.lit(False)
    for link in ("record", "customer_id", "email"):
        open_ends = open_ends | (F.col("label") != F.min("label").over(_sharing(link)))
    return linked.withColumn("is_open", open_ends).where("is_open")


def _sharing(link: str) -> WindowSpec:
    # Records without the identifier share it with nobody.
    return Window.partitionBy(F.coalesce(link, F.concat(F.lit("only "), "record")))


def identities(linked: DataFrame, *, events: DataFrame, standing: DataFrame, as_of: Column) -> DataFrame:
    """Rows for profiles.identities.

    `linked` are labelled records, `events` those of quality.events, `standing` the identities so far. A person keeps
    the id they have; where two persons turn out to be one, the oldest id survives. A new id is a hash of the record
    that was first seen, never of an address. Customer ids known from events alone are persons too. A browser belongs
    to a person only while a single customer used it.
    """
    from_records = linked.select("label", F.inline(_identifiers()), "available_at", "origin", "position")
    heard = events.where((F.col("occurred_at") < as_of) & (F.col("available_at") <= as_of))
    from_events = _customers_of_events(heard, known=linked)
    named = from_records.unionByName(from_events).where(F.col("identifier").isNotNull())
    per_identifier = named.groupBy("identifier_kind", "identifier").agg(
        F.min("label").alias("label"),
        F.min("available_at").alias("first_seen_at"),
        F.min_by(F.concat_ws(":", "origin", "position"), F.struct("available_at", "origin", "position")).alias(
            "evidence"
        ),
    )
    people = _with_person(per_identifier, standing=standing)
    return people.unionByName(_browsers(heard, customers=people)).select(
        "identifier_kind", "identifier", "person_id", "evidence", "first_seen_at"
    )


def _identifiers() -> Column:
    kinds = {"record": "record", "customer_id": "customer_id", "email": "email"}
    return F.array(
        *(
            F.struct(F.lit(kind).alias("identifier_kind"), F.col(column).alias("identifier"))
            for kind, column in kinds.items()
        )
    )


def _customers_of_events(heard: DataFrame, *, known: DataFrame) -> DataFrame:
    """Customer ids that events name and no record does, each a person of its own."""
    in_records = known.where(F.col("customer_id").isNotNull()).select(F.col("customer_id").alias("user_id")).distinct()
    unknown = heard.where(F.col("user_id").isNotNull()).join(in_records, on="user_id", how="left_anti")
    first = unknown.groupBy("user_id").agg(F.min(F.struct("available_at", "origin", "position")).alias("first"))
    return first.select(
        F.struct(
            F.col("first.available_at").alias("first_seen_at"), F.concat(F.lit("customer/"), "user_id").alias("record")
        ).alias("label"),
        F.lit("customer_id").alias("identifier_kind"),
        F.col("user_id").alias("identifier"),
        "first.available_at",
        "first.origin",
        "first.position",
    )


def _with_person(identifiers: DataFrame, *, standing: DataFrame) -> DataFrame:
    given = standing.select("identifier_kind", "identifier", F.struct("first_seen_at", "person_id").alias("given"))
    component = Window.partitionBy("label")
    new_id = F.concat(F.lit("p"), F.substring(F.sha2("label.record", 256), 1, 20))
    return (
        # right side: one row per identifier
        identifiers.join(given, on=["identifier_kind", "identifier"], how="left")
        .withColumn("oldest", F.min("given").over(component))
        .withColumn("person_id", F.coalesce("oldest.person_id", new_id))
        .drop("given", "oldest", "label")
    )


def _browsers(heard: DataFrame, *, customers: DataFrame) -> DataFrame:
    """Anonymous ids that one customer alone used while logged in."""
    used = heard.where(F.col("anonymous_id").isNotNull() & F.col("user_id").isNotNull())
    by_one = (
        used.groupBy("anonymous_id")
        .agg(
            F.min("user_id").alias("user_id"),
            F.max("user_id").alias("last_user_id"),
            F.min(F.struct("available_at", "origin", "position")).alias("first"),
        )
        .where(F.col("user_id") == F.col("last_user_id"))
    )
    ids = customers.where(F.col("identifier_kind") == "customer_id").select(
        F.col("identifier").alias("user_id"), "person_id"
    )
    # right side: one row per customer id
    return by_one.join(ids, on="user_id", how="inner").select(
        F.lit("anonymous_id").alias("identifier_kind"),
        F.col("anonymous_id").alias("identifier"),
        "person_id",
        F.concat_ws(":", "first.origin", "first.position").alias("evidence"),
        F.col("first.available_at").alias("first_seen_at"),
    )
