"""Commands over campaigns and a library of a test's own."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lettermill.cli.main import app


@pytest.fixture
def run_over(tmp_path):
    """Write files below a folder of campaigns, and a conf that leads to it; returns a function that runs a command."""
    folder, conf = tmp_path / "campaigns", tmp_path / "conf"
    conf.mkdir()
    base = Path("src/lettermill/conf/base.yml").read_text()
    (conf / "base.yml").write_text(re.sub(r"(?m)^  folder: campaigns$", f"  folder: {folder}", base))
    for name in ("local.yml", "sources.yml"):
        (conf / name).write_text(Path("src/lettermill/conf", name).read_text())

    def run(*arguments, files):
        for file, content in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content)
        ran = CliRunner().invoke(app, [*arguments, "--conf", str(conf)])
        return ran.exit_code, ran.stdout.replace(str(folder), "campaigns"), ran.exception

    return run
