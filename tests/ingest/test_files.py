"""Landing files become lines with their place, or an error that names the file."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from lettermill.errors import InputError
from lettermill.ingest.files import lines_of_files
from lettermill.ingest.sources import Source
from lettermill.job import plain_error

JSONL = Source(kind="events", holds="behaviour", path="events")
CSV = Source(kind="records", holds="products", path="products", format="csv", columns=("id", "name"))


@pytest.fixture
def read(spark):
    """Lines of one file given by name and bytes; Spark's wrapping taken off an error."""

    def lines(name, content, source=JSONL):
        files = spark.createDataFrame([(f"file:/landing/{name}", content)], "path string, content binary")
        try:
            return lines_of_files(files, name="shop", source=source, landing="/landing").collect()
        except Exception as failure:
            raise plain_error(failure) from failure

    return lines


def test_each_line_keeps_its_file_and_place_and_blank_lines_are_no_rows(read):
    content = gzip.compress('{"a": 1}\r\n\n{"b": "\u2028"}\n'.encode())

    rows = read("events/2017-03-01.jsonl.gz", content)

    ends = datetime(2017, 3, 2, tzinfo=UTC).replace(tzinfo=None)
    assert [tuple(row) for row in rows] == [
        ("shop", "events/2017-03-01.jsonl.gz", 1, '{"a": 1}', ends),
        ("shop", "events/2017-03-01.jsonl.gz", 3, '{"b": "\u2028"}', ends),
    ]


def test_a_csv_row_becomes_an_object_by_its_header(read):
    rows = read("p/2017-01-01.csv", b'id,name,x\n1,"Jam, ""red""\n2 oz",\n', CSV)

    assert [(row.position, json.loads(row.raw)) for row in rows] == [
        (3, {"id": "1", "name": 'Jam, "red"\n2 oz', "x": ""})
    ]


@pytest.mark.parametrize(
    ("name", "content", "source", "message"),
    [
        ("e/2017-01-01.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 99, mtime=0)[:-20], JSONL, "gzip stream ends early"),
        ("e/2017-01-01.jsonl.gz", b'{"a": 1}', JSONL, "no whole gzip file"),
        ("e/2017-01-01.jsonl", b"", JSONL, "the file is empty"),
        ("e/2017-01-01.jsonl", b'{"a": 1}\n{"b": "\xff"}', JSONL, "not UTF-8 in line 2"),
        ("p/2017-01-01.csv", b"id,title\n1,Jam\n", CSV, "header lacks name; it has id, title"),
        ("p/2017-01-01.csv", b"id,name\n1,Jam,red\n", CSV, "line 2 has 3 cells, the header 2"),
        ("p/2017-01-01.csv", b'id,name\n1,"Jam\n', CSV, "no CSV"),
        ("p/newest.csv", b"id,name\n1,Jam\n", CSV, "does not start with a day"),
    ],
)
def test_a_file_that_is_not_as_declared_is_named_with_the_mend(read, name, content, source, message):
    with pytest.raises(InputError, match=message) as caught:
        read(name, content, source)

    assert f"at: {name}" in str(caught.value)
    assert "mend: " in str(caught.value)
