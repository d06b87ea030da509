"""People are taken out of payload files without moving anybody else's row."""

import json
from hashlib import sha256

import pytest

from lettermill.delivery.payloads import decoded, format_of
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.redacting import look, redact_payloads
from tests.delivery.contract import message, messages
from tests.delivery.files.test_manifests import handed_over, manifest

THEIRS = message(1).message_id
STEM = "spring-2018-01-01-00001-0000"
LEFT = {
    "message_id": THEIRS,
    "campaign": "spring",
    "occurrence": "2024-05-01",
    "template_version": "v1",
    "mode": "live",
}
EACH = {
    "lettermill": {"formats": ("jsonl", "csv", "parquet")},
    "braze": {},
    "sfmc": {},
    "hubspot": {},
    "klaviyo": {"formats": ("jsonl",), "columns": {"address": "e", "html": "body", "message_id": "key"}},
}


def files_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def account(tmp_path):
    return Account(str(tmp_path / "payloads"), formats=("jsonl", "csv", "parquet"))


def test_a_row_keeps_its_place_and_ids_and_the_manifest_fits_the_files_again(account, tmp_path):
    those = [message(0), message(1, html="=<p>"), message(2)]
    references = handed_over(account, those[:2]) + handed_over(account, those[2:], batch=2)
    manifest(account, references, engine="e")
    before = files_in(tmp_path)

    blanked = redact_payloads(tmp_path / "payloads", frozenset({THEIRS, "elsewhere"}))
    again = redact_payloads(tmp_path / "payloads", frozenset({THEIRS, "elsewhere"}))

    after = files_in(tmp_path)
    assert (blanked, again) == (3, 0)  # a row of each format, once
    home = "payloads/spring/2018-01-01"
    assert {name for name in after if after[name] != before[name]} == {
        *(f"{home}/{STEM}1-001.{one}" for one in ("jsonl.gz", "csv.gz", "parquet")),
        f"{home}/manifest.json",
    }
    for name, content in after.items():
        if f"{STEM}1" in name:
            kept, blank = decoded(content, format_of(name))
            assert kept == vars(message(0))
            assert {field: value for field, value in blank.items() if value} == LEFT
    entries = json.loads(after[f"{home}/manifest.json"])["files"]
    assert [one["sha256"] for one in entries] == [sha256(after[f"{home}/{one['name']}"]).hexdigest() for one in entries]
    assert manifest(account, references, engine="e")  # the files as they are now are those of the manifest


@pytest.mark.parametrize("layout", EACH)
def test_nobody_who_was_taken_out_is_found_in_the_files_of_any_layout(layout, tmp_path):
    manifests = {"manifests": str(tmp_path / "manifests"), "home": ""} if layout == "braze" else {}
    account = Account(str(tmp_path / "payloads"), layout=layout, gzip=False, **manifests, **EACH[layout])
    manifest(account, handed_over(account, messages(2)))

    blanked = redact_payloads(
        tmp_path / "payloads", frozenset({THEIRS}), manifests=tmp_path / "manifests" if manifests else None
    )

    contents = [content for name, content in files_in(tmp_path).items() if not name.endswith("parquet")]
    theirs = (message(1).address, message(1).person_id, message(1).subject)
    assert blanked == len(account.forms)
    assert [value for content in contents for value in theirs if value.encode() in content] == []
    assert all(message(0).address.encode() in one or layout == "braze" for one in contents if b'"files"' not in one)
    assert any(THEIRS.encode() in one for one in contents)


def test_files_that_no_manifest_lists_are_looked_through_and_unfinished_ones_go(account, tmp_path):
    folder = tmp_path / "payloads"
    handed_over(account, messages(2))
    unfinished = folder / "spring/2018-01-01/a.csv.0123.part"
    unfinished.write_text(message(1).address)
    (folder / "note.csv").write_text("of,somebody\nelse,!\n")
    (folder / "broken.jsonl").write_bytes(b"\x1f\x8b no gzip")

    assert redact_payloads(folder, frozenset({THEIRS})) == 3
    assert not unfinished.exists()
    assert [name for name, content in files_in(folder).items() if message(1).address.encode() in content] == []
    assert (folder / "note.csv").read_text() == "of,somebody\nelse,!\n"


def test_a_rehearsal_counts_the_same_and_leaves_every_file_as_it_is(account, tmp_path):
    manifest(account, handed_over(account, messages(2)))
    (tmp_path / "payloads/spring/2018-01-01/a.csv.0123.part").write_text(message(1).address)
    before = files_in(tmp_path)

    rehearsed = redact_payloads(tmp_path / "payloads", frozenset({THEIRS}), write=look)

    assert files_in(tmp_path) == before
    assert rehearsed == redact_payloads(tmp_path / "payloads", frozenset({THEIRS})) == 3


def test_a_manifest_of_a_version_before_is_understood(account, tmp_path):
    manifest(account, handed_over(account, messages(2)))
    file = tmp_path / "payloads/spring/2018-01-01/manifest.json"
    older = {
        name: value
        for name, value in json.loads(file.read_text()).items()
        if name not in ("wave", "layout", "fields", "folder")
    }
    file.write_text(json.dumps(older))

    assert redact_payloads(tmp_path / "payloads", frozenset({THEIRS})) == 3
