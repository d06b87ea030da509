"""Manifests: made of the files as they are, once for each wave, and there at once."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from lettermill.delivery.provider import Call
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.mails import FileProvider
from lettermill.delivery.providers.files.manifests import entries_of, write_manifest
from lettermill.errors import DeliveryError
from tests.delivery.contract import message, messages

AT = datetime(2018, 1, 1, tzinfo=UTC)
WAVE = "spring.2018-01-01.00001"


def handed_over(account, those, *, wave=WAVE, batch=1):
    """References of messages that were handed over in one call."""
    files = FileProvider(account, "files")
    answer = files.connect().send([files.pack(one, at=AT) for one in those], call=Call(wave, batch, 1))
    return [outcome.reference for outcome in answer.outcomes]


def manifest(account, references, *, wave=WAVE, **stamps):
    entries = entries_of(account.store({}), references, account=account, wave=wave)
    return write_manifest(account.manifest_store({}), wave, entries, stamps, account=account)


@pytest.fixture
def account(tmp_path):
    return Account(str(tmp_path))


def test_a_manifest_lists_each_file_as_it_is_and_what_belongs_together(account, tmp_path):
    old = [message(2, template_version="v0")]
    references = handed_over(account, messages(2)) + handed_over(account, old, batch=2)

    name = manifest(account, [*references, None], engine="e1")

    assert name == "spring/2018-01-01/manifest.json"
    written = json.loads((tmp_path / name).read_text())
    files = written.pop("files")
    assert written == {
        "campaign": "spring",
        "occurrence": "2018-01-01",
        "wave": WAVE,
        "rows": 3,
        "template_versions": ["v0", "v1"],
        "layout": "lettermill",
        "columns": list(vars(message(0))),
        "fields": list(vars(message(0))),
        "folder": "spring/2018-01-01",
        "csv": "UTF-8, comma, every cell quoted, \\r\\n; a cell that begins with = + - @, tab or CR has an apostrophe before it",
        "engine": "e1",
    }
    contents = {path.name: path.read_bytes() for path in (tmp_path / "spring/2018-01-01").glob("*.gz")}
    assert [(one["name"], one["bytes"], one["sha256"]) for one in files] == [
        (name, len(content), sha256(content).hexdigest()) for name, content in sorted(contents.items())
    ]
    assert [(one["format"], one["rows"], one["template_versions"]) for one in files] == [
        ("csv", 2, ["v1"]), ("jsonl", 2, ["v1"]), ("csv", 1, ["v0"]), ("jsonl", 1, ["v0"]),
    ]  # fmt: skip


def test_a_manifest_is_written_once_and_the_same_again_changes_nothing(account, tmp_path):
    references = handed_over(account, messages(2))
    name = manifest(account, references, engine="e1")
    before = (tmp_path / name).stat().st_mtime_ns

    assert manifest(account, reversed(references), engine="e1") == name
    assert (tmp_path / name).stat().st_mtime_ns == before
    with pytest.raises(DeliveryError, match=r"manifest.json is there with other content"):
        manifest(account, references, engine="e2")


def test_a_later_wave_has_a_manifest_of_its_own_and_one_without_files_has_none(account):
    later = "spring.2018-01-01.00012"
    references = handed_over(account, messages(1), wave=later)

    assert manifest(account, references, wave=later) == "spring/2018-01-01/manifest-00012.json"
    assert manifest(account, [None]) is None


def test_a_file_that_was_taken_away_is_told_by_name(account, tmp_path):
    references = handed_over(account, messages(1))
    next(tmp_path.rglob("*.csv.gz")).unlink()

    with pytest.raises(DeliveryError, match=r"00001-001.csv.gz was handed over and is not there"):
        manifest(account, references)


def test_an_importer_that_takes_what_comes_finds_no_manifest_beside_its_files(tmp_path):
    account = Account(str(tmp_path / "watched"), layout="braze", home="", manifests=str(tmp_path / "manifests"))

    manifest(account, handed_over(account, messages(1)))

    assert [path.name for path in (tmp_path / "watched").iterdir()] == ["spring-2018-01-01-00001-00001-001.jsonl"]
    written = json.loads((tmp_path / "manifests/spring/2018-01-01/manifest.json").read_text())
    assert (written["folder"], written["columns"]) == ("", ["EXTERNAL_ID", "PAYLOAD"])
