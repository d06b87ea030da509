"""Payload files as bytes: the same for the same rows, whole when they are read back, and never a formula."""

import csv
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.delivery.payloads import FORMULA, UNREADABLE, as_read, decoded, encoded, format_of, json_line, row_at
from tests.rendering.conftest import CORPORA

FORMATS = ("jsonl", "csv", "parquet")
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
ROWS = st.lists(st.fixed_dictionaries({"id": TEXT, "html": TEXT}), max_size=4)


def written(rows, form, **more):
    return encoded(rows, form, columns=("id", "html"), **more)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("is_packed", [False, True])
@for_any(rows=ROWS)
def test_rows_of_any_text_come_back_as_they_were_and_are_the_same_bytes_again(form, is_packed, rows):
    content = written(rows, form, is_packed=is_packed, is_inert=False)

    assert list(decoded(content, form)) == rows
    assert written([dict(row) for row in rows], form, is_packed=is_packed, is_inert=False) == content
    assert [row_at(content, form, line=line) for line in range(1, len(rows) + 2)] == [*rows, {}]


@for_any(text=TEXT)
def test_an_inert_cell_is_the_text_or_has_an_apostrophe_and_no_cell_is_a_formula(text):
    content = written([{"id": "a", "html": text}], "csv").decode()
    _, (_, cell) = csv.reader(io.StringIO(content, newline=""), strict=True)

    assert cell in (text, f"'{text}")
    assert not cell.startswith(FORMULA)
    assert as_read({"id": "a", "html": text}, "csv", columns=("id", "html")) == {"id": "a", "html": cell}


@for_any(rows=ROWS)
def test_a_row_of_csv_is_never_longer_than_its_json_so_that_a_file_keeps_to_its_bound(rows):
    header = len(written([], "csv"))

    assert len(written(rows, "csv")) - header <= sum(len(json_line(row)) for row in rows)


def test_gzip_is_read_by_anybody_and_tells_neither_name_nor_time():
    content = written([{"id": "a", "html": "é\r\n\u2028"}], "jsonl", is_packed=True)

    assert json.loads(gzip.decompress(content)) == {"id": "a", "html": "é\r\n\u2028"}
    assert content[3:8] == bytes(5)


def test_parquet_has_one_row_group_packed_by_zstd_without_statistics():
    rows = [{"id": str(number), "html": "x" * 100} for number in range(1_000)]
    file = pq.ParquetFile(pa.BufferReader(written(rows, "parquet", is_packed=True)))
    column = file.metadata.row_group(0).column(1)

    assert (file.metadata.num_row_groups, file.metadata.num_rows) == (1, 1_000)
    assert (column.compression, column.is_stats_set) == ("ZSTD", False)
    assert file.schema_arrow.names == ["id", "html"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_is_not_whole_is_told_as_such(form):
    content = written([{"id": str(number), "html": f"{number**9}"} for number in range(99)], form, is_packed=True)

    for broken in (content[:-20], content[: len(content) // 2] + b"other bytes" + content[len(content) // 2 :]):
        with pytest.raises(UNREADABLE):
            list(decoded(broken, form))


def test_a_format_is_told_by_the_name():
    names = ("a.jsonl.gz", "a.jsonl", "b-1.csv", "b.parquet", "manifest.json", "a.csv.part", "")

    assert [format_of(name) for name in names] == ["jsonl", "jsonl", "csv", "parquet", None, None, None]


def hostile():
    """Known injections into CSV, and CSV that is known to be tricky."""
    file = CORPORA / "csv-injection" / "Intruder" / "csv-payload.txt"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    spectrum = [json.loads(path.read_text()) for path in sorted((CORPORA / "csv-spectrum" / "json").glob("*.json"))]
    tricky = [value for rows in spectrum if isinstance(rows, list) for row in rows for value in row.values()]
    return [*file.read_text().splitlines(), *tricky]


def test_known_csv_injections_are_text_to_a_spreadsheet_and_known_tricky_csv_survives():
    values = hostile()
    rows = [{"id": str(number), "html": value} for number, value in enumerate(values)]
    cells = [row["html"] for row in decoded(written(rows, "csv"), "csv")]

    assert [cell.removeprefix("'") for cell in cells] == values
    assert not [cell for cell in cells if cell.startswith(FORMULA)]


def test_known_csv_injections_reach_an_importer_as_the_text_they_are():
    values = hostile()
    rows = [{"id": str(number), "html": value} for number, value in enumerate(values)]
    content = written(rows, "csv", is_inert=False).decode()
    _, *read = csv.reader(io.StringIO(content, newline=""), strict=True)

    assert read == [[row["id"], row["html"]] for row in rows]
