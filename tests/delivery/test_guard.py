"""An outbox that was restored to an older version is refused by name, and one that went on is not."""

from datetime import UTC, datetime, timedelta

import pytest

from lettermill.delivery.guard import (
    SAMPLE,
    Standing,
    expire_marks,
    note_settled,
    require_not_restored,
    waves_to_note,
)
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import wave_lease
from lettermill.errors import DeliveryError
from tests.ingest.serving import TestClock

COMMITTED = datetime(2024, 5, 1, 12, tzinfo=UTC)
DAY = 86_400.0


@pytest.fixture
def journal(tmp_path):
    return LocalJournal(tmp_path)


@pytest.fixture
def note(journal):
    def noted(version, wave, rows, *, not_after=0.0):
        note_settled(journal, wave, version=version, committed_at=COMMITTED, rows=rows, not_after=not_after)

    return noted


def stand(state, attempt=1, wave="w1"):
    return Standing(state, attempt, wave)


def require(journal, rows, *, version=9, times=None):
    require_not_restored(
        journal,
        version_now=lambda: version,
        commit_time_of=(times or {}).get,
        rows_of=lambda ids: {one: rows[one] for one in ids if one in rows},
    )


def test_an_outbox_that_went_on_is_not_refused(journal, note):
    note(7, "w1", {"a": stand("handed_over"), "b": stand("unknown"), "c": stand("planned", 2)})
    later = {"a": stand("confirmed"), "b": stand("claimed", 1, "w2"), "c": stand("planned", 3, "w2")}

    require(journal, later, times={7: COMMITTED})
    require(journal, later)
    require(LocalJournal(journal.folder / "empty"), {})


def test_a_lower_version_is_refused(journal, note):
    note(7, "w1", {})

    with pytest.raises(
        DeliveryError, match="the outbox was restored: it stands at version 6, and version 7 was settled"
    ):
        require(journal, {}, version=6)


def test_another_history_of_the_same_length_is_refused(journal, note):
    note(7, "w1", {})

    with pytest.raises(DeliveryError, match="has another version 7 than the one that was settled"):
        require(journal, {}, times={7: COMMITTED + timedelta(hours=1)})


@pytest.mark.parametrize(
    ("noted", "now", "words"),
    [
        (stand("handed_over"), stand("planned", 1), "has message a as planned after 1 calls, which was handed_over"),
        (stand("rejected"), stand("claimed", 1), "has message a as claimed after 1 calls, which was rejected"),
        (stand("unknown", 2), stand("planned", 1), "has message a as planned after 1 calls, which was unknown"),
        (stand("planned", 1), stand("planned", 0, None), "has message a as planned after 0 calls, which was planned"),
        (stand("handed_over"), None, "has message a in no row, which was handed_over"),
    ],
)
def test_a_message_that_knows_less_than_it_did_is_refused(journal, note, noted, now, words):
    note(7, "w1", {"a": noted})

    with pytest.raises(DeliveryError, match=words):
        require(journal, {"a": now} if now else {})


def test_a_claim_that_was_undone_after_calls_is_refused_although_nothing_was_settled(journal):
    clock = TestClock()
    Lease(journal, wave_lease("w1"), "anna", 30.0, clock).acquire()
    journal.create("waves/w1/00000/001.started", {"at": 1.0, "messages": ["a", "b"]})
    belongs = {"a": stand("claimed", 0), "b": stand("handed_over")}

    require(journal, belongs)
    for other in (stand("planned", 0, None), stand("claimed", 0, "w2")):
        with pytest.raises(DeliveryError, match="has message b as .* calls, which was called for\n  at: .*waves/w1/"):
            require(journal, belongs | {"b": other})


def test_a_wave_is_noted_once_nobody_has_its_messages(journal, note):
    for wave in ("w1", "w2", "w3"):
        Lease(journal, wave_lease(wave), "anna", 30.0, TestClock()).acquire()
    note(7, "w1", {})

    assert waves_to_note(journal, claimed=["w2"]) == ["w3"]


def test_a_note_holds_a_sample_and_no_more(journal, note):
    note(7, "w1", {f"m{number:03d}": stand("handed_over") for number in range(300)})

    assert len(journal.read("settled/000000000007/w1")["rows"]) == SAMPLE


def test_marks_go_when_nobody_asks_for_them_any_more_and_the_newest_note_stays(journal, note):
    now = 100 * DAY
    for version, wave, not_after in ((1, "old", now - 31 * DAY), (2, "young", now - 29 * DAY), (3, "newest", 0.0)):
        Lease(journal, wave_lease(wave), "anna", 30.0, TestClock()).acquire()
        journal.create(f"waves/{wave}/00000/001.started", {"at": 1.0, "messages": ["a"]})
        note(version, wave, {}, not_after=not_after)

    assert expire_marks(journal, now=now, keep_seconds=30 * DAY, asked_for={"old"}) == 0
    assert expire_marks(journal, now=now, keep_seconds=30 * DAY) == 3
    assert journal.keys("") == [
        "leases/waves/newest/00000001",
        "leases/waves/young/00000001",
        "settled/000000000002/young",
        "settled/000000000003/newest",
        "waves/newest/00000/001.started",
        "waves/young/00000/001.started",
    ]
