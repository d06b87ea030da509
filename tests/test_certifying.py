"""A certificate tells what was searched, and what lies where nothing was erased nor searched."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from lettermill.certifying import certify, scanned_roots
from lettermill.gateway_settings import GatewayFiles
from lettermill.scanning import Scan
from lettermill.settings import load
from lettermill.settings_sections import ErasureSettings, FilesSettings, LakeSettings

BRAZE = {"kind": "files", "destination": "s3://bucket/out"}
SFMC = {"kind": "files", "destination": "sftp://we@host/import", "host_key": "ssh-ed25519 AAAA"}


@pytest.fixture
def settings(tmp_path):
    """Every folder in one place, payload files in S3 and on a server as well."""
    for name in ("spool", "landing", "lake", "checkpoints", "payloads"):
        (tmp_path / name).mkdir()
    local = load("local")
    return replace(
        local,
        landing=tmp_path / "landing",
        lake=LakeSettings(root=tmp_path / "lake", checkpoints=tmp_path / "checkpoints"),
        files=FilesSettings(folder=tmp_path / "payloads"),
        gateway=replace(local.gateway, files=GatewayFiles(spool=tmp_path / "spool")),
        erasure=ErasureSettings(tmp_path / "certificates"),
        mlflow=replace(local.mlflow, tracking_uri="databricks", artifacts=None),
        delivery=replace(local.delivery, providers={"braze": BRAZE, "sfmc": SFMC, "mail": {"kind": "smtp"}}),
    )


def test_the_gateways_spool_is_searched_before_the_landing_folder_that_its_files_move_to(settings, tmp_path):
    names = [str(root.relative_to(tmp_path)) for root in scanned_roots(settings)]

    assert names == ["spool", "landing", "lake", "checkpoints", "payloads"]


def test_a_certificate_names_the_payload_files_that_were_not_reached(settings):
    run = SimpleNamespace(settings=settings, started_at=datetime(2018, 1, 2, tzinfo=UTC), run_id="r1")

    file, _ = certify(run, [], touched={}, scan=Scan())

    stays = json.loads(file.read_text())["stays"]
    assert stays["payload files neither changed nor searched"] == ["s3://bucket/out", "sftp://we@host/import"]
