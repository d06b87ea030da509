"""People are taken out of landing files; every other row stays where it was."""

import csv
import gzip
import io
import json
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.redacting import put
from lettermill.file_erasing import erase_files, erase_landing, redact_accounts
from lettermill.ingest.kafka import Kafka
from lettermill.ingest.sources import Source
from lettermill.keyed_hashes import hash_identifier
from lettermill.payload_places import out_of_reach
from lettermill.settings import load
from tests.delivery.contract import message, messages
from tests.delivery.files.test_manifests import handed_over

SOURCES = {
    "web": Source("events", "behaviour", "events/web"),
    "crm": Source("records", "people", "records/crm", format="csv", columns=("record_id", "note", "email")),
    "shop": Source("events", "behaviour", "events/shop", format="json"),
    "stream": Source("events", "behaviour", kafka=Kafka(bootstrap_servers="b:1", topics=("t",))),
}


def names(raw, source):
    return "email:ana@x.example" in load("local").row_reader(raw, source=source)


@pytest.fixture
def land(tmp_path):
    def write(name, content):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    return write


def test_a_line_of_theirs_is_blanked_in_place_packed_or_not(land, tmp_path):
    lines = '{"userId": "1"}\n{"email": "Ana@X.example"}\n\n{"email": "ben@x.example\u2028"}\n'.encode()
    plain, packed = (
        land("events/web/2017-01-01.jsonl", lines),
        land("events/web/2017-01-02.jsonl.gz", gzip.compress(lines)),
    )
    other = land("events/web/2017-01-03.jsonl", b'{"userId": "2"}')

    erased = [sum(erase_landing(tmp_path, SOURCES, names, write=put)) for _ in range(2)]

    left = '{"userId": "1"}\n\n\n{"email": "ben@x.example\u2028"}\n'.encode()
    assert erased == [2, 0]
    assert plain.read_bytes() == left == gzip.decompress(packed.read_bytes())
    assert other.read_bytes() == b'{"userId": "2"}'


def test_a_csv_row_goes_with_all_its_lines_and_the_others_keep_their_numbers(land, tmp_path):
    text = 'record_id,note,email\nr1,"two\nlines",ana@x.example\nr2,"also ""two""\nlines",ben@x.example\nr3,,Ana@x.example\n'
    file = land("records/crm/2017-01-01.csv", text.encode())

    erased = sum(erase_landing(tmp_path, SOURCES, names, write=put))

    reader = csv.reader(io.StringIO(file.read_text()))
    rows = [(reader.line_num, row) for row in reader if row]
    assert erased == 2
    assert rows == [(1, ["record_id", "note", "email"]), (5, ["r2", 'also "two"\nlines', "ben@x.example"])]


def test_an_object_of_a_document_is_emptied_in_its_place(land, tmp_path):
    several = land("events/shop/2017-01-01.json", b'[{"userId": "1"},\n {"email": "ana@x.example"}, {"userId": "2"}]')
    one = land("events/shop/2017-01-02.json", b'{"email":\n "ana@x.example"}')

    assert sum(erase_landing(tmp_path, SOURCES, names, write=put)) == 2
    assert several.read_bytes() == b'[{"userId":"1"},{},{"userId":"2"}]'
    assert one.read_bytes() == b"{}"


def test_a_row_of_a_parquet_file_is_taken_out(land, tmp_path):
    file = land("events/web/2017-01-01.parquet", b"")
    pq.write_table(pa.table({"userId": ["1", "2"], "email": ["ana@x.example", None]}), file)

    assert sum(erase_landing(tmp_path, SOURCES, names, write=put)) == 1
    assert pq.read_table(file).to_pydict() == {"userId": ["2"], "email": [None]}


def test_a_file_that_cannot_be_read_stays_as_it_is(land, tmp_path):
    cut = land("events/web/2017-01-01.jsonl.gz", gzip.compress(b"ana@x.example" * 9)[:-9])
    before = cut.read_bytes()

    assert sum(erase_landing(tmp_path, SOURCES, names, write=put)) == 0
    assert cut.read_bytes() == before


def test_people_are_taken_out_of_the_payload_files_of_every_account_in_its_layout(tmp_path):
    local = load("local")
    watched = {"kind": "files", "destination": str(tmp_path / "watched"), "layout": "sfmc", "home": ""}
    elsewhere = {"destination": "s3://bucket/out"}
    files = replace(local.files, folder=tmp_path / "ours")
    providers = {"sfmc_import": watched, "files": elsewhere, "mail": {"kind": "smtp"}}
    settings = replace(local, files=files, delivery=replace(local.delivery, providers=providers))
    drop = Account(str(tmp_path / "watched"), layout="sfmc", home="")
    for account in (settings.files.account(), drop):
        handed_over(account, messages(2))

    blanked = redact_accounts(settings, frozenset({message(1).message_id}))

    assert blanked == 3  # ours has two formats
    (left,) = (tmp_path / "watched").iterdir()
    assert message(0).address in left.read_text()
    assert message(1).address not in left.read_text()
    assert out_of_reach(settings) == ["s3://bucket/out"]


def test_a_rehearsal_counts_what_an_erasure_takes_out_of_every_kind_of_file_and_changes_nothing(land, tmp_path):
    local = load("local")
    settings = replace(
        local,
        landing=tmp_path / "landing",
        sources=SOURCES,
        files=replace(local.files, folder=tmp_path / "payloads"),
        erasure=replace(local.erasure, derived=(tmp_path / "preview",)),
        mlflow=replace(local.mlflow, artifacts=str(tmp_path / "mlflow")),
    )
    land("landing/events/web/2017-01-01.jsonl", b'{"email": "ana@x.example"}\n')
    land("preview/hers.html", b"to ana@x.example")
    land("mlflow/examples.json", json.dumps({"data": [["p-ana", 1], ["p-ben", 2]]}).encode())
    handed_over(settings.files.account(), messages(2))
    hers = SimpleNamespace(
        key=b"k",
        hashes=frozenset({hash_identifier("email:ana@x.example", key=b"k")}),
        message_ids=frozenset({message(1).message_id}),
        persons=("p-ana",),
        reads=settings.row_reader,
    )
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    rehearsed = erase_files(settings, hers, is_rehearsal=True)

    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert rehearsed == {"landing rows": 1, "payload rows": 2, "derived files": 1, "rows in MLflow artefacts": 1}
    assert erase_files(settings, hers) == rehearsed
    assert sorted(erase_files(settings, hers).values()) == [0, 0, 0, 0]
