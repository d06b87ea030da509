"""Who is who: one person per component of what records and events state, under an id that stays."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lettermill.profiles.evidence import COMPONENT, IDENTIFIER, PROBABLE, oldest

MERGE, SPLIT, MOVE = "merge", "split", "move"


def known_records(people: DataFrame, *, as_of: Column) -> DataFrame:
    """Versions of person records (quality.people) that were available at `as_of`, with `record`, the source's id."""
    record = F.concat_ws("/", "source", "record_id")
    return people.where(F.col("available_at") <= as_of).withColumn("record", record)


def heard_events(events: DataFrame, *, as_of: Column) -> DataFrame:
    """Events (quality.events) that had happened before `as_of` and were available at it."""
    return events.where((F.col("occurred_at") < as_of) & (F.col("available_at") <= as_of))


def identities(stated: DataFrame, *, standing: DataFrame, as_of: Column) -> DataFrame:
    """Rows for profiles.identities, from statements with the `root` of their component and the identities so far.

    A person keeps the id they have. Where two persons turn out to be one, the oldest id survives; where one turns out
    to be several, the id stays with the part that has the record it was made from, or else the oldest identifier. A new
    id is a hash of the record that was first seen, never of an address; where another person holds that id already,
    the moment is hashed along.
    """
    claims = _claims(stated, standing)
    kept = _kept_ids(claims)
    taken = kept.select(F.col("kept_id").alias("new_id"), F.lit(True).alias("is_taken"))
    another = _surrogate(F.concat_ws("\0", "label", as_of.cast("string")))
    # right sides: one row per component, one row per id
    given = (
        claims.join(kept, on="root", how="left")
        .join(taken, on="new_id", how="left")
        .withColumn("person_id", F.coalesce("kept_id", F.when(F.col("is_taken"), another), "new_id"))
    )
    return given.select(
        *IDENTIFIER,
        "person_id",
        F.concat_ws(":", "first.origin", "first.position").alias("evidence"),
        F.col("first.available_at").alias("first_seen_at"),
    )


def identity_changes(
    stated: DataFrame, found: DataFrame, *, standing: DataFrame, dropped: DataFrame, as_of: Column
) -> DataFrame:
    """Rows for profiles.identity_changes: how the persons of `standing` became those of `found`.

    A merge: the person is now part of another who was known. A split: some of the person's identifiers are now a person
    of their own. A move: some are now another known person's. `stated` are the statements that `found` was made from,
    `dropped` the flagged identifiers. The evidence of a split is the flagged identifier, that of others the newest
    statement that ties the person to what was not theirs.
    """
    before = standing.select(*IDENTIFIER, F.col("person_id").alias("from_person_id"))
    moved = found.select(*IDENTIFIER, F.col("person_id").alias("into_person_id")).join(
        before, on=list(IDENTIFIER), how="inner"
    )
    alive = found.select(F.col("person_id").alias("from_person_id"), F.lit(True).alias("is_alive")).distinct()
    known = standing.select(F.col("person_id").alias("into_person_id"), F.lit(True).alias("is_known")).distinct()
    kind = F.when(F.col("is_known").isNull(), SPLIT).when(F.col("is_alive"), MOVE).otherwise(MERGE)
    # right sides: one row per person
    changed = (
        moved.where(F.col("from_person_id") != F.col("into_person_id"))
        .groupBy("from_person_id", "into_person_id")
        .agg(F.count("*").alias("identifiers"))
        .join(alive, on="from_person_id", how="left")
        .join(known, on="into_person_id", how="left")
        .withColumn("change", kind)
        .join(_ties(stated, before), on="from_person_id", how="left")
        .join(_losses(before, dropped), on="from_person_id", how="left")
    )
    is_tied = F.col("change") != SPLIT
    return changed.select(
        "change",
        "from_person_id",
        "into_person_id",
        as_of.alias("known_at"),
        "identifiers",
        F.when(is_tied, F.col("tie.identifier_kind")).otherwise(F.col("loss.identifier_kind")).alias("evidence_kind"),
        F.when(is_tied, F.concat_ws(":", "tie.origin", "tie.position"))
        .when(
            F.col("loss").isNotNull(),
            F.concat(F.lit("shared by "), "loss.how_many", F.lit(", allowed "), "loss.allowed"),
        )
        .otherwise("what linked them is stated no longer")
        .alias("evidence"),
    )


def households(records: DataFrame, *, identities: DataFrame) -> DataFrame:
    """Rows for profiles.households: who lives with whom by what a source says. It never makes two persons one."""
    of_record = identities.where(F.col("identifier_kind") == "record").select(
        F.col("identifier").alias("record"), "person_id"
    )
    first = F.min(F.struct("available_at", "origin", "position"))
    # right side: one row per record
    lived = records.where(F.col("household_id").isNotNull()).join(of_record, on="record", how="inner")
    return (
        lived.groupBy("household_id", "person_id")
        .agg(first.alias("first"))
        .select(
            "household_id",
            "person_id",
            F.concat_ws(":", "first.origin", "first.position").alias("evidence"),
            F.col("first.available_at").alias("first_seen_at"),
        )
    )


def _claims(stated: DataFrame, standing: DataFrame) -> DataFrame:
    """One row per identifier: its component, the id a new person would get, and the person who has it so far."""
    component = Window.partitionBy("root")
    given = standing.select(*IDENTIFIER, F.col("person_id").alias("given"), F.col("first_seen_at").alias("given_at"))
    per_identifier = stated.groupBy(*IDENTIFIER).agg(
        F.min("root").alias("root"),
        oldest().alias("oldest"),
        F.min(F.struct("is_event", "available_at", "origin", "position")).alias("first"),
    )
    # right side: one row per identifier
    return (
        per_identifier.withColumn("label", F.min("oldest").over(component)["name"])
        .where(F.col("identifier_kind") != PROBABLE)
        .withColumn("new_id", _surrogate(F.col("label")))
        .join(given, on=list(IDENTIFIER), how="left")
    )


def _kept_ids(claims: DataFrame) -> DataFrame:
    """`root, kept_id`: of the persons whose best part is in a component, the oldest."""
    is_made_elsewhere = F.col("given") != F.col("new_id")
    best_part = F.min_by("root", F.struct(is_made_elsewhere, "given_at", *IDENTIFIER))
    persons = claims.where(F.col("given").isNotNull()).groupBy("given")
    kept = persons.agg(best_part.alias("root"), F.min("given_at").alias("since"))
    return kept.groupBy("root").agg(F.min(F.struct("since", "given"))["given"].alias("kept_id"))


def _surrogate(text: Column) -> Column:
    return F.concat(F.lit("p"), F.substring(F.sha2(text, 256), 1, 20))


def _ties(stated: DataFrame, before: DataFrame) -> DataFrame:
    """Per person so far the newest statement by which something of theirs is tied to something that was not."""
    of_holder = before.select(
        F.concat_ws(":", "identifier_kind", "identifier").alias("holder"), F.col("from_person_id").alias("holder_was")
    ).where(F.col("identifier_kind").isin("record", "customer_id"))
    of_identifier = before.withColumnRenamed("from_person_id", "identifier_was")
    # right sides: one row per identifier
    crossing = (
        stated.join(of_holder, on="holder", how="left")
        .join(of_identifier, on=list(IDENTIFIER), how="left")
        .where(~F.col("holder_was").eqNullSafe(F.col("identifier_was")))
    )
    tie = F.struct("available_at", "origin", "position", "identifier_kind")
    persons = F.explode(F.array_compact(F.array("holder_was", "identifier_was")))
    return (
        crossing.select(persons.alias("from_person_id"), tie.alias("tie"))
        .groupBy("from_person_id")
        .agg(F.max("tie").alias("tie"))
    )


def _losses(before: DataFrame, dropped: DataFrame) -> DataFrame:
    """Per person so far the flagged identifier that most others share."""
    lost = before.join(dropped.where(F.col("identifier_kind") != COMPONENT), on=list(IDENTIFIER), how="inner")
    worst = F.struct("how_many", "allowed", "identifier_kind")
    return lost.groupBy("from_person_id").agg(F.max(worst).alias("loss"))
