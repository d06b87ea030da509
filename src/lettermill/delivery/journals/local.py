"""Marks as files of a folder that all workers see: one machine, or a file system with hard links.

Waiting for the disk is what a mark costs, so marks that threads write at the same moment wait for it together: they
stand in one file, a line each, which each of their names is a link to.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import orjson

from lettermill.delivery.journals.keys import checked_key, checked_prefix

FOLDERS = 2
"""Parts of a key that are folders. The rest is the file's name, so that a wave's marks wait for one folder."""
WITHIN = ","
"""Stands for the other slashes of a key, which has no comma itself."""


@dataclass(frozen=True)
class LocalJournal:
    """A Journal below `folder`. Names that begin with a dot are marks that were never finished."""

    folder: Path

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        """Write whole content under a hidden name, and link it: the link is what only one can make."""
        final = self.folder / _path(checked_key(key))
        if final.exists():
            return False
        return _round_of(final.parent).create(final.name, orjson.dumps(content))

    def read(self, key: str) -> dict[str, Any] | None:
        final = self.folder / _path(checked_key(key))
        try:
            lines = final.read_bytes()
        except FileNotFoundError:
            return None
        begins = _beginning(final.name)
        start = lines.index(begins) + len(begins)
        content: dict[str, Any] = orjson.loads(memoryview(lines)[start : lines.index(b"\n", start)])
        return content

    def keys(self, prefix: str) -> Sequence[str]:
        folders = checked_prefix(prefix).split("/")[:-1][:FOLDERS]
        home = self.folder.joinpath(*folders)
        within = "".join(f"{one}/" for one in folders)
        return sorted(_keys(home, within=within, prefix=prefix))

    def remove(self, prefix: str) -> int:
        """Remove the mark of this key, or the marks below it; folders that are left empty go with them."""
        name = checked_key(prefix.rstrip("/"))
        removed = 0
        for key in self.keys(name):
            if key == name or key.startswith(f"{name}/"):
                (self.folder / _path(key)).unlink(missing_ok=True)
                removed += 1
        if name.count("/") < FOLDERS:
            _remove_empty(self.folder / name)
        return removed


def _path(key: str) -> Path:
    *folders, last = key.split("/", FOLDERS)
    return Path(*folders, last.replace("/", WITHIN))


def _keys(folder: Path, *, within: str, prefix: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        key = within + entry.name.replace(WITHIN, "/")
        if entry.name.startswith(".") or not (key.startswith(prefix) or prefix.startswith(f"{key}/")):
            continue
        if entry.is_dir():
            yield from _keys(folder / entry.name, within=f"{key}/", prefix=prefix)
        else:
            yield key


def _remove_empty(folder: Path) -> None:
    for home, _, names in os.walk(folder, topdown=False):
        for name in names:
            if name.startswith("."):
                Path(home, name).unlink(missing_ok=True)
        Path(home).rmdir()


def _beginning(name: str) -> bytes:
    """What the line of a mark begins with; JSON has no line break, so that nothing within a mark looks the same."""
    return f"\n{name} ".encode()


@dataclass
class _Mark:
    name: str
    content: bytes = field(repr=False)
    is_ours: bool | None = None
    error: BaseException | None = None


@dataclass
class _Round:
    """Marks of one folder: whoever comes while some are written waits, and is written with all that came meanwhile."""

    folder: Path
    waiting: list[_Mark] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    writing: Lock = field(default_factory=Lock)

    def create(self, name: str, content: bytes) -> bool:
        mark = _Mark(name, content)
        with self.lock:
            self.waiting.append(mark)
        with self.writing:
            if mark.is_ours is None and mark.error is None:
                self._write()
        if mark.error is not None:
            raise mark.error
        return bool(mark.is_ours)

    def _write(self) -> None:
        with self.lock:
            marks, self.waiting = self.waiting, []
        try:
            _write_durably(self.folder, marks)
        except BaseException as error:  # the others' threads have to hear of it too
            for mark in marks:
                mark.error = error


def _write_durably(folder: Path, marks: Sequence[_Mark]) -> None:
    """Write the marks, and tell each whether it came first. Of two of one name, the first is written."""
    if not folder.is_dir():
        _make_durable_folder(folder)
    first = {mark.name: mark for mark in reversed(marks)}
    hidden = folder / f".{uuid4().hex}"
    try:
        with hidden.open("xb") as opened:
            opened.write(b"".join(_beginning(name) + mark.content for name, mark in first.items()) + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        linked = {name for name in first if _is_linked(hidden, folder / name)}
    finally:
        hidden.unlink(missing_ok=True)
    if linked:
        _flush(folder)
    for mark in marks:
        mark.is_ours = mark.name in linked and mark is first[mark.name]


def _is_linked(hidden: Path, final: Path) -> bool:
    try:
        os.link(hidden, final)
    except FileExistsError:
        return False
    return True


_ROUNDS: dict[Path, _Round] = {}
"""Of this process, by folder."""


def _round_of(folder: Path) -> _Round:
    return _ROUNDS.setdefault(folder, _Round(folder))


def _make_durable_folder(folder: Path) -> None:
    """Make a folder and what leads to it, each noted on the disk in the one above."""
    if folder.exists():
        return
    _make_durable_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush(folder.parent)


def _flush(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
