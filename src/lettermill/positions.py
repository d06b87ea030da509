"""How far the streams that follow a Delta table have come, read from their checkpoints."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Position:
    """The oldest version of a table that a stream may still read, by the name of its checkpoint.

    `of_snapshot`: it reads the table as it stood then, not only what was added after.
    """

    version: int
    stream: str
    of_snapshot: bool = False


def positions(checkpoints: Path, *, table_id: str) -> list[Position]:
    """The position of every checkpoint below the folder that follows the Delta table with the id, slowest first.

    A batch that was begun but not committed is read again, so what counts is where the last committed batch ended.
    The layout is Spark's (`offsets/N` with a line per source, `commits/N`) and the line Delta's own.
    """
    found = []
    for metadata in checkpoints.rglob("metadata"):
        folder = metadata.parent
        if (folder / "offsets").is_dir():
            name = folder.relative_to(checkpoints).as_posix()
            found += [Position(version, name, whole) for version, whole in _versions(folder, table_id)]
    return sorted(found)


def _versions(folder: Path, table_id: str) -> Iterator[tuple[int, bool]]:
    committed = _numbers(folder / "commits")
    begun = _numbers(folder / "offsets")
    if not begun:
        return
    first = not committed
    batch = min(begun) if first else max(committed)
    lines = (folder / "offsets" / str(batch)).read_text().splitlines()[2:]  # after the version and the batch's metadata
    for line in lines:
        offset = json.loads(line) if line.startswith("{") else {}
        if offset.get("reservoirId") != table_id:
            continue
        # The first batch starts from the table as it stood one version before its end at the latest.
        version = int(offset["reservoirVersion"]) - (1 if first else 0)
        yield max(0, version), first or bool(offset["isStartingVersion"])


def _numbers(folder: Path) -> list[int]:
    return [int(file.name) for file in folder.iterdir() if file.name.isdigit()] if folder.is_dir() else []
