"""Processes of jobs with all that they start, and waiting for what they do."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def until(holds: Callable[[], Any], *, what: str, seconds: float = 900.0) -> None:
    """Wait for a condition. Raises TimeoutError with what it was."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.01)


class Journey:
    """A process of a job, and all that it started."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        with log.open("ab") as output:
            self.running = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}:{ROOT / 'jobs'}"},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.log = log

    def family(self) -> list[int]:
        """The processes that are still there: those of its session, which workers of Spark stay in."""
        return [pid for pid, session_, state in _processes() if session_ == self.running.pid and state not in "ZX"]

    def signal(self, number: int) -> None:
        """Send every process of it a signal."""
        for pid in self.family():
            _kill(pid, number)

    def ended(self) -> int:
        """Wait for its end and that of all it started; its exit code."""
        code = self.running.wait(1_800)
        until(lambda: not self.family(), what="workers outlive their driver")
        return code


def _processes() -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it is gone by now
                continue
            yield int(entry.name), int(fields[3]), fields[0]


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it is gone by now
