"""What a source is: what it holds, whose it is, how it is read and what is expected of it."""

from dataclasses import dataclass
from typing import Literal

from lettermill.ingest.expected import Expected
from lettermill.ingest.kafka import Kafka
from lettermill.ingest.kinesis.declaration import Kinesis
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pull.declaration import Pull

WAYS = ("path", "kafka", "pull", "kinesis", "pubsub")
"""The ways to read a source, of which each has one."""


@dataclass(frozen=True)
class Source:
    """One landing folder (`path`), the topics of `kafka`, or a source that is pulled.

    `columns` are those a CSV header or a Parquet file must name; JSON Lines need none.
    `kind` says which raw table takes the rows: events happen once, records have versions.
    `holds` says which check takes them on: behaviour, people, products, demographics or social.
    `mapping` names the file of `conf/mappings` that reads its payloads; without one they are in our own words.
    `key` is what tells its rows apart, `personal` what of a row is personal: paths into it.
    `trust` from 0 to 1 weighs its word against another source's; `consent_basis` says by what right its people may be
    known: `none` keeps its rows out of features. A source that is not `enabled` is declared and not read.
    """

    kind: Literal["events", "records"]
    holds: Literal["behaviour", "people", "products", "demographics", "social"]
    path: str = ""
    format: Literal["jsonl", "json", "csv", "parquet"] = "jsonl"
    columns: tuple[str, ...] = ()
    owner: str = ""
    mapping: str = ""
    key: str = ""
    personal: tuple[str, ...] = ()
    expected: Expected | None = None
    trust: float = 1.0
    consent_basis: Literal["contract", "consent", "legitimate_interest", "none"] = "contract"
    enabled: bool = True
    kafka: Kafka | None = None
    pull: Pull | None = None
    kinesis: Kinesis | None = None
    pubsub: PubSub | None = None

    @property
    def is_pulled(self) -> bool:
        """Whether `ingest_pulled` takes it in, by asking for it."""
        return bool(self.pull or self.kinesis or self.pubsub)

    def __post_init__(self) -> None:
        ways = [way for way in WAYS if getattr(self, way)]
        if len(ways) != 1:
            says = " and ".join(ways) or "none"
            raise ValueError(f"a source must say one way to read it ({', '.join(WAYS)}); it says {says}")
        if self.format == "csv" and not self.columns:
            raise ValueError("a csv source must list its columns")
        if not 0 <= self.trust <= 1:
            raise ValueError(f"trust must be from 0 to 1, is {self.trust}")
