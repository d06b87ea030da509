"""The lake: every verb is safe to repeat, and a batch is written once however often it is tried."""

import shutil
from dataclasses import replace

import pytest
from pyspark.sql import functions as F

from lettermill.errors import TableError
from lettermill.tables import Column, Table
from lettermill.tables.ingest import EVENTS

VISITS = Table(
    name="quality.visits",
    grain="one row per visit",
    columns=(
        Column("visit_id", "string", "the visit", required=True),
        Column("day", "int", "its day", required=True),
        Column("pages", "int", "pages seen"),
    ),
    key=("visit_id",),
    written_by="quality.visits.visits",
    constraints={"some_pages": "pages IS NULL OR pages > 0"},
)
SEEN = replace(VISITS, name="quality.seen")


@pytest.fixture
def visits(spark):
    return lambda *rows: spark.createDataFrame(rows, VISITS.ddl).coalesce(1)  # one file a commit


def stored(lake, table=VISITS):
    return sorted(tuple(row) for row in lake.read(table).collect())


def test_reading_a_table_nobody_wrote_names_the_writer(lake):
    with pytest.raises(TableError, match=r"quality.visits does not exist yet(.|\n)*quality.visits.visits"):
        lake.read(VISITS)


def test_add_keeps_what_is_there_and_merge_overwrites_what_differs(lake, visits):
    lake.add(visits(("a", 1, 1), ("b", 1, 2)), to=VISITS)
    lake.add(visits(("b", 1, 9), ("c", 1, 3)), to=VISITS)
    added = stored(lake)
    lake.merge(visits(("b", 1, 9), ("d", 1, 4)), into=VISITS)

    assert added == [("a", 1, 1), ("b", 1, 2), ("c", 1, 3)]
    assert stored(lake) == [("a", 1, 1), ("b", 1, 9), ("c", 1, 3), ("d", 1, 4)]


def test_of_rows_above_a_number_too_those_that_stand_stay(lake, visits):
    lake.add(visits(("a", 1, 1), ("b", 2, 2)), to=VISITS)
    lake.add(visits(("b", 2, 9), ("c", 3, 3)), to=VISITS, above={"day": 1})

    assert stored(lake) == [("a", 1, 1), ("b", 2, 2), ("c", 3, 3)]


def test_a_moment_before_calendars_changed_is_stored_and_not_fatal(lake, given):
    lake.add(given(EVENTS, {}).withColumn("received_at", F.lit("0001-01-01").cast("timestamp")), to=EVENTS)

    assert [row[0] for row in lake.read(EVENTS).selectExpr("string(received_at)").collect()] == ["0001-01-01 00:00:00"]


def test_replace_touches_its_slice_alone(lake, visits):
    lake.add(visits(("a", 1, 1), ("b", 1, 2), ("c", 2, 3)), to=VISITS)
    lake.replace(visits(("a", 1, 5), ("d", 1, 6)), into=VISITS, where={"day": 1})

    assert stored(lake) == [("a", 1, 5), ("c", 2, 3), ("d", 1, 6)]


def test_repeating_a_write_commits_nothing(lake, visits):
    rows = visits(("a", 1, 1), ("b", 1, None))
    lake.merge(rows, into=VISITS)
    version = lake.version(VISITS)
    lake.merge(rows, into=VISITS)
    lake.add(rows, to=VISITS)
    lake.replace(rows, into=VISITS, where={"day": 1})

    assert lake.version(VISITS) == version


def test_a_broken_constraint_leaves_the_table_as_it_was(lake, visits):
    lake.add(visits(("a", 1, 1)), to=VISITS)
    with pytest.raises(Exception, match="some_pages"):
        lake.add(visits(("b", 1, 1), ("c", 1, 0)), to=VISITS)

    assert stored(lake) == [("a", 1, 1)]


def test_follow_hands_over_each_row_once_and_a_retried_batch_writes_nothing_twice(lake, visits):
    attempts = []

    def write_then_fail_once(rows, into):
        into.append(rows, to=SEEN)
        attempts.append(rows.count())
        if len(attempts) == 1:
            raise TableError("killed after the write", mend="run again")

    lake.add(visits(("a", 1, 1)), to=VISITS)
    with pytest.raises(TableError, match="killed after the write"):
        lake.follow(VISITS, write_then_fail_once, as_name="seen")
    lake.follow(VISITS, write_then_fail_once, as_name="seen")
    lake.add(visits(("b", 1, 2)), to=VISITS)
    lake.follow(VISITS, write_then_fail_once, as_name="seen")

    assert stored(lake, SEEN) == [("a", 1, 1), ("b", 1, 2)]
    assert attempts == [1, 1, 1]


def test_a_new_checkpoint_under_an_old_name_drops_no_rows(lake, visits):
    """Under one transaction app id, batch 0 of the new checkpoint would look like a repeat and vanish in silence."""
    lake.add(visits(("a", 1, 1)), to=VISITS)
    lake.follow(VISITS, lambda rows, into: into.append(rows, to=SEEN), as_name="seen")
    shutil.rmtree(lake.checkpoints / "seen")
    lake.add(visits(("b", 1, 2)), to=VISITS)
    lake.follow(VISITS, lambda rows, into: into.append(rows, to=SEEN), as_name="seen")

    assert ("b", 1, 2) in stored(lake, SEEN)


def test_with_an_app_id_that_does_not_contain_the_checkpoints_rows_would_vanish(lake, visits, monkeypatch):
    """The trap itself: were it not sprung here, the test above could not tell that Delta still behaves so."""
    monkeypatch.setattr("lettermill.lake.checkpoint_id", lambda _: "the same")
    lake.add(visits(("a", 1, 1)), to=VISITS)
    lake.follow(VISITS, lambda rows, into: into.append(rows, to=SEEN), as_name="seen")
    shutil.rmtree(lake.checkpoints / "seen")
    lake.add(visits(("b", 1, 2)), to=VISITS)
    lake.follow(VISITS, lambda rows, into: into.append(rows, to=SEEN), as_name="seen")

    assert stored(lake, SEEN) == [("a", 1, 1)]


def test_append_outside_a_batch_is_refused(lake, visits):
    with pytest.raises(TableError, match="would double on a rerun"):
        lake.append(visits(("a", 1, 1)), to=VISITS)
