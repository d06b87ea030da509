"""What a source is: where its files land, what they hold and what must stand in each row."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Source:
    """One landing folder. `columns` are those a CSV header must name; JSON Lines need none.

    `kind` says which raw table takes the rows: events happen once, records have versions.
    `holds` says which check takes them on: behaviour, people, products or demographics.
    """

    kind: Literal["events", "records"]
    holds: Literal["behaviour", "people", "products", "demographics"]
    path: str
    format: Literal["jsonl", "csv"] = "jsonl"
    columns: tuple[str, ...] = ()
    owner: str = ""

    def __post_init__(self) -> None:
        if self.format == "csv" and not self.columns:
            raise ValueError("a csv source must list its columns")
