"""Upkeep packs files and removes old ones, and takes nothing from a stream that has yet to read it."""

import shutil
from datetime import timedelta

import pytest

from lettermill.errors import TableError
from tests.test_lake import SEEN, VISITS, stored, visits  # noqa: F401 (a fixture)

AT_ONCE, A_WEEK = timedelta(), timedelta(days=7)


def follow(lake):
    lake.follow(VISITS, lambda rows, into: into.append(rows, to=SEEN), as_name="jobs/seen")


def test_files_are_packed_and_old_ones_removed_and_a_second_time_changes_nothing(lake, visits):  # noqa: F811
    for number in range(3):
        lake.add(visits((f"v{number}", 1, 1)), to=VISITS)

    kept = lake.maintain(VISITS, keep=A_WEEK)
    removed = lake.maintain(VISITS, keep=AT_ONCE)
    version = lake.version(VISITS)
    again = lake.maintain(VISITS, keep=AT_ONCE)

    assert ((kept.packed, kept.removed), (removed.packed, removed.removed)) == ((3, 0), (0, 3))
    assert ((again.packed, again.removed), lake.version(VISITS)) == ((0, 0), version)
    assert stored(lake) == [(f"v{number}", 1, 1) for number in range(3)]


def test_what_a_stream_has_not_read_is_kept_and_the_stream_named(lake, visits):  # noqa: F811
    lake.add(visits(("a", 1, 1)), to=VISITS)
    follow(lake)
    lake.add(visits(("b", 1, 2)), to=VISITS)
    lake.add(visits(("c", 1, 3)), to=VISITS)

    with pytest.raises(TableError, match=r"quality.visits must keep what stream jobs/seen has not read: it stands at"):
        lake.maintain(VISITS, keep=AT_ONCE)
    kept = lake.maintain(VISITS, keep=A_WEEK)
    follow(lake)
    after = lake.maintain(VISITS, keep=AT_ONCE)
    follow(lake)

    assert (kept.packed, after.removed > 0) == (3, True)
    assert stored(lake, SEEN) == [("a", 1, 1), ("b", 1, 2), ("c", 1, 3)]


def test_a_checkpoint_that_is_given_up_holds_nothing_back(lake, visits):  # noqa: F811
    lake.add(visits(("a", 1, 1)), to=VISITS)
    follow(lake)
    lake.add(visits(("b", 1, 2)), to=VISITS)
    shutil.rmtree(lake.checkpoints / "jobs" / "seen")

    assert lake.maintain(VISITS, keep=AT_ONCE).packed == 2
