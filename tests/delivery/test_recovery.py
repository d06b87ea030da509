"""What became of a batch is read off its marks, and nothing is planned again that somebody could still call for."""

from contextlib import nullcontext
from functools import partial

import pytest

from lettermill.delivery.handing import Batch, hand_over_batch
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.provider import Status
from lettermill.delivery.recovery import (
    Settled,
    begin_wave,
    close_wave,
    last_calls,
    late_answers,
    settled_wave,
    waves_to_recover,
)
from lettermill.errors import DeliveryError
from tests.delivery.scripted import Scripted, each, parcels, terms
from tests.ingest.serving import TestClock

AT = 1_700_000_000.0
OPEN = "call {} of batch 4 in wave w began at 2023-11-14T22:13:20.000+00:00 and has no answer"


@pytest.fixture
def journal(tmp_path):
    return LocalJournal(tmp_path)


@pytest.fixture
def call(journal):
    """Mark a call of batch 4, with its answer if there is one: message -> [status, reference, reason]."""

    def marked(number, messages, outcomes=None):
        key = f"waves/w/00004/{number:03d}"
        journal.create(f"{key}.started", {"at": AT, "messages": list(messages)})
        if outcomes is not None:
            answer(journal, number, outcomes)

    return marked


def answer(journal, number, outcomes):
    content = {"at": AT, "signal": "fine", "outcomes": outcomes}
    assert journal.create(f"waves/w/00004/{number:03d}.done", content)


def settled(journal, *ids, by="recoverer"):
    return list(settled_wave(journal, "w", [(4, ids)], by=by, at=AT))


def test_each_message_is_what_the_newest_answer_says(journal, call):
    call(1, "ab", [["deferred", None, "429"], ["handed_over", "r1", None]])
    call(2, "c", [["unknown", None, "cut off"]])
    call(3, "a", [["rejected", None, "no such address"]])

    assert settled(journal, "a", "b", "c") == [
        Settled("a", "rejected", "no such address", None, 2),
        Settled("b", "handed_over", None, "r1", 1),
        Settled("c", "unknown", "cut off", None, 1),
    ]
    assert not any("voided" in str(journal.read(key)) for key in journal.keys(""))


def test_a_call_without_an_answer_leaves_its_messages_unknown_and_says_what_is_known(journal, call):
    call(1, "ab", [["deferred", None, "429"], ["handed_over", "r1", None]])
    call(2, "a")

    assert settled(journal, "a", "b") == [
        Settled("a", "unknown", OPEN.format(2), None, 2),
        Settled("b", "handed_over", None, "r1", 1),
    ]


def test_before_anything_is_planned_again_the_next_call_is_voided(journal, call):
    call(1, "ab", [["deferred", None, "429"], ["handed_over", "r1", None]])
    told = settled(journal, "a", "b", "c")

    assert told == [
        Settled("a", "planned", "429", None, 1),
        Settled("b", "handed_over", None, "r1", 1),
        Settled("c", "planned", None, None, 0),
    ]
    assert journal.read("waves/w/00004/002.started") == {"at": AT, "voided": "recoverer"}
    assert settled(journal, "a", "b", "c", by="again") == told
    assert len(journal.keys("waves/w/00004/")) == 3


def test_a_batch_that_nobody_began_is_voided_and_whoever_wakes_up_calls_nothing(journal):
    told = settled(journal, "a", "b")
    provider = Scripted()
    sleeper = terms(provider, journal, TestClock(AT))
    tally = hand_over_batch(Batch(4, parcels("a", "b")), lent=lambda: nullcontext(provider), terms=sleeper)

    assert told == [Settled("a", "planned", None, None, 0), Settled("b", "planned", None, None, 0)]
    assert (provider.book, tally.endings) == ([], {"left": 1})


def test_where_somebody_is_still_at_it_the_marks_are_read_again(journal, call):
    call(1, "ab", [["deferred", None, "429"], ["handed_over", "r1", None]])

    class Overtaken(LocalJournal):
        """A sleeper wakes up and makes its next call, between the look at the marks and the void."""

        def create(self, key, content):
            if key.endswith("002.started"):
                call(2, "a", [["handed_over", "r2", None]])
            return super().create(key, content)

    told = settled(Overtaken(journal.folder), "a", "b", "c")

    assert told == [
        Settled("a", "handed_over", None, "r2", 2),
        Settled("b", "handed_over", None, "r1", 1),
        Settled("c", "planned", None, None, 0),
    ]
    assert "voided" in journal.read("waves/w/00004/003.started")


def test_an_answer_that_comes_while_the_batch_is_closed_is_heard(journal, call):
    call(1, "a")

    class Answered(LocalJournal):
        def create(self, key, content):
            if "voided" in content:
                answer(journal, 1, [["handed_over", "r1", None]])
            return super().create(key, content)

    assert settled(Answered(journal.folder), "a", "b") == [
        Settled("a", "handed_over", None, "r1", 1),
        Settled("b", "planned", None, None, 0),
    ]


def test_a_late_answer_settles_what_was_unknown_and_nothing_else_is_told(journal, call):
    call(1, "ab")
    before = settled(journal, "a", "b", "c")
    silent = list(late_answers(journal, "w", [(4, ["a", "b"])], by="later", at=AT))
    answer(journal, 1, [["handed_over", "r1", None], ["unknown", None, "cut off"]])
    late = list(late_answers(journal, "w", [(4, ["a", "b", "stranger"])], by="later", at=AT))

    assert [one.state for one in before] == ["unknown", "unknown", "planned"]
    assert silent == []
    assert late == [Settled("a", "handed_over", None, "r1", 1)]


def test_a_late_refusal_plans_again_only_once_no_further_call_can_begin(journal, call):
    call(1, "a")
    assert [one.state for one in settled(journal, "a")] == ["unknown"]
    answer(journal, 1, [["deferred", None, "429"]])

    assert list(late_answers(journal, "w", [(4, ["a"])], by="later", at=AT)) == [
        Settled("a", "planned", "429", None, 1)
    ]
    assert journal.read("waves/w/00004/002.started") == {"at": AT, "voided": "later"}


def test_a_whole_wave_is_listed_once(journal):
    clock = TestClock(AT)
    for number in range(5):
        provider = Scripted([each(Status.HANDED_OVER, Status.REJECTED)])
        given = terms(provider, journal, clock)
        hand_over_batch(
            Batch(number, parcels(f"{number}a", f"{number}b")), lent=partial(nullcontext, provider), terms=given
        )
    listings = []

    class Counting(LocalJournal):
        def keys(self, prefix):
            listings.append(prefix)
            return super().keys(prefix)

    batches = [(number, [f"{number}a", f"{number}b"]) for number in range(5)]
    told = list(settled_wave(Counting(journal.folder), "w", batches, by="driver", at=AT))

    assert [(one.message_id, one.state) for one in told][:3] == [
        ("0a", "handed_over"),
        ("0b", "rejected"),
        ("1a", "handed_over"),
    ]
    assert listings == ["waves/w/"]


def test_a_wave_is_recovered_once_its_lease_has_ended(journal):
    clock = TestClock(AT)
    held, released, lost = (Lease(journal, wave_lease(wave), wave, 30.0, clock) for wave in ("held", "done", "lost"))
    lost.acquire()
    clock.sleep(20.0)
    held.acquire()
    released.acquire()
    released.release()
    clock.sleep(10.0)

    assert waves_to_recover(journal, ["held", "done", "lost"], now=clock.time()) == ["done", "lost"]


def test_a_wave_that_the_journal_does_not_know_is_refused_by_name(journal):
    with pytest.raises(DeliveryError, match="claimed for wave elsewhere, of which the journal knows nothing"):
        waves_to_recover(journal, ["elsewhere"], now=AT)


def test_a_mark_that_is_listed_and_gone_is_an_error(journal, call):
    call(1, "a", [["handed_over", "r1", None]])

    class Losing(LocalJournal):
        def read(self, key):
            return None if key.endswith("001.done") else super().read(key)

    with pytest.raises(DeliveryError, match="a mark is listed and cannot be read\n  at: waves/w/00004/001.done"):
        settled(Losing(journal.folder), "a")


def test_a_wave_without_messages_is_closed_batch_by_batch(journal, call):
    begin_wave(journal, "w", batches=6)
    call(1, "a", [["handed_over", "r1", None]])
    journal.create("waves/w/00005/001.started", {"at": AT, "voided": "before"})
    close_wave(journal, "w", by="recoverer", at=AT)

    voided = [key for key in journal.keys("waves/w/") if "voided" in journal.read(key)]
    assert voided == [f"waves/w/0000{batch}/001.started" for batch in range(4)] + [
        "waves/w/00004/002.started",
        "waves/w/00005/001.started",
    ]


def test_an_id_of_a_wave_is_begun_once_with_the_batches_it_had_then(journal):
    begun = [begin_wave(journal, "w", batches=2), begin_wave(journal, "w", batches=9)]
    close_wave(journal, "w", by="r", at=AT)

    assert begun == [True, False]
    assert journal.keys("waves/w/") == ["waves/w/00000/001.started", "waves/w/00001/001.started", "waves/w/batches"]


def test_a_provider_is_asked_about_the_call_that_named_a_message_last_however_many_named_it(journal, call):
    call(1, ["refused"], outcomes=[["rejected", None, "faulty"]])
    call(2, ["a", "b"], outcomes=[["deferred", None, None], ["handed_over", "r", None]])
    call(3, ["a"])

    assert last_calls(journal, "w", 4) == {"refused": 1, "a": 3, "b": 2}
    assert last_calls(journal, "w", 5) == {}
