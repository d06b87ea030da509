"""What a source is: where its files land, what they hold and what must stand in each row."""

from dataclasses import dataclass
from typing import Literal

from lettermill.ingest.kafka import Kafka


@dataclass(frozen=True)
class Source:
    """One landing folder, or the topics of `kafka`. `columns` are those a CSV header or a Parquet file must name.

    `kind` says which raw table takes the rows: events happen once, records have versions.
    `holds` says which check takes them on: behaviour, people, products or demographics.
    """

    kind: Literal["events", "records"]
    holds: Literal["behaviour", "people", "products", "demographics"]
    path: str = ""
    format: Literal["jsonl", "json", "csv", "parquet"] = "jsonl"
    columns: tuple[str, ...] = ()
    owner: str = ""
    kafka: Kafka | None = None

    def __post_init__(self) -> None:
        if bool(self.path) == (self.kafka is not None):
            raise ValueError("give either path (a landing folder) or kafka (topics)")
        if self.format == "csv" and not self.columns:
            raise ValueError("a csv source must list its columns")
