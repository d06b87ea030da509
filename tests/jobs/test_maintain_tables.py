"""maintain_tables: marks of sends that ended long ago leave the journal, and those that somebody may ask for stay."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lettermill.delivery.guard import note_settled
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import started, started_key, wave_lease
from lettermill.settings import load
from lettermill.tables.delivery import OUTBOX
from tests.ingest.serving import TestClock
from tests.jobs.conftest import AS_OF

NOW = AS_OF + timedelta(minutes=5)
DAYS = {"old": 31, "asked": 31, "young": 29, "newest": 31}
"""Waves, by how long ago the last of them could leave."""


@pytest.fixture
def delivery(tmp_path):
    return replace(load("local").delivery, journal=str(tmp_path / "journal"))


@pytest.fixture
def journal(delivery):
    """A journal of four waves that were settled in this order."""
    marks = LocalJournal(Path(delivery.journal))
    for version, (wave, days) in enumerate(DAYS.items(), start=1):
        Lease(marks, wave_lease(wave), "anna", 30.0, TestClock()).acquire()
        marks.create(started_key(wave, 0, 1), started([f"m-{wave}"], at=1.0))
        end = (NOW - timedelta(days=days)).timestamp()
        note_settled(marks, wave, version=version, committed_at=AS_OF, rows={}, not_after=end)
    return marks


def waves(journal):
    return {wave for wave in DAYS for key in journal.keys("") if wave in key.split("/")}


def maintain(run_job, delivery):
    return run_job("maintain_tables", settings={"delivery": delivery}, now=lambda: NOW).counts


def test_marks_older_than_is_kept_go_once_but_for_those_of_unknown_messages(
    lake, given, run_job, delivery, journal, versions
):
    states = {"old": "handed_over", "asked": "unknown", "young": "handed_over", "newest": "handed_over"}
    lake.add(given(OUTBOX, *({"message_id": f"m-{w}", "wave": w, "state": s} for w, s in states.items())), to=OUTBOX)

    first = maintain(run_job, delivery)
    left = (journal.keys(""), versions(OUTBOX))
    again = maintain(run_job, delivery)

    assert (first["marks_removed"], again["marks_removed"]) == (3, 0)
    assert waves(journal) == {"asked", "young", "newest"}
    assert (journal.keys(""), versions(OUTBOX)) == left


def test_where_nothing_was_sent_no_journal_is_opened(lake, given, run_job, delivery, journal):
    elsewhere = replace(delivery, journal="nowhere://journal")

    assert maintain(run_job, elsewhere)["marks_removed"] == 0
    lake.add(given(OUTBOX, {"state": "planned", "wave": None}), to=OUTBOX)
    assert maintain(run_job, elsewhere)["marks_removed"] == 0
    assert maintain(run_job, replace(delivery, journal=""))["marks_removed"] == 0
    assert waves(journal) == {*DAYS}


@pytest.mark.parametrize("days", [0.0, 6.9, float("nan")])
def test_marks_are_kept_for_as_long_as_a_task_may_sleep(delivery, days):
    with pytest.raises(ValueError, match="keep_marks_days must be at least 7"):
        replace(delivery, keep_marks_days=days)
