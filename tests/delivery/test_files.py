"""Payload files: the same bytes for the same messages, never half visible, never a formula."""

import csv
import gzip
import io
import json
from dataclasses import fields

import pytest
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

from lettermill.delivery.payloads import as_row, csv_row, json_line, row_at
from lettermill.delivery.provider import Message, Outcome, Status
from lettermill.delivery.providers.files import Files
from lettermill.errors import DeliveryError
from tests.rendering.conftest import CORPORA

NAMES = [field.name for field in fields(Message)]


def message(message_id, **more):
    return Message(**(dict.fromkeys(NAMES, "x") | {"message_id": message_id} | more))


def files(tmp_path, **more):
    return Files(folder=tmp_path, campaign="spring", occurrence="2018-01-01", **more)


def kept(tmp_path):
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(tmp_path.rglob("*"))
        if path.is_file()
    }


def read_csv(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def read_jsonl(path):
    with gzip.open(path, "rt", encoding="utf-8") as opened:
        return [json.loads(line) for line in opened]


def test_messages_are_split_by_rows_and_answered_by_file_and_line(tmp_path):
    outcomes = list(files(tmp_path, max_rows=2).send([message(i) for i in "abc"]))
    home = tmp_path / "spring" / "2018-01-01"
    manifest = json.loads((home / "manifest.json").read_text())

    assert outcomes == [
        Outcome("a", Status.HANDED_OVER, "spring-2018-01-01-00001.jsonl.gz:1"),
        Outcome("b", Status.HANDED_OVER, "spring-2018-01-01-00001.jsonl.gz:2"),
        Outcome("c", Status.HANDED_OVER, "spring-2018-01-01-00002.jsonl.gz:1"),
    ]
    assert sorted(kept(tmp_path)) == sorted([*(entry["name"] for entry in manifest["files"]), "manifest.json"])
    assert (manifest["template_versions"], manifest["csv"][:5]) == (["x"], "UTF-8")
    assert (manifest["rows"], [entry["rows"] for entry in manifest["files"]]) == (3, [2, 2, 1, 1])
    assert [row["message_id"] for row in read_jsonl(home / "spring-2018-01-01-00001.jsonl.gz")] == ["a", "b"]
    assert read_csv(home / "spring-2018-01-01-00002.csv.gz") == [vars(message("c"))]


def test_a_row_that_was_handed_over_is_read_back_as_the_message_is_written_now(tmp_path):
    sent = [message("a"), message("b", subject='=1+1, "so"', html="<p>\r\n\u2028é</p>" * 20_000)]
    list(files(tmp_path).send(sent))
    written = {file.name.split(".")[1]: file for file in tmp_path.rglob("*.gz")}

    for form, file in written.items():
        assert row_at(file, form, line=2) == as_row(sent[1], form)
        assert row_at(file, form, line=3) == {}
    assert sorted(written) == ["csv", "jsonl"]


def test_files_are_bounded_in_bytes_and_a_larger_message_has_its_own(tmp_path):
    row = len(json_line(message("a")))
    sent = [message("a"), message("b"), message("c", html="y" * 3 * row), message("d")]
    outcomes = list(files(tmp_path, max_bytes=2 * row).send(sent))

    assert [outcome.reference[-10:] for outcome in outcomes] == ["jsonl.gz:1", "jsonl.gz:2", "jsonl.gz:1", "jsonl.gz:1"]


def test_the_same_messages_leave_files_as_they_are_and_others_are_refused_by_name(tmp_path):
    sent = [message(i) for i in "abc"]
    first = list(files(tmp_path, max_rows=2).send(sent))
    before = kept(tmp_path)
    second = list(files(tmp_path, max_rows=2).send(sent))
    with pytest.raises(DeliveryError, match=r"spring-2018-01-01-00001.jsonl.gz is there with other content"):
        list(files(tmp_path, max_rows=2).send([message("a", html="changed")]))

    assert first == second
    assert kept(tmp_path) == before


def test_a_hand_over_that_breaks_off_leaves_no_half_file_and_is_completed_by_the_next(tmp_path):
    def breaking_off():
        yield from (message(i) for i in "abc")
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        list(files(tmp_path, max_rows=2).send(breaking_off()))
    left = kept(tmp_path)
    recovered = list(files(tmp_path).recover())
    list(files(tmp_path, max_rows=2).send([message(i) for i in "abcd"]))

    assert sorted(left) == ["spring-2018-01-01-00001.csv.gz", "spring-2018-01-01-00001.jsonl.gz"]
    assert recovered == []
    assert {name: kept(tmp_path)[name] for name in left} == left
    assert len(kept(tmp_path)) == 5


def test_a_file_has_no_final_name_before_its_last_byte(tmp_path):
    seen = []

    def watching():
        for each in "ab":
            seen.append(sorted(path.name[-8:] for path in tmp_path.rglob("spring-*")))
            yield message(each)

    list(files(tmp_path, formats=("jsonl",)).send(watching()))

    assert seen == [[], [".gz.part"]]


def test_what_a_killed_run_had_completed_is_recovered_from_its_manifest(tmp_path):
    for formats in (("jsonl", "csv"), ("csv",)):
        home = tmp_path / formats[0]
        sent = list(files(home, max_rows=2, formats=formats).send([message(i) for i in "abc"]))
        assert list(files(home, max_rows=2, formats=formats).recover()) == sent
    path = next((tmp_path / "csv").rglob("*00001.csv.gz"))
    path.write_bytes(b"tampered")
    with pytest.raises(DeliveryError, match=r"00001.csv.gz is not the file that was handed over"):
        list(files(tmp_path / "csv").recover())


def test_messages_out_of_order_or_twice_are_refused(tmp_path):
    for ids in ("ba", "aa"):
        with pytest.raises(DeliveryError, match="out of order"):
            list(files(tmp_path).send([message(i) for i in ids]))
    assert not list(tmp_path.rglob("*.gz*"))


@settings(max_examples=200, deadline=None)
@for_any(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_csv_and_json_carry_any_text_and_no_cell_is_a_formula(text):
    (cells,) = csv.reader(io.StringIO(csv_row(message("a", html=text)).decode(), newline=""), strict=True)
    cell = cells[NAMES.index("html")]

    assert cell in (text, "'" + text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert json.loads(json_line(message("a", html=text)))["html"] == text


def test_known_csv_injections_are_inert_and_known_tricky_csv_survives(tmp_path):
    file = CORPORA / "csv-injection" / "Intruder" / "csv-payload.txt"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    hostile = file.read_text().splitlines()
    spectrum = [json.loads(path.read_text()) for path in sorted((CORPORA / "csv-spectrum" / "json").glob("*.json"))]
    values = hostile + [value for rows in spectrum if isinstance(rows, list) for row in rows for value in row.values()]
    sent = [message(f"{place:04}", subject=value) for place, value in enumerate(values)]
    list(files(tmp_path).send(sent))
    cells = [row["subject"] for row in read_csv(next(tmp_path.rglob("*.csv.gz")))]

    assert [cell.removeprefix("'") for cell in cells] == values
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
