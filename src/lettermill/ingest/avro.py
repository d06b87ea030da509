"""Avro in Confluent's wire format: a zero byte, the schema's id in four bytes, then the value."""

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.avro.functions import from_avro

from lettermill.ingest.kafka import TOMBSTONE

NOT_FRAMED = "no zero byte and schema id before the value"
NOT_ITS_SCHEMA = "the value is not what its schema says"
JSON_OF_AVRO = {"ignoreNullFields": "false", "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"}


def framed(records: DataFrame) -> DataFrame:
    """Add `schema_id`, null where the value is not framed."""
    is_framed = (F.length("value") > 5) & (F.substring("value", 1, 1) == F.lit(b"\x00"))
    number = F.conv(F.hex(F.substring("value", 2, 4)), 16, 10).cast("bigint")
    return records.withColumn("schema_id", F.when(is_framed, number))


def judged_avro(records: DataFrame, *, schemas: Mapping[int, str | None]) -> DataFrame:
    """Add `raw`, the value as a JSON object, and `reason`, why the record cannot be taken, null for a good one.

    `records` come from `framed`; `schemas` has the schema of each id that occurs, or None where it is no Avro record or
    the registry does not have it.
    """
    known = {id_: schema for id_, schema in schemas.items() if schema is not None}
    texts = [F.when(F.col("schema_id") == id_, _text(schema)) for id_, schema in known.items()]
    decoded = records.withColumn("raw", F.coalesce(*texts, F.lit(None).cast("string")))
    reason = (
        F.when(F.col("value").isNull(), TOMBSTONE)
        .when(F.col("schema_id").isNull(), NOT_FRAMED)
        .when(~_among(known), F.concat(F.lit("the registry has no Avro record of schema id "), "schema_id"))
        .when(F.col("raw").isNull(), NOT_ITS_SCHEMA)
    )
    return decoded.withColumn("reason", reason)


def is_record(schema: str) -> bool:
    """Whether an Avro schema is a record's: nothing else becomes a JSON object."""
    parsed = json.loads(schema)
    return isinstance(parsed, dict) and parsed.get("type") == "record"


def _among(known: Mapping[int, str]) -> Column:
    matches = (F.col("schema_id") == id_ for id_ in known)
    return reduce(or_, matches, F.lit(False))


def _text(schema: str) -> Column:
    # Spark turns what it cannot read into a record of nulls. Inside a record of one field, which has the same bytes,
    # that is told from a value whose own fields are null.
    around = {"type": "record", "name": "Around", "fields": [{"name": "it", "type": json.loads(schema)}]}
    payload = F.expr("substring(value, 6)")
    read = from_avro(payload, json.dumps(around), {"mode": "PERMISSIVE"})
    return F.to_json(read["it"], JSON_OF_AVRO)
