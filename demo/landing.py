"""The folder that files land in: a file is touched only where its bytes differ, since a stream reads the folder."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.errors import DemoError

_OURS = re.compile(r"(\d{4}-\d{2}-\d{2}\.(jsonl|jsonl\.gz|csv|csv\.gz)|[a-z-]+\.(png|parquet))")


@dataclass
class LandingFolder:
    """Files put under `root` in this run: `sizes` in bytes and `rows` by relative path."""

    root: Path
    sizes: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    changed: int = 0

    def put(self, relative: str, content: bytes, *, rows: int = 1) -> None:
        self.sizes[relative] = len(content)
        self.rows[relative] = rows
        self.changed += replaced(self.root / relative, content)

    def remove_leftovers(self, groups: Sequence[str]) -> int:
        """Delete what an earlier run with other arguments left in our folders; foreign names stay."""
        present = [path for group in groups for path in sorted((self.root / group).glob("*")) if path.is_file()]
        ours = [path for path in present if _OURS.fullmatch(path.name)]
        stale = [path for path in ours if path.relative_to(self.root).as_posix() not in self.sizes]
        for path in stale:
            path.unlink()
        return len(stale)

    def of(self, group: str) -> dict[str, int]:
        """Files, rows and bytes of one group, for the truth."""
        names = [name for name in self.sizes if name.startswith(f"{group}/")]
        size = sum(self.sizes[name] for name in names)
        return {"files": len(names), "rows": sum(self.rows[name] for name in names), "bytes": size}


def replaced(path: Path, content: bytes) -> bool:
    """Write the file in one step if it is new or different; say whether it was."""
    try:
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")  # Spark's file source skips names with a leading dot
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        mend = "choose another --out or make the folder writable"
        raise DemoError(f"Cannot write {path} ({error.strerror}): {mend}") from error
    return True
