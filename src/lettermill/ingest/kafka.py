"""Kafka topics as streams of records: how they are read, and which records cannot become rows."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

REFERENCE = "secret://"
SECRET = re.compile(r"password|secret|jaas|token|keystore\.key$")
"""Names of Kafka properties whose values may stand in conf as references only."""

TOMBSTONE = "a tombstone: the record has no value; what is kept is its key"
NOT_UTF8 = "the value is not UTF-8"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A schema registry that speaks Confluent's HTTP API. `password` is a reference."""

    url: str
    username: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        if self.password and not self.password.startswith(REFERENCE):
            raise ValueError("the registry's password must be a reference, secret://scope/key")


@dataclass(frozen=True, kw_only=True)
class Kafka:
    """The topics of one source.

    `starting_offsets` counts where the stream has no checkpoint yet: earliest, latest, or topic -> partition -> offset
    (-2 for earliest, -1 for latest). `options` are Kafka's own consumer properties, passed through; what is secret in
    them, and `password` for SASL PLAIN and SCRAM, are references, resolved when the stream starts.
    `value` avro is Confluent's wire format: a schema's id before each value, its schema in the `registry`.
    """

    bootstrap_servers: str
    topics: tuple[str, ...]
    value: Literal["json", "avro"] = "json"
    registry: Registry | None = None
    starting_offsets: Literal["earliest", "latest"] | Mapping[str, Mapping[int, int]] = "earliest"
    records_per_batch: int = 500_000
    username: str = ""
    password: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.topics:
            raise ValueError("name at least one topic")
        if self.records_per_batch < 1:
            raise ValueError(f"records_per_batch must be 1 or more, is {self.records_per_batch}")
        if (self.value == "avro") != (self.registry is not None):
            raise ValueError("a registry belongs to `value: avro`, and only there")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password go together")
        if self.username and self.mechanism not in LOGINS:
            raise ValueError(f"options must set sasl.mechanism to one of {', '.join(LOGINS)} for username and password")
        plain = [name for name, value in self.options.items() if SECRET.search(name) and REFERENCE not in value[:9]]
        if self.password and not self.password.startswith(REFERENCE):
            plain.append("password")
        if plain:
            raise ValueError(f"{', '.join(plain)} must be a reference, secret://scope/key")

    @property
    def mechanism(self) -> str:
        return self.options.get("sasl.mechanism", "")


LOGINS = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def arriving_records(spark: SparkSession, kafka: Kafka, *, resolve: Callable[[str], bytes]) -> DataFrame:
    """Stream the records of the topics: `key`, `value`, `topic`, `partition`, `offset`, `timestamp`, `headers`.

    Records that Kafka deleted before they were read stop the stream, or they would be lost in silence.
    """
    return spark.readStream.format("kafka").options(**reader_options(kafka, resolve=resolve)).load()


def reader_options(kafka: Kafka, *, resolve: Callable[[str], bytes]) -> dict[str, str]:
    """What Spark's Kafka source is given. `resolve` turns a reference into its secret, as late as here."""
    properties = {
        name: resolve(value).decode() if value.startswith(REFERENCE) else value for name, value in kafka.options.items()
    }
    if kafka.username:
        login = LOGINS[kafka.mechanism]
        words = f"username={_quoted(kafka.username)} password={_quoted(resolve(kafka.password).decode())}"
        properties["sasl.jaas.config"] = f"{login} required {words};"
    given = kafka.starting_offsets
    return {f"kafka.{name}": value for name, value in properties.items()} | {
        "kafka.bootstrap.servers": kafka.bootstrap_servers,
        "subscribe": ",".join(kafka.topics),
        "startingOffsets": given if isinstance(given, str) else json.dumps(_by_text(given)),
        "maxOffsetsPerTrigger": str(kafka.records_per_batch),
        "includeHeaders": "true",
        "failOnDataLoss": "true",
    }


def judged_texts(records: DataFrame) -> DataFrame:
    """Add `raw`, the value as text, and `reason`, why the record cannot be taken, null for a good one."""
    # Java replaces what is not UTF-8, so such a value comes back changed.
    again = F.encode(F.decode("value", "UTF-8"), "UTF-8")
    reason = F.when(F.col("value").isNull(), TOMBSTONE).when(again != F.col("value"), NOT_UTF8)
    return records.withColumn("raw", F.col("value").cast("string")).withColumn("reason", reason)


def lines_of_records(judged: DataFrame, *, name: str) -> DataFrame:
    """One row per good record, in the shape of a file's lines: `origin` is topic/partition, `position` the offset, and
    the time Kafka gives the record is `arrived_at` and `day_ends_at`, by when it had been received."""
    good = judged.where(F.col("reason").isNull())
    times = (F.col("timestamp").alias(name) for name in ("arrived_at", "day_ends_at"))
    return good.select(*_place(name), "raw", *times, "headers")


def refused_records(judged: DataFrame, *, name: str) -> DataFrame:
    """One row per record with a reason: its place, `reasons`, and `value`, its bytes; a tombstone's are its key's."""
    kept = F.coalesce("value", "key", F.lit(b""))
    bad = judged.where(F.col("reason").isNotNull())
    return bad.select(*_place(name), F.array("reason").alias("reasons"), kept.alias("value"))


def _place(name: str) -> tuple[Column, ...]:
    return (
        F.lit(name).alias("source"),
        F.concat_ws("/", "topic", "partition").alias("origin"),
        F.col("offset").alias("position"),
    )


def _by_text(offsets: Mapping[str, Mapping[int, int]]) -> dict[str, dict[str, int]]:
    return {topic: {str(partition): at for partition, at in of.items()} for topic, of in offsets.items()}


def _quoted(word: str) -> str:
    """A word as JAAS reads it between double quotes."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
