"""Running a job's bare function on a lake of the test's own."""

import argparse
import runpy
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import render_campaign

from lettermill.gateway_settings import GatewayFiles
from lettermill.job import Run
from lettermill.lake import Folder, Lake
from lettermill.settings import load
from lettermill.settings_sections import ErasureSettings, FilesSettings, LakeSettings
from tests.delivery.fakes.braze import CAMPAIGN as BRAZE_CAMPAIGN
from tests.delivery.fakes.braze import KEY, BrazeFake
from tests.jobs.spring_campaign import plan, run_of, settings_in
from tests.jobs.spring_sends import FILES_BY_BRAZE

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


@pytest.fixture
def braze(monkeypatch):
    monkeypatch.setenv("LETTERMILL_SECRET_BRAZE_KEY", KEY)
    fake = BrazeFake()
    with fake.serving() as url:
        fake.url = url
        yield fake


@pytest.fixture
def settings(lake, given, braze, tmp_path, tmp_path_factory, keys):
    """Settings for a lake with five planned messages and a passed pre-flight that holds two back; planned once."""
    planned = tmp_path_factory.getbasetemp() / "planned-lake"
    account = {"base_url": braze.url, "key": "secret://braze/key", "campaign_id": BRAZE_CAMPAIGN}
    if not planned.exists():
        settings = settings_in(tmp_path / "first", files=FILES_BY_BRAZE)
        standing = replace(lake, place=Folder(planned))
        plan(standing, settings, given, names=["Ana", "Ben", None, "Eve", "Maximiliana Josepha"])
        render_campaign.main.work(run_of(standing, settings))
    shutil.copytree(planned, lake.place.root)
    return settings_in(tmp_path, files=FILES_BY_BRAZE, providers={"braze": account})
