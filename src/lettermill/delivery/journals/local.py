"""Marks as files of a folder that all workers see: one machine, or a file system with hard links."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from lettermill.delivery.journals.keys import checked_key, checked_prefix


@dataclass(frozen=True)
class LocalJournal:
    """A Journal below `folder`; the key is the path. Names that begin with a dot are marks that were never finished."""

    folder: Path

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        """Write whole content under a hidden name, and link it: the link is what only one can make."""
        final = self.folder / checked_key(key)
        if final.exists():
            return False
        home = final.parent
        if not home.is_dir():
            _make_durable_folder(home)
        hidden = home / f".{uuid4().hex}"
        try:
            with hidden.open("xb") as opened:
                opened.write(orjson.dumps(content))
                opened.flush()
                os.fsync(opened.fileno())
            os.link(hidden, final)
        except FileExistsError:
            return False
        finally:
            hidden.unlink(missing_ok=True)
        _flush(home)
        return True

    def read(self, key: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = orjson.loads((self.folder / checked_key(key)).read_bytes())
        except FileNotFoundError:
            return None
        return content

    def keys(self, prefix: str) -> Sequence[str]:
        home, _, beginning = checked_prefix(prefix).rpartition("/")
        within = f"{home}/" if home else ""
        return sorted(_keys(self.folder / home, within=within, beginning=beginning))

    def remove(self, prefix: str) -> int:
        """Remove the mark of this key, or the marks below it; folders that are left empty go with them."""
        path = self.folder / checked_key(prefix.rstrip("/"))
        if path.is_file():
            path.unlink(missing_ok=True)
            return 1
        removed = 0
        for folder, _, names in os.walk(path, topdown=False):
            for name in names:
                Path(folder, name).unlink(missing_ok=True)
            removed += sum(not name.startswith(".") for name in names)
            Path(folder).rmdir()
        return removed


def _keys(folder: Path, *, within: str, beginning: str = "") -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.name.startswith(beginning):
            continue
        if entry.is_dir():
            yield from _keys(folder / entry.name, within=f"{within}{entry.name}/")
        else:
            yield within + entry.name


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
