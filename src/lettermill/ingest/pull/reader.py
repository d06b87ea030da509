"""Reading a pulled REST source from a cursor on: rows, and the cursor they lead to."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import httpx2

from lettermill.errors import InputError
from lettermill.ingest.portions import Portion, Position, PulledRow
from lettermill.ingest.pull.asking import Asker
from lettermill.ingest.pull.declaration import Pull
from lettermill.ingest.pull.pages import Pages
from lettermill.ingest.pull.paths import instant, written
from lettermill.ingest.pull.rows import Window, rows_of


@dataclass
class PullReader:
    """Portions of one source's records, with `{"since": instant}` as the position where the pull is incremental.

    A record's origin is the URL's path and the record's id. Its position is its instant of change in microseconds, so
    that one version is one key however often it is asked for; without such an instant the commit tells versions apart.
    """

    source: str
    declared: Pull
    asker: Asker
    notes: list[str] = field(default_factory=list)

    @property
    def repeats(self) -> Literal["never", "by key", "by content"]:
        return "by key" if self.declared.incremental else "by content"

    @property
    def counts(self) -> dict[str, int]:
        return {**self.asker.counts, "new_tokens": self.asker.credential.renewals}

    def portions(self, position: Position | None) -> Generator[Portion, None, None]:
        """Read what changed since the cursor. Raises InputError for answers of another shape than declared."""
        incremental = self.declared.incremental
        pages = Pages(self.source, self.declared, self.asker)
        if incremental is None:
            yield from self._gathered(
                (rows_of(page, source=self.source, declared=self.declared), {}) for page in pages.of("")
            )
            return
        start = reached = self._start(position)
        overlap = timedelta(seconds=incremental.overlap_seconds)
        asked = start - overlap
        while True:
            window = Window(self.source, self.declared, reached)
            yield from self._gathered(window.read(pages.of(written(asked, incremental.form)), position))
            if window.is_whole:
                break
            following = max(window.reached - overlap, asked)
            if written(following, incremental.form) == written(asked, incremental.form):
                following = window.reached
            if written(following, incremental.form) == written(asked, incremental.form):
                raise self._stuck(window.reached)
            asked, reached = following, window.reached
        if not incremental.ordered and window.reached > start:
            yield Portion((), {"since": written(window.reached, "iso")})

    def outlook(self, position: Position | None) -> str:
        """Asks for the first page and tells how much it holds."""
        incremental = self.declared.incremental
        since = ""
        if incremental:
            asked = self._start(position) - timedelta(seconds=incremental.overlap_seconds)
            since = written(asked, incremental.form)
        page = next(Pages(self.source, self.declared, self.asker).of(since))
        after = f" changed since {written(self._start(position), 'iso')}" if incremental else ""
        more = "" if page.is_last else ", and more pages"
        return f"{len(page.records)} records{after} on the first page{more}"

    def _start(self, position: Position | None) -> datetime:
        assert self.declared.incremental is not None
        start = instant((position or {}).get("since", self.declared.incremental.first))
        assert start is not None  # conf checks `first`, and positions are what we wrote
        return start

    def _gathered(self, pages: Iterator[tuple[list[PulledRow], Position]]) -> Iterator[Portion]:
        """Pages put together until a commit is worth its while; what was read before a failure is handed over first."""
        rows: list[PulledRow] = []
        reached: Position = {}
        try:
            for more, reached in pages:
                rows += more
                if len(rows) >= self.declared.rows_per_commit:
                    yield Portion(tuple(rows), reached)
                    rows = []
        except InputError:
            if rows:
                yield Portion(tuple(rows), reached)
            raise
        if rows:
            yield Portion(tuple(rows), reached)

    def _stuck(self, at: datetime) -> InputError:
        return InputError(
            f"source {self.source}: more than {self.declared.paging.window} records changed at {written(at, 'iso')}",
            place=httpx2.URL(self.declared.url).path,
            mend="one query lets no more through; load them once by an export into a landing folder, and set "
            "incremental.first behind that instant",
        )
