"""A scan sees every byte, packed or not."""

import gzip
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lettermill import scanning
from lettermill.identifiers import address_sha256, identifier
from lettermill.keyed_hashes import hash_identifier
from lettermill.scanning import Finder, contents, search
from lettermill.settings import load

KEY = b"a key of the test"
READS = load("local").row_reader
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
    finder = Finder(frozenset({hash_identifier(identifier("email", CANARY), key=KEY)}), key=KEY, reads=READS)

    scan = search([places, places / "log"], finder)

    found = {str(Path(hit).relative_to(places)) for hit in scan.hits}
    assert found == {
        "plain.parquet", "nested.parquet", "binary.parquet", "map.parquet", "coded.parquet", "log/0.json", "zipped.jsonl.gz",
    }  # fmt: skip
    assert scan.files == 11
    assert scan.bytes > sum(file.stat().st_size for file in places.rglob("*") if file.is_file())


def test_a_long_id_is_found_by_its_hash_and_a_plain_text_as_it_is(tmp_path):
    (tmp_path / "state").write_bytes(b"\0\1browser-000-77\0")
    by_hash = Finder(frozenset({hash_identifier("anonymous_id:browser-000-77", key=KEY)}), key=KEY, reads=READS)

    assert len(search([tmp_path], by_hash).hits) == 1
    assert len(search([tmp_path], Finder(frozenset(), key=KEY, reads=READS, texts=[b"000-77"])).hits) == 1
    assert search([tmp_path], Finder(frozenset(), key=KEY, reads=READS, texts=[b"000-78"])).hits == []


def test_an_address_that_is_told_by_its_sha256_is_found(tmp_path):
    digest = address_sha256(CANARY)
    (tmp_path / "told.json").write_text(f'{{"email_sha256":"{digest.upper()}"}}')
    (tmp_path / "other.json").write_text(f'{{"email_sha256":"{digest[::-1]}"}}')
    finder = Finder(frozenset({hash_identifier(f"email_sha256:{digest}", key=KEY)}), key=KEY, reads=READS)

    assert [Path(hit).name for hit in search([tmp_path], finder).hits] == ["told.json"]


def test_a_file_that_moves_on_while_it_is_searched_is_found_where_it_went(tmp_path):
    spool, landing = tmp_path / "spool", tmp_path / "landing"
    for folder in (spool, landing):
        folder.mkdir()
    for name in ("first", "second"):
        (spool / name).write_text(name)

    class MovesOn(Finder):
        def __call__(self, piece):
            if piece == b"first" and (spool / "second").exists():
                (spool / "second").rename(landing / "second")
            return super().__call__(piece)

    scan = search([spool, landing, tmp_path], MovesOn(frozenset(), key=KEY, reads=READS, texts=[b"second"]))

    assert (scan.files, scan.hits) == (2, [str(landing / "second")])


def test_what_lies_across_two_pieces_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "BYTES_AT_A_TIME", 2_000)
    (tmp_path / "long").write_bytes(b"x" * 1_990 + b" " + CANARY.encode() + b" " + b"y" * 3_000)

    assert any(CANARY.encode() in piece for piece in contents(tmp_path / "long"))


def finder(*named):
    return Finder(frozenset(hash_identifier(one, key=KEY) for one in named), key=KEY, reads=READS)


@pytest.mark.parametrize(
    ("text", "is_hers"),
    [
        (b'{"phone": "(212) 555-0123"}', True),
        (b'{"phone": "+1 212-555-0123"}', True),
        (b'{\\"phone\\": \\"212.555.0123\\"}', True),
        (b'{"phone": 2125550123}', True),
        (b"ana,212 555 0123,9\n", True),
        (b"call +12125550123.", True),
        (b"https://shop.example/?tel=%2B12125550123", True),
        (b"\0\x0212125550123\0", True),
        (b'{"total": 0.2125550123, "ratio": 2125550123.5}', False),
        (b"a2125550123 92125550123 2125550123999", False),
        (b'{"phone": "555-0123"}', False),
        (b'{"phone": "(212) 555-0124"}', False),
    ],
)
def test_a_telephone_number_is_found_as_payloads_write_it_and_no_other_number_is_taken_for_it(text, is_hers, tmp_path):
    (tmp_path / "kept").write_bytes(text)

    assert bool(search([tmp_path], finder(identifier("phone", "+12125550123"))).hits) is is_hers


def test_the_id_of_a_record_is_found_in_rows_of_its_own_source_alone(tmp_path):
    raw = ['{"id": "501", "properties": {}}', '{"id": "7", "associatedcompanyid": "501"}']
    pq.write_table(pa.table({"source": ["hubspot_contacts"] * 2, "raw": raw}), tmp_path / "hers.parquet")
    pq.write_table(pa.table({"source": ["hubspot_contacts"], "record_id": ["501"]}), tmp_path / "version.parquet")
    pq.write_table(pa.table({"source": ["crm"], "raw": [raw[0].encode()]}), tmp_path / "elsewhere.parquet")
    pq.write_table(pa.table({"source": ["hubspot_contacts"], "raw": raw[1:]}), tmp_path / "another.parquet")
    pq.write_table(pa.table({"raw": raw[:1]}), tmp_path / "unknown.parquet")

    hits = search([tmp_path], finder("record:hubspot_contacts/501")).hits

    assert [Path(hit).name for hit in hits] == ["hers.parquet", "version.parquet"]
