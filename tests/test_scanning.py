"""A scan sees every byte, packed or not."""

import gzip
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lettermill import scanning
from lettermill.identifiers import identifier
from lettermill.keyed_hashes import hash_identifier
from lettermill.scanning import Finder, contents, search

KEY = b"a key of the test"
CANARY = "canary.7731@birds.example"


@pytest.fixture
def places(tmp_path):
    """The same address in every form in which a file can hold it, and files without."""
    nested = pa.array([[{"a": CANARY, "b": None}], []], pa.list_(pa.struct([("a", pa.string()), ("b", pa.string())])))
    tables = {
        "plain.parquet": pa.table({"n": [1, 2], "email": [CANARY, None]}),
        "nested.parquet": pa.table({"rows": nested}),
        "binary.parquet": pa.table({"raw": [b'{"to": "' + CANARY.upper().encode() + b'"}']}),
        "map.parquet": pa.table({"m": pa.array([[("k", CANARY)]], pa.map_(pa.string(), pa.string()))}),
        "coded.parquet": pa.table({"c": pa.array([CANARY, CANARY]).dictionary_encode()}),
        "without.parquet": pa.table({"email": ["other@birds.example"]}),
    }
    for name, table in tables.items():
        pq.write_table(table, tmp_path / name, compression="zstd")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "0.json").write_text(f'{{"add": {{"stats": "{CANARY}"}}}}')
    (tmp_path / "zipped.jsonl.gz").write_bytes(gzip.compress(CANARY.encode()))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(random.Random(7).randbytes(4_000))[:-20])
    (tmp_path / "without.json").write_text("{}")
    (tmp_path / "empty").touch()
    return tmp_path


def test_an_address_is_found_in_every_form_by_its_keyed_hash_alone(places):
    finder = Finder(frozenset({hash_identifier(identifier("email", CANARY), key=KEY)}), key=KEY)

    scan = search([places, places / "log"], finder)

    found = {str(Path(hit).relative_to(places)) for hit in scan.hits}
    assert found == {
        "plain.parquet", "nested.parquet", "binary.parquet", "map.parquet", "coded.parquet", "log/0.json", "zipped.jsonl.gz",
    }  # fmt: skip
    assert scan.files == 11
    assert scan.bytes > sum(file.stat().st_size for file in places.rglob("*") if file.is_file())


def test_a_long_id_is_found_by_its_hash_and_a_plain_text_as_it_is(tmp_path):
    (tmp_path / "state").write_bytes(b"\0\1browser-000-77\0")
    by_hash = Finder(frozenset({hash_identifier("anonymous_id:browser-000-77", key=KEY)}), key=KEY)

    assert len(search([tmp_path], by_hash).hits) == 1
    assert len(search([tmp_path], Finder(frozenset(), key=KEY, texts=[b"000-77"])).hits) == 1
    assert search([tmp_path], Finder(frozenset(), key=KEY, texts=[b"000-78"])).hits == []


def test_what_lies_across_two_pieces_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "BYTES_AT_A_TIME", 2_000)
    (tmp_path / "long").write_bytes(b"x" * 1_990 + b" " + CANARY.encode() + b" " + b"y" * 3_000)

    assert any(CANARY.encode() in piece for piece in contents(tmp_path / "long"))
