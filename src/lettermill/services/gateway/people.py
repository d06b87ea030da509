"""Reading one person out of the published snapshot: Parquet files that `jobs/publish_people.py` writes anew."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

PersonReader = Callable[[str, str], Mapping[str, Any] | None]
"""(kind of identifier, identifier) -> the person's attributes by their column in profiles.people, or None."""
POINTER = "current.json"
KIND, IDENTIFIER = "identifier_kind", "identifier"


@dataclass
class Snapshot:
    """The newest snapshot below `folder`: one row per identifier, with what is known of its person."""

    folder: Path
    _files: ds.Dataset | None = None
    _name: str = field(default="")

    def __call__(self, kind: str, identifier: str) -> Mapping[str, Any] | None:
        """The person who has the identifier; None where nobody has it, or nothing has been published."""
        try:
            return self._found(kind, identifier)
        except FileNotFoundError:  # a newer snapshot took this one's place while it was read
            self._name = ""
            return self._found(kind, identifier)

    def _found(self, kind: str, identifier: str) -> Mapping[str, Any] | None:
        files = self._current()
        if files is None:
            return None
        rows = files.to_table(filter=(ds.field(KIND) == kind) & (ds.field(IDENTIFIER) == identifier)).to_pylist()
        return rows[0] if rows else None

    def _current(self) -> ds.Dataset | None:
        name = announced(self.folder)
        if name is None:
            return None
        if name != self._name:
            self._files, self._name = ds.dataset(self.folder / name, format="parquet"), name
        return self._files


def announced(folder: Path) -> str | None:
    """The name of the snapshot that answers now, if there is one."""
    try:
        name = json.loads((folder / POINTER).read_text(encoding="utf-8"))["snapshot"]
    except FileNotFoundError:
        return None
    return str(name)


def announce(folder: Path, name: str) -> None:
    """Let `folder/name` answer from now on, in one step; older snapshots go, so that nobody stays in a copy."""
    part = folder / f".{POINTER}.part"
    part.write_text(json.dumps({"snapshot": name}), encoding="utf-8")
    os.replace(part, folder / POINTER)
    for other in folder.iterdir():
        if other.is_dir() and other.name != name:
            shutil.rmtree(other)
