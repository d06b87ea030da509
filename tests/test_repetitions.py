"""A batch's duplicates are found by the hashes of their keys, and are those that comparing every row finds."""

import random
from datetime import datetime

import pytest
from pyspark.sql import functions as F

from lettermill import repetitions
from lettermill.quality import quarantine
from lettermill.quality.quarantine import ORIGIN, mark_duplicates
from lettermill.repetitions import duplicates_marked

NOON = datetime(2017, 6, 1, 12)


@pytest.fixture
def judged(spark):
    """Sixty rows with twenty keys: repeated, standing as they are, taken by other rows, and refused."""
    dice = random.Random(7)
    rows = [
        (f"key {dice.randrange(20)}", NOON.replace(minute=dice.randrange(3)), "web", "t/0", place, 0,
         ["no kind"] if place % 9 == 0 else [])
        for place in range(60)
    ]  # fmt: skip
    schema = "event_id string, received_at timestamp, source string, origin string, position bigint, part int, "
    return spark.createDataFrame(rows, schema + "reasons array<string>")


@pytest.fixture
def standing(spark, judged):
    """Rows taken before: two of the batch's own, two others of its keys, and one that it has nothing to do with."""
    own = judged.where("position IN (4, 11)").select("event_id", *ORIGIN)
    others = [(key, "web", "older", 1) for key in ("key 3", "key 5", "no key of the batch")]
    return own.union(spark.createDataFrame(others, own.schema)).dropDuplicates(["event_id"])


def found(marked):
    return sorted(tuple(row) for row in marked.select("position", "is_duplicate", "is_standing").collect())


def test_they_are_those_that_comparing_every_row_finds(judged, standing):
    with duplicates_marked(judged, standing=standing, key="event_id") as marked:
        quickly = found(marked)

    assert quickly == found(mark_duplicates(judged, standing=standing, key="event_id"))
    assert {row[1:] for row in quickly} == {(False, False), (True, False), (False, True)}


def test_so_they_are_where_the_batch_is_too_large_to_be_sent_to_every_task(judged, standing, monkeypatch):
    monkeypatch.setattr(repetitions, "SENT_TO_EVERY_TASK", 0)

    with duplicates_marked(judged, standing=standing, key="event_id") as marked:
        assert found(marked) == found(mark_duplicates(judged, standing=standing, key="event_id"))


def test_keys_of_one_hash_are_not_taken_for_one_key(judged, standing, monkeypatch):
    monkeypatch.setattr(quarantine, "_hash", lambda _: F.lit(1).cast("bigint").alias(quarantine.HASH))

    with duplicates_marked(judged, standing=standing, key="event_id") as marked:
        assert found(marked) == found(mark_duplicates(judged, standing=standing, key="event_id"))


def test_rows_whose_key_is_there_once_are_not_compared(judged, standing, monkeypatch):
    compared = []

    def counting(rows, **options):
        compared.append(rows.count())
        return quarantine.seen_before(rows, **options)

    monkeypatch.setattr(repetitions, "seen_before", counting)
    alone = judged.dropDuplicates(["event_id"]).where("size(reasons) = 0")

    with duplicates_marked(alone, standing=standing.where("event_id = 'key 3'"), key="event_id") as marked:
        assert [row for row in found(marked) if any(row[1:])] != []

    assert compared == [1]
