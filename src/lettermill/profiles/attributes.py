"""The history of every attribute of every person: what held, by which rule, over what, and when that could be known."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise

import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.profiles.conflicts import Claim, Known, known_history
from lettermill.profiles.policy import ConflictPolicy
from lettermill.tables.profiles import ATTRIBUTES

NAMES = (
    "customer_id", "email", "phone", "first_name", "last_name", "birth_year", "country", "postcode", "locale",
    "timezone", "age_band", "income_band", "household_size", "kids_count", "home_ownership",
)  # fmt: skip
"""Attributes of a person, as columns of quality.people and of profiles.people."""
EVENTS = "events"
"""The source of a customer id that no record has."""
INSTANT = pa.timestamp("us", "UTC")
LOSERS = pa.list_(pa.struct([("value", pa.string()), ("source", pa.string()), ("since", INSTANT)]))
OF_PERSON = ("person_id", "attribute")


def attribute_history(records: DataFrame, *, identities: DataFrame, policy: ConflictPolicy) -> DataFrame:
    """Rows for profiles.attributes, from versions of records (with `record`) and profiles.identities.

    A null claims nothing, so it never overwrites. Who is who is taken as it stands: what a merged person claimed is
    claimed by the one they are now. Each person and attribute is decided by `conflicts.known_history`.
    """
    per_attribute = _claims(records, identities).groupBy(*OF_PERSON)
    claims = per_attribute.agg(F.collect_list(F.struct(*Claim._fields)).alias("claims"))
    schema = ", ".join(f"{column.name} {column.type}" for column in ATTRIBUTES.columns)
    return claims.mapInArrow(partial(_decided, policy=policy), schema)


def valid(attributes: DataFrame, *, at: Column, known_at: Column) -> DataFrame:
    """The rows of profiles.attributes that held at an instant, as could be known at another: one per attribute."""
    holds = (F.col("valid_from") <= at) & (F.col("valid_to").isNull() | (F.col("valid_to") > at))
    known = (F.col("known_from") <= known_at) & (F.col("known_to").isNull() | (F.col("known_to") > known_at))
    return attributes.where(holds & known)


def _claims(records: DataFrame, identities: DataFrame) -> DataFrame:
    of_record = identities.where(F.col("identifier_kind") == "record").select(
        F.col("identifier").alias("record"), "person_id"
    )
    named = F.array(
        *(F.struct(F.lit(name).alias("attribute"), F.col(name).cast("string").alias("value")) for name in NAMES)
    )
    # right side: one row per record
    stated = records.join(of_record, on="record", how="inner").select(
        "person_id", "source", "record", "origin", "position", "updated_at", "available_at", F.inline(named)
    )
    row = F.struct("origin", "position")
    return (
        stated.where(F.col("value").isNotNull())
        .groupBy(*OF_PERSON, "source", "record", F.col("updated_at").alias("at"), "value")
        .agg(F.min("available_at").alias("known"), F.min(row).alias("first"), F.max(row).alias("row"))
        .withColumn("evidence", F.concat_ws(":", "first.origin", "first.position"))
        .select(*OF_PERSON, *Claim._fields)
        .unionByName(_of_events(identities, of_record))
    )


def _of_events(identities: DataFrame, of_record: DataFrame) -> DataFrame:
    """Claims of customer ids for persons without a record."""
    customers = identities.where(F.col("identifier_kind") == "customer_id")
    return customers.join(of_record, on="person_id", how="left_anti").select(
        "person_id",
        F.lit("customer_id").alias("attribute"),
        F.col("first_seen_at").alias("at"),
        F.lit(EVENTS).alias("source"),
        F.struct(F.lit("").alias("origin"), F.lit(0).cast("bigint").alias("position")).alias("row"),
        F.col("identifier").alias("value"),
        F.concat_ws("/", F.lit("customer"), "identifier").alias("record"),
        F.col("first_seen_at").alias("known"),
        "evidence",
    )


def _decided(batches: Iterable[pa.RecordBatch], *, policy: ConflictPolicy) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        persons, attributes = batch.column("person_id").to_pylist(), batch.column("attribute").to_pylist()
        rows = [
            (person, attribute, row)
            for person, attribute, claims in zip(persons, attributes, _read(batch.column("claims")), strict=True)
            for row in known_history(claims, rule=policy.rule(attribute), trust=policy.trust)
        ]
        yield _written(rows)


def _read(column: pa.ListArray) -> Iterator[list[Claim]]:
    """The claims of each row; flattened first, since a list of structs is slow to take apart."""
    flat = column.flatten()
    fields = {name: flat.field(name) for name in Claim._fields}
    origins, positions = (fields["row"].field(name).to_pylist() for name in ("origin", "position"))
    plain = {
        name: (values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values).to_pylist()
        for name, values in fields.items()
        if name != "row"
    }
    plain["row"] = list(zip(origins, positions, strict=True))
    claims = [Claim(*values) for values in zip(*(plain[name] for name in Claim._fields), strict=True)]
    ends = [0]
    for size in column.value_lengths().to_pylist():
        ends.append(ends[-1] + size)
    return (claims[start:end] for start, end in pairwise(ends))


def _written(rows: list[tuple[str, str, Known]]) -> pa.RecordBatch:
    decisions = [known.decision for _, _, known in rows]
    losers = [[lost._asdict() for lost in decision.losers] for decision in decisions]
    columns = {
        "person_id": pa.array([person for person, _, _ in rows], pa.string()),
        "attribute": pa.array([attribute for _, attribute, _ in rows], pa.string()),
        "valid_from": pa.array([decision.valid_from for decision in decisions], INSTANT),
        "valid_to": pa.array([decision.valid_to for decision in decisions], INSTANT),
        "known_from": pa.array([known.known_from for _, _, known in rows], INSTANT),
        "known_to": pa.array([known.known_to for _, _, known in rows], INSTANT),
        "value": pa.array([decision.value for decision in decisions], pa.string()),
        "source": pa.array([decision.source for decision in decisions], pa.string()),
        "evidence": pa.array([decision.evidence for decision in decisions], pa.string()),
        "rule": pa.array([decision.rule for decision in decisions], pa.string()),
        "losers": pa.array(losers, LOSERS),
    }
    return pa.RecordBatch.from_arrays(
        [columns[name] for name in ATTRIBUTES.column_names], list(ATTRIBUTES.column_names)
    )
