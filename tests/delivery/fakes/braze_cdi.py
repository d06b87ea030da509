"""A fake of the reader of Braze's Cloud Data Ingestion: what it takes of a table at each sync, and what it logs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

MOST_ATTRIBUTES, MOST_BYTES = 250, 1_000_000


@dataclass(frozen=True)
class TableRow:
    """One row of the table, by the names of its columns in lower case."""

    external_id: str
    updated_at: datetime
    payload: str


@dataclass
class CdiReader:
    """Takes rows after its mark; where more rows have the moment of the mark than before, all of that moment again."""

    mark: datetime | None = None
    at_mark: int = 0
    taken: list[TableRow] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    profiles: dict[str, dict[str, object]] = field(default_factory=dict)

    def sync(self, table: Sequence[TableRow]) -> None:
        if not table:
            return
        at_mark = sum(row.updated_at == self.mark for row in table)
        is_grown = at_mark > self.at_mark
        due = [
            row
            for row in table
            if self.mark is None or row.updated_at > self.mark or (is_grown and row.updated_at == self.mark)
        ]
        for row in sorted(due, key=lambda row: row.updated_at):
            self._take(row)
        self.mark = max(row.updated_at for row in table)
        self.at_mark = sum(row.updated_at == self.mark for row in table)

    def _take(self, row: TableRow) -> None:
        self.taken.append(row)
        attributes = json.loads(row.payload)
        if len(row.payload.encode()) > MOST_BYTES:
            self.log.append("Payload was greater than 1MB")
        elif len(attributes) > MOST_ATTRIBUTES or "external_id" in attributes:
            self.log.append(f"{row.external_id}: too many attributes, or an id among them")
        else:
            profile = self.profiles.setdefault(row.external_id, {}) | attributes
            self.profiles[row.external_id] = {name: value for name, value in profile.items() if value is not None}
