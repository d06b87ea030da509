"""What a source is: where its files land, what they hold and what must stand in each row."""

from dataclasses import dataclass
from typing import Literal

from lettermill.ingest.kinesis.declaration import Kinesis
from lettermill.ingest.pubsub.declaration import PubSub
from lettermill.ingest.pull.declaration import Pull

WAYS = ("path", "pull", "kinesis", "pubsub")
"""The ways to read a source, of which each has one."""


@dataclass(frozen=True)
class Source:
    """One landing folder (`path`), or a source that is pulled.

    `columns` are those a CSV header must name; JSON Lines need none.
    `kind` says which raw table takes the rows: events happen once, records have versions.
    `holds` says which check takes them on: behaviour, people, products or demographics.
    """

    kind: Literal["events", "records"]
    holds: Literal["behaviour", "people", "products", "demographics"]
    path: str = ""
    format: Literal["jsonl", "csv"] = "jsonl"
    columns: tuple[str, ...] = ()
    owner: str = ""
    enabled: bool = True
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
