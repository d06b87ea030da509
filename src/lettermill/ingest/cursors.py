"""How far each pulled source has been read: a note inside the commit that stores its rows, and a row that sums up.

Delta commits one table at a time, so a row in another table could be lost between the two commits. The note travels in
the commit itself (`userMetadata`); ingest.cursors only saves looking through the whole log.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from lettermill.ingest.portions import Position
from lettermill.tables.ingest import CURSORS


@dataclass(frozen=True)
class Cursor:
    """How far `source` has been read. `commits` counts the commits with its rows; `version` is the newest version of
    the raw table that has been looked through for its notes; `run` names who made the newest commit."""

    source: str
    position: Position | None = None
    commits: int = 0
    version: int = -1
    run: str = ""

    def note(self) -> str:
        """What the commit carries."""
        content = {"source": self.source, "commits": self.commits, "position": self.position, "run": self.run}
        return json.dumps({"lettermill.cursor": content}, sort_keys=True)

    def after(self, commits: Iterable[tuple[int, str | None]]) -> "Cursor":
        """The cursor moved on by what the notes of later commits say."""
        cursor = self
        for version, note in sorted(commits):
            content = _content(note)
            if content is not None and content["source"] == self.source and content["commits"] > cursor.commits:
                content = {name: content[name] for name in ("position", "commits", "run")}
                cursor = replace(cursor, **content)
            cursor = replace(cursor, version=version)
        return cursor


def stored_cursor(source: str, position: str, commits: int, version: int) -> Cursor:
    """The cursor that a row of ingest.cursors holds."""
    return Cursor(source, json.loads(position), commits, version)


def cursor_rows(spark: SparkSession, cursor: Cursor, *, moved_at: datetime) -> DataFrame:
    """The row for ingest.cursors."""
    position = json.dumps(cursor.position, sort_keys=True)
    row = (cursor.source, position, cursor.commits, cursor.version, moved_at)
    return spark.createDataFrame([row], CURSORS.ddl)


def _content(note: str | None) -> dict | None:  # type: ignore[type-arg]
    """What a note of ours says; others write notes too."""
    try:
        read = json.loads(note or "null")
    except ValueError:
        return None
    content = read.get("lettermill.cursor") if isinstance(read, dict) else None
    return content if isinstance(content, dict) else None
