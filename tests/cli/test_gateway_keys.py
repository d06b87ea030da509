"""`lettermill gateway key`: a key is shown once, and kept so that nobody can read it."""

import json

import pytest
from typer.testing import CliRunner

from lettermill.cli.gateway import gateway
from lettermill.errors import ConfigError
from lettermill.services.gateway.keyring import Keyring
from lettermill.settings import PACKAGED, read_yaml


@pytest.fixture
def conf(tmp_path):
    """A folder of conf whose keys are the test's own."""
    own = read_yaml(PACKAGED / "local.yml")
    own["gateway"] = own["gateway"] | {"keys": str(tmp_path / "keys.json")}
    (tmp_path / "base.yml").write_text((PACKAGED / "base.yml").read_text())
    (tmp_path / "local.yml").write_text(json.dumps(own))
    return tmp_path


@pytest.fixture
def key(conf):
    """Call `lettermill gateway key ...`."""
    return lambda *words, **more: CliRunner().invoke(gateway, ["key", *words, "--conf", str(conf)], **more)


def test_a_key_is_made_shown_once_listed_and_revoked(key, conf):
    shown = key("new", "web-shop", "--source", "web").stdout.strip()
    ring = Keyring(conf / "keys.json")

    assert (ring.find(shown).name, ring.find(shown).source, ring.find(shown).right) == ("web-shop", "web", "write")
    listed = key("list").stdout
    assert "web-shop" in listed
    assert shown not in listed
    assert shown not in (conf / "keys.json").read_text()
    assert key("revoke", "web-shop").exit_code == 0
    assert ring.find(shown) is None


def test_a_key_that_apps_hold_already_may_be_brought_and_is_not_printed(key, conf):
    brought = "a key of thirty-two characters .."

    result = key("new", "apps", "--bring", "--right", "read", input=f"{brought}\n")

    assert Keyring(conf / "keys.json").find(brought).right == "read"
    assert brought not in result.stdout


def test_a_source_that_is_not_declared_for_events_is_named_with_those_that_are(key):
    result = key("new", "x", "--source", "crm")

    assert isinstance(result.exception, ConfigError)
    assert "one of: cloudevents, email, gateway, orders, statements, web" in str(result.exception)
