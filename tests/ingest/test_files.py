"""Landing files: a name is taken once, a refused one again when it was mended, and each row keeps its place."""

import os
from dataclasses import replace
from datetime import UTC, datetime

from lettermill.ingest.files import CHANGED, File, files_below, lines_of_files, next_attempts, refused_files
from lettermill.ingest.sources import Source

ONE = File("web", "events/web/2017-06-01.jsonl", attempt=1, bytes=10, modified_ns=5)
SOURCES = {"web": Source(kind="events", holds="behaviour", path="events/web")}


def judged(present, *, newest=(), refused=()):
    newest = {(file.source, file.origin): file for file in newest}
    return next_attempts(present, newest=newest, refused=dict(refused))


def test_a_new_name_is_taken_and_a_taken_one_never_again_however_it_changes():
    touched, longer = replace(ONE, modified_ns=9), replace(ONE, bytes=20)

    assert judged([ONE]) == ([ONE], [])
    assert judged([ONE], newest=[ONE]) == ([], [])
    assert judged([touched], newest=[ONE]) == ([], [])
    assert judged([longer], newest=[ONE]) == ([], [longer])


def test_a_refused_file_gets_another_attempt_once_it_has_changed():
    mended, second = replace(ONE, modified_ns=9), replace(ONE, modified_ns=9, attempt=2)

    assert judged([ONE], newest=[ONE], refused={ONE: "not UTF-8"}) == ([], [])
    assert judged([mended], newest=[ONE], refused={ONE: "not UTF-8"}) == ([second], [])
    assert judged([mended], newest=[second], refused={ONE: "not UTF-8"}) == ([], [])
    assert judged([ONE], newest=[ONE], refused={ONE: CHANGED}) == ([replace(ONE, attempt=2)], [])


def test_files_are_found_below_the_folder_by_name_and_hidden_ones_are_left(tmp_path):
    for name in ("web/b/2.jsonl", "web/1.jsonl", "web/.3.jsonl.part", "web/_tmp/4.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"{}\n")
        os.utime(tmp_path / name, ns=(7, 7))

    found = list(files_below(tmp_path / "web", source="web", landing=tmp_path))

    assert found == [File("web", f"web/{name}", 1, 3, 7) for name in ("1.jsonl", "b/2.jsonl")]


def test_each_line_keeps_its_file_and_place_and_a_changed_file_is_refused(spark, tmp_path):
    folder = tmp_path / "events" / "web"
    folder.mkdir(parents=True)
    for name in ("2017-06-01[a].jsonl", "2017-06-02.jsonl"):
        (folder / name).write_text('{"a": 1}\n\n{"b": 2}\n')
    found = list(files_below(folder, source="web", landing=tmp_path))
    (folder / "2017-06-02.jsonl").write_text("{}\n")
    files = spark.createDataFrame([vars(file) for file in found])
    files = files.select("source", "origin", files.attempt.cast("int").alias("attempt"), "bytes", "modified_ns")

    refused = refused_files(files, sources=SOURCES, landing=str(tmp_path)).collect()
    lines = lines_of_files(files.where("origin LIKE '%[a]%'"), sources=SOURCES, landing=str(tmp_path)).collect()

    assert [tuple(row) for row in refused] == [("web", "events/web/2017-06-02.jsonl", 1, CHANGED, b"")]
    ends = datetime(2017, 6, 2, tzinfo=UTC).replace(tzinfo=None)
    assert [tuple(row) for row in lines] == [
        ("web", "events/web/2017-06-01[a].jsonl", 1, '{"a": 1}', ends),
        ("web", "events/web/2017-06-01[a].jsonl", 3, '{"b": 2}', ends),
    ]
