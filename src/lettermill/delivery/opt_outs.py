"""The fence's watch: what a worker looks at before each call, to learn of an opt-out since its messages were fenced.

It reads the log of Delta tables in a folder, which is a file per commit, and nothing of Spark.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lettermill.errors import DeliveryError

LOG = "_delta_log"
NAMING = ("person_id", "address_key")
"""Columns that say whom a row of a watched table is about."""
SILENT = frozenset({"commitInfo", "txn", "cdc", "domainMetadata", "checkpointMetadata", "sidecar"})
"""Actions of a commit that change no row."""


@dataclass(frozen=True)
class Watched:
    """A table in a folder, and the version that the fence has read; -1 where it was not there yet."""

    path: str
    version: int

    @property
    def log(self) -> Path:
        return Path(self.path) / LOG

    def commit(self, version: int) -> Path:
        return self.log / f"{version:020d}.json"


class _Unclear(Exception):  # noqa: N818 (it says what a commit is)
    """A commit does not tell by itself whom it is about."""


@dataclass(frozen=True)
class FolderWatch:
    """Whether the tables by which people are fenced (consents, suppressions, erasures) are as the fence has read them.

    Small, and sent to the workers; each worker remembers whom the commits it has read are about.
    """

    tables: tuple[Watched, ...]
    _read: dict[Path, frozenset[str] | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_current(self) -> bool:
        """Whether nothing was committed since. Raises DeliveryError where a log cannot be reached from here."""
        return not any(_newest(table) > table.version for table in self.tables)

    def touches(self, person_ids: Collection[str], address_keys: Collection[str]) -> bool:
        """Whether anything that was committed since may be about one of these people or addresses.

        Everybody who is known at an address must agree to its mail, so hand them all in. Rows that were added are read;
        where a commit does more than add rows, or cannot be read whole, it may be about anybody.
        """
        asked = {*person_ids, *address_keys}
        for table in self.tables:
            for version in range(table.version + 1, _newest(table) + 1):
                named = self._named(table, version)
                if named is None or not named.isdisjoint(asked):
                    return True
        return False

    def _named(self, table: Watched, version: int) -> frozenset[str] | None:
        """Whom a commit is about; null for perhaps anybody. A commit never changes, so it is read once."""
        commit = table.commit(version)
        if commit not in self._read:
            try:
                self._read[commit] = frozenset(_people(commit, Path(table.path)))
            except (_Unclear, OSError, ValueError, KeyError, pa.ArrowException):
                self._read[commit] = None
        return self._read[commit]


def _newest(table: Watched) -> int:
    """The table's newest version: looks for commits after the known one, and lists the log only where that is gone."""
    if table.version >= 0 and not table.log.is_dir():
        raise DeliveryError(
            "the log of a table that says who may be mailed is out of reach",
            place=str(table.log),
            mend="run the tasks where the lake's folder is mounted",
        )
    newest = table.version
    if newest >= 0 and not table.commit(newest).exists():  # tidied up: there may be a gap before the next
        newest = max((int(file.stem) for file in table.log.glob("*.json") if file.stem.isdigit()), default=newest)
    while table.commit(newest + 1).exists():
        newest += 1
    return newest


def _people(commit: Path, table: Path) -> Iterator[str]:
    """Ids and keys in the rows that a commit adds. Raises _Unclear where it does anything else to rows."""
    for line in commit.read_bytes().splitlines():
        for name, action in orjson.loads(line).items():
            if name == "add" and action["dataChange"]:
                yield from _named_in(action, table)
            elif name not in SILENT and not (name in ("add", "remove") and action["dataChange"] is False):
                raise _Unclear(name)


def _named_in(action: Mapping[str, Any], table: Path) -> Iterator[str]:
    path = urlparse(action["path"])
    if path.scheme not in ("", "file"):
        raise _Unclear(path.scheme)
    with pq.ParquetFile(table / unquote(path.path)) as file:
        names = [name for name in NAMING if name in file.schema_arrow.names]
        rows = file.read(names)
    if not names:
        raise _Unclear("no column that names anybody")
    for name, column in zip(names, rows.columns, strict=True):
        values = column.to_pylist()
        if None in values:
            raise _Unclear(f"a row without {name}")
        yield from values
