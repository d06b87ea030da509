"""Taking Kafka's topics in: what the ingest jobs do with sources whose records stream."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Thread

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from lettermill.errors import ConfigError, InputError, LettermillError, PlatformError
from lettermill.ingest.avro import framed, judged_avro
from lettermill.ingest.kafka import Kafka, arriving_records, judged_texts, lines_of_records, refused_records
from lettermill.ingest.schema_registry import SchemaRegistry
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.secrets import resolve
from lettermill.tables import Table
from lettermill.tables.quality import QUARANTINE
from lettermill.taking import RowsOfLines, set_aside, tell_refusals


def take_in_topics(run: Run, *, kind: str, rows_of_lines: RowsOfLines, to: Table) -> None:
    """Append what has arrived on the topics of each source of `kind` to the table `to`; poison goes to quarantine.

    Raises ConfigError, PlatformError or InputError where a broker or registry cannot be read from.
    """
    for name, source in run.settings.sources.items():
        if source.kind != kind or source.kafka is None or not source.enabled:
            continue
        for table in (to, QUARANTINE):
            run.lake.create(table)
        with run.doing(f"taking in {name}"), _plain_errors(name, source.kafka), ExitStack() as open_:
            taking = Taking(run, name, to, rows_of_lines)
            each: Callable[[DataFrame, Lake], None] = taking.texts
            if source.kafka.registry is not None:
                taking.registry = open_.enter_context(SchemaRegistry(source.kafka.registry, resolve=resolve))
                each = taking.avro
            records = arriving_records(run.spark, source.kafka, resolve=resolve)
            run.lake.stream(records, each, as_name=f"ingest_{kind}/{name}")


@dataclass
class Taking:
    """What is done with each batch of one source's records."""

    run: Run
    name: str
    to: Table
    rows_of_lines: RowsOfLines
    registry: SchemaRegistry | None = None

    def texts(self, records: DataFrame, lake: Lake) -> None:
        self._store(judged_texts(records), lake)

    def avro(self, records: DataFrame, lake: Lake) -> None:
        assert self.registry is not None
        held = framed(records).persist()
        try:
            ids = [row["schema_id"] for row in held.select("schema_id").distinct().collect()]
            schemas = {id_: self.registry.schema(id_) for id_ in ids if id_ is not None}
            self._store(judged_avro(held, schemas=schemas), lake)
        finally:
            held.unpersist()

    def _store(self, judged: DataFrame, lake: Lake) -> None:
        seen = Observation()
        lines = lines_of_records(judged.observe(seen, F.count("reason").alias("refused")), name=self.name)
        lake.append(self.rows_of_lines(lines, ingested_at=self.run.started_at), to=self.to)
        if _refused(seen) == 0:
            return  # most batches: their records are read once
        bad = refused_records(judged, name=self.name)
        reasons = [tuple(row) for row in bad.groupBy(F.col("reasons")[0]).count().collect()]
        if reasons:
            set_aside(self.run, bad.withColumn("part", F.lit(0)), lake, of=self.to)
            tell_refusals(self.run, self.name, reasons, of=self.to)


UNTOLD_AFTER = 20
"""Seconds after a write by which Spark has told what it saw."""


def _refused(seen: Observation) -> int | None:
    """How many records were refused; None where nothing was written, since Delta passes a repeated batch over."""
    told: list[int] = []
    asking = Thread(target=lambda: told.append(seen.get["refused"]), daemon=True)  # Spark waits for ever
    asking.start()
    asking.join(UNTOLD_AFTER)
    return told[0] if told else None


CAUSES: tuple[tuple[str, type[LettermillError], str, str], ...] = (
    ("SaslAuthenticationException", ConfigError, "the broker refuses the user", "check username, password and options"),
    ("SslAuthenticationException", ConfigError, "TLS does not hold", "check the ssl options of the source"),
    ("SSLHandshakeException", ConfigError, "TLS does not hold", "check the ssl options of the source"),
    ("UnknownTopicOrPartition", ConfigError, "the broker has no such topic", "create it, or correct `topics`"),
    ("data may have been lost", InputError, "Kafka deleted records before they were read",
     "lengthen the topic's retention; to go on with what is left, remove the source's checkpoint"),
    ("TimeoutException", PlatformError, "the broker does not answer", "see that it runs and can be reached from here"),
)  # fmt: skip
"""What a Kafka failure is called -> what it is to a person."""


@contextmanager
def _plain_errors(name: str, kafka: Kafka) -> Iterator[None]:
    try:
        yield
    except StreamingQueryException as failure:
        for sign, kind, problem, mend in CAUSES:
            if sign in str(failure):
                place = f"{kafka.bootstrap_servers}, {', '.join(kafka.topics)}"
                raise kind(f"{name}: {problem}", place=place, mend=mend) from None
        raise
