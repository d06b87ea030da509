"""The mark of a finished run, by which the next one with the same order is skipped."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from demo.errors import DemoError
from demo.landing import replaced
from demo.wheel import wheel_version

MARK = "generated.json"
NO_PART_IN_THE_BYTES = ("run.py",)  # runs the pipeline over what is generated


@dataclass(frozen=True)
class Order:
    """All that the bytes of a landing depend on."""

    out: str
    households: int | None
    seed: int
    code: str
    wheel: str

    @staticmethod
    def of(out: Path, *, households: int | None, seed: int) -> "Order":
        folder = Path(__file__).parent
        sources = sorted(path for path in folder.glob("*.py") if path.name not in NO_PART_IN_THE_BYTES)
        code = sha256(b"".join(source.name.encode() + source.read_bytes() for source in sources)).hexdigest()
        return Order(str(out), households, seed, code, wheel_version())


def finished_counts(truth: Path, out: Path, order: Order) -> dict[str, Any] | None:
    """The counts of truth.json if a run of the same order ended and its files still have their sizes, else None."""
    try:
        mark = json.loads((truth / MARK).read_text())
        counts: dict[str, Any] = json.loads((truth / "truth.json").read_text())
        whole = all((out / name).stat().st_size == size for name, size in mark["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return counts if whole and mark.get("order") == asdict(order) else None


def unfinish(truth: Path) -> None:
    """Take the mark away, so that a run cut short is not taken for a finished one."""
    try:
        (truth / MARK).unlink(missing_ok=True)
    except OSError as error:
        mend = "choose another --out or make the folder writable"
        raise DemoError(f"Cannot remove {truth / MARK} ({error.strerror}): {mend}") from error


def finish(truth: Path, files: dict[str, int], order: Order) -> None:
    replaced(truth / MARK, f"{json.dumps({'order': asdict(order), 'files': files}, indent=1)}\n".encode())
