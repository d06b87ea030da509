"""Running a job's bare function on a lake of the test's own."""

import argparse
import runpy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lettermill.gateway_settings import GatewayFiles
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.settings import load
from lettermill.settings_sections import ErasureSettings, FilesSettings, LakeSettings

AS_OF = datetime(2018, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _with_keys(keys: None) -> None:
    """Jobs look secrets up."""


@pytest.fixture
def run_job(lake: Lake, tmp_path: Path, keys: None) -> Callable[..., Run]:
    """Run `jobs/<name>.py` with arguments, for a moment; returns what it counted and noted."""
    packaged = load("local")
    database = f"sqlite:///{tmp_path}/mlflow.db"
    usual = replace(
        packaged,
        landing=tmp_path / "landing",
        lake=LakeSettings(root=tmp_path / "lake", checkpoints=tmp_path / "checkpoints"),
        erasure=ErasureSettings(tmp_path / "certificates", retention_hours=0, derived=(tmp_path / "preview",)),
        files=FilesSettings(folder=tmp_path / "payloads"),
        gateway=replace(packaged.gateway, files=GatewayFiles(spool=tmp_path / "spool")),
        mlflow=replace(
            packaged.mlflow, tracking_uri=database, registry_uri=database, artifacts=str(tmp_path / "mlflow")
        ),
    )

    def run(
        name: str,
        *,
        as_of: datetime = AS_OF,
        settings: dict[str, Any] = {},  # noqa: B006
        now: Callable[[], datetime] = partial(datetime.now, UTC),  # noqa: B008
        **arguments: str,
    ) -> Run:
        job = runpy.run_path(f"jobs/{name}.py")["main"]
        given = [text for flag, value in arguments.items() for text in (f"--{flag.replace('_', '-')}", value)]
        parsed: argparse.Namespace = job.parser().parse_args([*given, "--as-of", as_of.isoformat()])
        started = Run(
            lake,
            replace(usual, **settings),
            as_of,
            "local",
            datetime(2018, 1, 2, 6, tzinfo=UTC),
            arguments=parsed,
            now=now,
        )
        job.work(started)
        return started

    return run


@pytest.fixture
def versions(lake: Lake) -> Callable[..., dict[str, int]]:
    """The number of commits to each of some tables: what a rerun must not change."""
    return lambda *tables: {table.name: lake.version(table) for table in tables}
