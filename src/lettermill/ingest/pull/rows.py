"""Records of a page as rows, and how far a query's pages have led."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from lettermill.errors import InputError
from lettermill.ingest.portions import Position, PulledRow
from lettermill.ingest.pull.declaration import Pull
from lettermill.ingest.pull.pages import Page
from lettermill.ingest.pull.paths import EPOCH, instant, microseconds, value_at, written


def rows_of(page: Page, *, source: str, declared: Pull) -> list[PulledRow]:
    """A page's records as rows. Raises InputError for a record without id, or without its instant of change."""
    path = httpx2.URL(declared.url).path
    rows = []
    for place, record in enumerate(page.records):
        key = value_at(record, declared.key)
        if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
            raise misshapen(source, declared, f"record {place} of a page has no id at {declared.key}")
        changed = instant(value_at(record, declared.incremental.changed)) if declared.incremental else None
        if declared.incremental and changed is None:
            at = declared.incremental.changed
            raise misshapen(source, declared, f"record {place} of a page has no instant with a zone at {at}")
        rows.append(
            PulledRow(f"{path}/{key}", microseconds(changed) if changed else None, _bytes(record), page.answer.at)
        )
    return rows


@dataclass
class Window:
    """One query's pages: all there is (`is_whole`), or as many as the interface lets through."""

    source: str
    declared: Pull
    reached: datetime
    is_whole: bool = False

    def read(self, pages: Iterator[Page], position: Position | None) -> Iterator[tuple[list[PulledRow], Position]]:
        """Each page's rows with the position they lead to; where rows are not ordered, that of the start."""
        incremental, paging = self.declared.incremental, self.declared.paging
        assert incremental is not None
        taken, newest = 0, 0
        for page in pages:
            rows = rows_of(page, source=self.source, declared=self.declared)
            for row in rows:
                assert row.position is not None
                # What the overlap asks for again may come out of order without being lost.
                if incremental.ordered and row.position < newest - incremental.overlap_seconds * 1_000_000:
                    how = f"records do not come in the order of {incremental.changed}"
                    raise misshapen(self.source, self.declared, how)
                newest = max(newest, row.position)
            # A change in the future would move the cursor past what is still to come.
            self.reached = max(self.reached, min(EPOCH + timedelta(microseconds=newest), page.answer.at))
            taken += len(rows)
            yield rows, {"since": written(self.reached, "iso")} if incremental.ordered else position or {}
            if paging.window and not page.is_last and taken + max(len(rows), paging.size) > paging.window:
                return
        self.is_whole = True


def misshapen(source: str, declared: Pull, how: str) -> InputError:
    """The error for records of another shape than declared."""
    return InputError(
        f"source {source}: {how}",
        place=httpx2.URL(declared.url).path,
        mend="the interface may have changed: ask for these fields, or correct key and incremental of the source",
    )


def _bytes(record: dict[str, Any]) -> bytes:
    """The record as compact JSON; half a surrogate pair, which UTF-8 cannot hold, stays escaped."""
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":")).encode()
