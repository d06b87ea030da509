"""What a batch of a stream is known by to Delta, which drops a write that repeats another."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from lettermill.tables import Table


@dataclass
class Batch:
    """One batch of a stream, or one run, by which Delta knows a repeated write and drops it. Appends carry `note`."""

    app_id: str
    number: int
    note: str | None = None
    writes: dict[str, int] = field(default_factory=dict)

    def next_write(self, table: Table) -> tuple[str, int]:
        """The transaction id of the next write to `table`: a second write of a batch must not look like a retry."""
        self.writes[table.name] = self.writes.get(table.name, 0) + 1
        return f"{self.app_id}:{self.writes[table.name]}", self.number


def checkpoint_id(checkpoint: Path) -> str:
    """The id Spark gave the checkpoint: a new checkpoint under an old id would make Delta drop rows in silence."""
    return str(json.loads((checkpoint / "metadata").read_text())["id"])
