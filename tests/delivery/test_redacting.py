"""People are taken out of payload files without moving anybody else's row."""

import json
from hashlib import sha256

from lettermill.delivery.payloads import payload_rows
from lettermill.delivery.provider import Message
from lettermill.delivery.providers.files import Files
from lettermill.delivery.redacting import redact_payloads


def message(n):
    return Message(
        message_id=f"m{n}", person_id=f"p{n}", address=f"ana{n}@x.example", campaign="spring", occurrence="2018-01-02",
        locale="en_US", subject=f"Ana {n}", preheader="", html=f"=<p>{n}", text="text", unsubscribe_url="https://s.example/u",
        template_version="t",
    )  # fmt: skip


def test_a_row_keeps_its_place_and_ids_and_the_manifest_fits_the_files_again(tmp_path):
    files = Files(folder=tmp_path, campaign="spring", occurrence="2018-01-02", max_rows=2)
    outcomes = list(files.send(message(n) for n in range(3)))
    before = {file.name: file.read_bytes() for file in files.home.iterdir()}

    blanked = redact_payloads(tmp_path, frozenset({"m1", "elsewhere"}))
    again = redact_payloads(tmp_path, frozenset({"m1", "elsewhere"}))

    assert (blanked, again) == (2, 0)  # a row of each format, once
    assert list(files.recover()) == outcomes  # which compares each file with the manifest
    changed = {file.name for file in files.home.iterdir() if file.read_bytes() != before[file.name]}
    assert changed == {"spring-2018-01-02-00001.jsonl.gz", "spring-2018-01-02-00001.csv.gz", "manifest.json"}
    for format_ in ("jsonl", "csv"):
        rows = list(payload_rows(files.home / f"spring-2018-01-02-00001.{format_}.gz", format_))
        assert rows[0]["address"] == "ana0@x.example"
        assert {name: value for name, value in rows[1].items() if value} == {
            "message_id": "m1", "campaign": "spring", "occurrence": "2018-01-02", "template_version": "t", "mode": "live",
        }  # fmt: skip
    entries = json.loads(files.manifest.read_text())["files"]
    assert [one["sha256"] for one in entries] == [
        sha256((files.home / one["name"]).read_bytes()).hexdigest() for one in entries
    ]
