"""stand-in"""
from dataclasses import dataclass
from pathlib import Path
from collections.abc import Mapping
@dataclass(frozen=True)
class FolderWatch:
    seen: Mapping[str, int]
    def is_current(self) -> bool:
        return not any((Path(f) / f"{v+1:020d}.json").exists() for f, v in self.seen.items())
