"""A landing file's bytes become numbered JSON objects, or an error that names the file and the mend."""

import contextlib
import gzip
import io
import json
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from lettermill.errors import InputError
from lettermill.ingest.file_formats import day_end, rows_of_file
from lettermill.ingest.sources import Source

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"
without_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here")
packed = partial(gzip.compress, mtime=0)  # the clock would name a case otherwise in each process
TWINS_ERRATA = {"location_coordinates": {"Contact Phone Number": "1234567890"}}
"""What a twin says and its CSV does not, at the corpus' source."""
JSONL = Source(kind="events", holds="behaviour", path="events")
JSON = Source(kind="events", holds="behaviour", path="events", format="json")
CSV = Source(kind="records", holds="products", path="products", format="csv", columns=("id", "name"))
PARQUET = Source(kind="records", holds="products", path="products", format="parquet", columns=("id",))


def in_parquet(**columns):
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


WHOLE = in_parquet(id=[1, 2], price=pa.array([Decimal("1.50"), None]), seen=pa.array([0, 1], pa.timestamp("ms", "UTC")))


def test_each_line_keeps_its_place_and_blank_lines_are_no_rows():
    content = packed('\ufeff{"a": 1}\r\n\n{"b": "\u2028"}'.encode())

    assert list(rows_of_file(content, "e/2017-03-01.jsonl.gz", JSONL)) == [(1, '{"a": 1}'), (3, '{"b": "\u2028"}')]


@pytest.mark.parametrize("text", ['[{"a": 1.10},\n {"b": [1, {}]}]\n', ' [ {"a": 1.10} , {"b": [1, {}]} ] '])
def test_a_json_array_gives_its_objects_as_they_are_written(text):
    assert list(rows_of_file(text.encode(), "e/1.json", JSON)) == [(1, '{"a": 1.10}'), (2, '{"b": [1, {}]}')]


@pytest.mark.parametrize(("text", "rows"), [(b'{"a": 1}\n', [(1, '{"a": 1}')]), (b"[ ]", [])])
def test_a_json_file_may_hold_one_object_or_an_array_of_none(text, rows):
    assert list(rows_of_file(text, "e/1.json", JSON)) == rows


def test_a_csv_row_becomes_an_object_by_its_header():
    content = b'id,name,x\n1,"Jam, ""red""\n2 oz",\n'

    assert [(n, json.loads(raw)) for n, raw in rows_of_file(content, "p/1.csv", CSV)] == [
        (3, {"id": "1", "name": 'Jam, "red"\n2 oz', "x": ""})
    ]


def test_a_parquet_row_becomes_an_object_with_instants_and_decimals_as_text():
    assert [(n, json.loads(raw)) for n, raw in rows_of_file(WHOLE, "p/1.parquet", PARQUET)] == [
        (1, {"id": 1, "price": "1.50", "seen": "1970-01-01T00:00:00+00:00"}),
        (2, {"id": 2, "price": None, "seen": "1970-01-01T00:00:00.001000+00:00"}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "source", "message"),
    [
        ("1.jsonl.gz", packed(b'{"a": 1}\n' * 99)[:-20], JSONL, "gzip stream ends early"),
        ("1.jsonl.gz", b'{"a": 1}', JSONL, "no whole gzip file"),
        ("1.jsonl.gz", packed(b" \n"), JSONL, "the file is empty"),
        ("1.jsonl", b"", JSONL, "the file is empty"),
        ("1.jsonl", b'{"a": 1}\n{"b": "\xff"}', JSONL, "not UTF-8 in line 2"),
        ("1.jsonl", packed(b'{"a": 1}\n'), JSONL, "not UTF-8 in line 1"),
        ("1.jsonl", b'{"a": 1}\n{"a": ', JSONL, "the file ends within line 2"),
        ("1.jsonl", b"id,name\n1,Jam\n", JSONL, "no line is a JSON object"),
        ("1.json", b'[{"a": 1}, {"a"', JSON, "element 2 is no JSON"),
        ("1.json", b'[{"a": 1}, ', JSON, "element 2 is no JSON"),
        ("1.json", b'[{"a": 1}', JSON, "does not end as it should after element 1"),
        ("1.json", b'{"a": 1}\n{"a": 2}\n', JSON, "does not end as it should after element 1"),
        ("1.json", b'[{"a": NaN}]', JSON, "element 1 is no JSON: NaN is no JSON"),
        ("1.json", b"[1]", JSON, "element 1 is no JSON object"),
        ("1.json", b"[" + b'{"a":' * 100_000, JSON, "element 1 is no JSON"),
        ("1.csv", b"id,title\n1,Jam\n", CSV, "header lacks name; it has id, title"),
        ("1.csv", b"id,name,x,x\n1,Jam,2,3\n", CSV, "the header has x twice"),
        ("1.csv", b"id,name\n1,Jam,red\n", CSV, "line 2 has 3 cells, the header 2"),
        ("1.csv", b'id,name\n1,"Jam\n', CSV, "no CSV"),
        ("1.parquet", WHOLE[:-9], PARQUET, "no whole Parquet file"),
        ("1.parquet", WHOLE.replace(b"PAR1", b"PAR2"), PARQUET, "no whole Parquet file"),
        ("1.parquet", b"id,name\n1,Jam\n", PARQUET, "no whole Parquet file"),
        ("1.parquet", in_parquet(name=["Jam"]), PARQUET, "header lacks id; it has name"),
    ],
)
def test_a_file_that_is_not_as_declared_is_named_with_the_mend(name, content, source, message):
    with pytest.raises(InputError, match=message) as caught:
        list(rows_of_file(content, f"p/{name}", source))

    assert f"at: p/{name}" in str(caught.value)
    assert "mend: " in str(caught.value)


def test_a_name_without_a_day_is_refused():
    with pytest.raises(InputError, match="does not start with a day"):
        day_end("p/newest.csv")


@given(st.binary(max_size=200), st.sampled_from([JSONL, JSON, CSV, PARQUET]), st.sampled_from(["", ".gz"]))
def test_any_bytes_are_rows_of_json_objects_or_an_input_error(content, source, zipped):
    try:
        rows = list(rows_of_file(content, f"p/1.{source.format}{zipped}", source))
    except InputError:
        return
    assert all(isinstance(position, int) and raw.encode() for position, raw in rows)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_parquet_file_with_one_wrong_byte_is_read_or_refused_and_never_crashes(place, by):
    broken = bytearray(WHOLE)
    broken[place] = (broken[place] + by) % 256
    with contextlib.suppress(InputError):
        list(rows_of_file(bytes(broken), "p/1.parquet", PARQUET))


@without_corpora
@pytest.mark.parametrize("file", sorted(CORPORA.glob("parquet-bad/**/*.parquet")), ids=lambda file: file.name)
def test_parquet_files_that_broke_other_readers_are_read_or_refused(file):
    source = Source(kind="records", holds="products", path="p", format="parquet")
    with contextlib.suppress(InputError):
        list(rows_of_file(file.read_bytes(), file.name, source))


@without_corpora
@pytest.mark.parametrize("file", sorted(CORPORA.glob("csv-spectrum/csvs/*.csv")), ids=lambda file: file.stem)
def test_tricky_csv_reads_like_its_json_twin(file):
    twin = json.loads((file.parents[1] / "json" / f"{file.stem}.json").read_text())
    twin = twin if isinstance(twin, list) else [twin]
    source = Source(kind="records", holds="products", path="p", format="csv", columns=tuple(twin[0]))

    found = [json.loads(raw) for _, raw in rows_of_file(file.read_bytes(), file.name, source)]

    assert [{**row, **TWINS_ERRATA.get(file.stem, {})} for row in found] == twin
