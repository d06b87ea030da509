"""`lettermill campaign export` writes a campaign in a provider's language, or names what cannot be said and writes nothing."""

import json
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner

from lettermill.cli.main import app
from lettermill.errors import TemplateError

SUFFIXES = {"ampscript": "amp", "braze": "liquid", "hubl": "hubl", "handlebars": "hbs"}


@pytest.fixture
def conf(tmp_path):
    """Settings whose campaigns are a copy of the sample campaigns."""
    folder = copytree("src/lettermill/conf", tmp_path / "conf")
    copytree("campaigns", tmp_path / "campaigns")
    (folder / "local.yml").write_text(
        (folder / "local.yml").read_text() + f"\ncampaigns:\n  folder: {tmp_path / 'campaigns'}\n"
    )
    return folder


def export(conf, out, *, to):
    arguments = ["campaign", "export", "weekly_picks", "--to", to, "--out", str(out), "--conf", str(conf)]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("to", SUFFIXES)
def test_each_part_is_a_file_beside_the_attributes_that_it_needs(conf, tmp_path, to):
    done = export(conf, tmp_path / "out", to=to)

    assert done.exit_code == 0, done.output
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"{part}.{SUFFIXES[to]}" for part in ("subject", "preheader", "html", "text")} | {
        "attributes.json"
    }
    attributes = json.loads((tmp_path / "out" / "attributes.json").read_text())["attributes"]
    assert "given name" in [one.get("meaning") for one in attributes]


def test_what_cannot_be_said_is_named_with_its_line_and_nothing_is_written(conf, tmp_path):
    subject = tmp_path / "campaigns" / "weekly_picks" / "subject.j2"
    subject.write_text("Hello\n{% for pick in picks %}{% if loop.changed(pick.name) %}x{% endif %}{% endfor %}")

    done = export(conf, tmp_path / "out", to="braze")

    assert isinstance(done.exception, TemplateError)
    assert "cannot be exported to" in str(done.exception)
    assert "subject:2" in str(done.exception)
    assert not Path(tmp_path / "out").exists()
