"""Taking people out of payload files that were handed over: their rows keep place and id, and nothing else.

A row's line is what the outbox refers to, so no row moves; the manifest gets the hashes of the files as they are now.
"""

import json
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lettermill.delivery.payloads import GZIP, UNREADABLE, Format, Row, decoded, encoded, format_of
from lettermill.delivery.providers.files.layouts import LAYOUTS, LETTERMILL, Layout
from lettermill.delivery.providers.files.manifests import written
from lettermill.delivery.providers.files.naming import Wave
from lettermill.delivery.providers.files.stores.store import sha256_of

Write = Callable[[Path, bytes | None], None]


def put(file: Path, content: bytes | None) -> None:
    """Replace a file as a whole; remove it where it has no content."""
    if content is None:
        file.unlink(missing_ok=True)
        return
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(part, file)


def look(file: Path, content: bytes | None) -> None:
    """What a rehearsal writes in place of a file: nothing."""


def redact_payloads(
    folder: Path,
    message_ids: frozenset[str],
    *,
    layout: Layout = LETTERMILL,
    manifests: Path | None = None,
    write: Write = put,
) -> int:
    """Blank the rows of these messages in every payload file below `folder`; the number of rows blanked.

    A file that no manifest lists is read as `layout` has it; one that was never finished is removed, which a writer
    takes for a file that was not written. `manifests` is where manifests are that lie elsewhere. With `look` for
    `write` everything stays, and is counted.
    """
    redacting = _Redacting(message_ids, write)
    root = manifests or folder
    for manifest in sorted(root.rglob("manifest*.json")):
        content = json.loads(manifest.read_text(encoding="utf-8"))
        if redacting.listed(folder / _home(manifest, content).relative_to(root), content):
            write(manifest, written(content))
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        form = format_of(file.name)
        if file.name.endswith((".part", ".tmp")):
            write(file, None)
        elif form and file not in redacting.seen and _is_readable(file, form):
            redacting.rows(file, form, layout)
    return redacting.blanked


def _is_readable(file: Path, form: Format) -> bool:
    """Whether a file that nobody lists is a payload file at all."""
    content = file.read_bytes()
    try:
        deque(decoded(content, form), maxlen=0)
    except UNREADABLE:
        return False
    return True


def _home(manifest: Path, content: dict[str, Any]) -> Path:
    """The folder of the files that a manifest lists, as if they lay below the same root."""
    if "folder" not in content:
        return manifest.parent
    slot = Wave.of(content["wave"]).home()
    return manifest.parents[len(slot.split("/"))] / content["folder"]


@dataclass
class _Redacting:
    message_ids: frozenset[str]
    write: Write
    blanked: int = 0
    seen: set[Path] = field(default_factory=set)

    def listed(self, home: Path, manifest: dict[str, Any]) -> bool:
        """Blank rows in the files of a manifest and put their new hashes into it; whether anything changed."""
        before = self.blanked
        named = dict(zip(manifest.get("fields", ()), manifest["columns"], strict=False))
        layout = LAYOUTS[manifest.get("layout", LETTERMILL.name)].with_columns(named)
        for entry in manifest["files"]:
            file = home / entry["name"]
            if file.is_file() and self.rows(file, entry["format"], layout):
                content = file.read_bytes()
                entry |= {"bytes": len(content), "sha256": sha256_of(content)}
        return self.blanked > before

    def rows(self, file: Path, form: Format, layout: Layout) -> int:
        """Blank rows of one file; how many."""
        self.seen.add(file)
        content = file.read_bytes()
        count = sum(self._is_theirs(row, layout) for row in decoded(content, form))
        if count:
            rows = self._without(decoded(content, form), layout)
            is_packed = content.startswith(GZIP)
            blank = encoded(rows, form, columns=layout.headers, is_packed=is_packed, is_inert=layout.is_inert)
            self.write(file, blank)
        self.blanked += count
        return count

    def _is_theirs(self, row: Row, layout: Layout) -> bool:
        return layout.message_id(row) in self.message_ids and not layout.is_blank(row)

    def _without(self, rows: Iterator[Row], layout: Layout) -> Iterator[Row]:
        for row in rows:
            yield layout.blanked(row) if self._is_theirs(row, layout) else row
