"""The fence's watch: what a worker looks at before each call, to learn of an opt-out since its messages were fenced.

It reads the log of Delta tables in a folder, which is a file per commit, and nothing of Spark.
"""

from dataclasses import dataclass
from pathlib import Path

from lettermill.errors import DeliveryError

LOG = "_delta_log"


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


@dataclass(frozen=True)
class FolderWatch:
    """Whether the tables by which people are fenced (consents, suppressions, erasures) are as the fence has read them.

    Small, and sent to the workers. Whom a commit is about is not asked: any newer one sends a batch back to the fence.
    """

    tables: tuple[Watched, ...]

    def is_current(self) -> bool:
        """Whether nothing was committed since. Raises DeliveryError where a log cannot be reached from here."""
        return not any(_newest(table) > table.version for table in self.tables)


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
