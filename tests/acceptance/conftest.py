"""Real processes in folders of their own: the pipeline as a user starts it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from demo.generate import write_landing
from lettermill.lake import Folder, Lake
from lettermill.settings import load

ROOT = Path(__file__).parents[2]
AS_OF = "2018-01-02T00:00:00+00:00"
SECRETS = {f"LETTERMILL_SECRET_LETTERMILL_{key}": "a key of the tests" for key in ("UNSUBSCRIBE", "ADDRESS")}
PIPELINE = [sys.executable, "jobs/run_pipeline.py", "--as-of", AS_OF]


@pytest.fixture(scope="session")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The landing files of 60 households."""
    folder = tmp_path_factory.mktemp("demo") / "landing"
    write_landing(folder, households=60, seed=7, say=lambda _: None)
    return folder


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory, landing: Path) -> Callable[[str], Path]:
    """A folder to start jobs in, as a fresh clone has it, with the landing files in place."""

    def prepared(name: str) -> Path:
        home = tmp_path_factory.mktemp(name)
        (home / "var" / "demo").mkdir(parents=True)
        for linked in ("jobs", "campaigns", "demo", ".jars"):
            (home / linked).symlink_to(ROOT / linked)
        (home / "var" / "demo" / "landing").symlink_to(landing)
        return home

    return prepared


def start(command: list[str], home: Path) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, so that its JVM and workers can be killed with it."""
    return subprocess.Popen(
        command,
        cwd=home,
        env=os.environ | SECRETS | {"PYTHONPATH": f"{ROOT}/src:{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(command: list[str], home: Path) -> str:
    """Run a command to its end; its output where it succeeded, else the test fails with it."""
    running = start(command, home)
    output, _ = running.communicate()
    assert running.returncode == 0, output[-4000:]
    return output


def kill(running: subprocess.Popen[str]) -> None:
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def lake_of(home: Path, spark: object) -> Lake:
    where = replace(load("local").lake, root=home / "var" / "lake", checkpoints=home / "var" / "checkpoints")
    assert where.root is not None
    return Lake(spark, Folder(where.root), where.checkpoints)  # type: ignore[arg-type]
