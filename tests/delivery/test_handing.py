"""A batch is handed over call by call, each between two marks, and only what was surely refused is offered again."""

from contextlib import nullcontext

import pytest

from lettermill.delivery.breaker import Breaker, RetryBudget
from lettermill.delivery.handing import Batch, hand_over_batch
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Answer, Limits, Outcome, Signal, Status, answered
from lettermill.delivery.stopping import Stopping, stop_of
from lettermill.delivery.tally import Tally
from lettermill.errors import DeliveryError
from lettermill.patience import Patience
from tests.delivery.scripted import (
    Scripted,
    accepted,
    blocked,
    cut_off,
    each,
    expired,
    failing,
    parcels,
    terms,
    throttled,
)
from tests.ingest.serving import TestClock

HANDED_OVER, REJECTED, DEFERRED, UNKNOWN = Status.HANDED_OVER, Status.REJECTED, Status.DEFERRED, Status.UNKNOWN


@pytest.fixture
def journal(tmp_path):
    return LocalJournal(tmp_path)


@pytest.fixture
def clock():
    return TestClock(1000.0)


@pytest.fixture
def handed(journal, clock):
    """Hand over a batch to a scripted provider; the tally."""

    def hand(provider, *ids, rejected=(), number=4, body=b"{}", **changed):
        batch = Batch(number, parcels(*ids, body=body), rejected)
        return hand_over_batch(
            batch, lent=lambda: nullcontext(provider), terms=terms(provider, journal, clock, **changed)
        )

    return hand


def marks(journal):
    return {key.removeprefix("waves/w/00004/"): journal.read(key) for key in journal.keys("waves/w/00004/")}


def test_each_call_stands_between_two_marks(handed, journal):
    provider = Scripted([accepted, each(REJECTED)])
    tally = handed(provider, "a", "b", "c")

    assert provider.book == [("w/00004/001", ["a", "b"]), ("w/00004/002", ["c"])]
    assert marks(journal) == {
        "001.started": {"at": 1000.0, "messages": ["a", "b"]},
        "001.done": {"at": 1000.0, "signal": "fine", "outcomes": [["handed_over", "r1", None]] * 2},
        "002.started": {"at": 1000.0, "messages": ["c"]},
        "002.done": {"at": 1000.0, "signal": "fine", "outcomes": [["rejected", None, None]]},
    }
    assert tally == Tally(
        outcomes={"handed_over": 2, "rejected": 1}, endings={"done": 1}, messages=3, calls=2, bytes=256 * 2 + 9
    )


def test_no_address_is_in_any_mark(handed, journal):
    handed(Scripted([cut_off, failing]), "a", "b", "c")

    assert "@" not in str(marks(journal))


def test_a_batch_that_somebody_is_or_was_at_is_left_alone(handed, journal):
    journal.create("waves/w/00004/001.started", {"at": 1.0, "messages": ["a"]})
    provider = Scripted()
    tally = handed(provider, "a")

    assert (provider.book, tally) == ([], Tally(endings={"left": 1}, messages=1))


def test_a_call_that_was_voided_is_not_made(handed, journal):
    journal.create("waves/w/00004/002.started", {"at": 1.0, "voided": "another"})
    provider = Scripted()
    tally = handed(provider, "a", "b", "c")

    assert [ids for _, ids in provider.book] == [["a", "b"]]
    assert (tally.outcomes, tally.endings) == ({"handed_over": 2}, {"left": 1})


def test_the_fence_is_asked_between_the_mark_and_the_call(handed, journal):
    seen = []

    def fence():
        seen.append([key.rpartition("/")[2] for key in journal.keys("waves/w/00004/")])
        return len(seen) < 2

    provider = Scripted()
    tally = handed(provider, "a", "b", "c", "d", "e", fence=fence)

    assert seen == [["001.started"], ["001.done", "001.started", "002.started"]]
    assert [ids for _, ids in provider.book] == [["a", "b"]]
    assert marks(journal)["002.done"]["outcomes"] == [["deferred", None, "given back to the fence"]] * 2
    assert (tally.outcomes, tally.endings, tally.calls) == ({"handed_over": 2, "deferred": 2}, {"fenced": 1}, 1)


def test_what_was_deferred_is_offered_again_and_what_is_unknown_never(handed, clock):
    provider = Scripted([each(DEFERRED, HANDED_OVER), each(UNKNOWN, REJECTED), each(DEFERRED)])
    tally = handed(provider, "a", "b", "c", "d")

    assert [ids for _, ids in provider.book] == [["a", "b"], ["c", "d"], ["a"], ["a"]]
    assert clock.slept == [1.0, 2.0]
    assert tally.outcomes == {"handed_over": 2, "unknown": 1, "rejected": 1}
    assert (tally.retries, tally.waited) == (2, 3.0)


def test_after_all_attempts_a_message_is_given_up_as_deferred(handed):
    provider = Scripted([each(DEFERRED)] * 9)
    tally = handed(provider, "a")

    assert len(provider.book) == 3
    assert (tally.outcomes, tally.endings) == ({"deferred": 1}, {"done": 1})


def test_a_throttled_call_waits_as_long_as_it_was_asked_to_and_costs_no_retry(handed, clock):
    provider = Scripted([throttled])
    tally = handed(provider, "a", budget=RetryBudget(share=0.0, floor=0))

    assert clock.slept == [7.0]
    assert (tally.outcomes, tally.throttled) == ({"handed_over": 1}, 1)


def test_a_provider_that_does_not_say_how_long_is_left_alone_as_the_patience_has_it(handed, clock):
    handed(Scripted([lambda sent: throttled(sent, wait=None)]), "a")

    assert clock.slept == [10.0]


def test_a_wait_longer_than_the_patience_stops_the_wave_by_name(handed, journal):
    tally = handed(Scripted([lambda sent: throttled(sent, wait=5_000.0)]), "a", "b", "c")

    assert stop_of(journal, "w") == ("throttled", "the provider asks to wait for 5,000 s: 429")
    assert (tally.outcomes, tally.endings) == ({"deferred": 2}, {"stopped": 1})


def test_a_failing_provider_is_given_time_before_the_next_call(handed, clock):
    provider = Scripted([cut_off, failing])
    tally = handed(provider, "a", "b", "c", "d", "e")

    assert [ids for _, ids in provider.book] == [["a", "b"], ["c", "d"], ["e"], ["c", "d"]]
    assert clock.slept == [1.0, 2.0, 1.0]
    assert (tally.outcomes, tally.failed) == ({"unknown": 2, "handed_over": 3}, 2)


def test_without_budget_nothing_is_offered_again(handed):
    provider = Scripted([failing])
    tally = handed(provider, "a", budget=RetryBudget(share=0.0, floor=0))

    assert (len(provider.book), tally.outcomes) == (1, {"deferred": 1})


def test_a_provider_that_fails_on_and_on_ends_the_wave(handed, journal, clock):
    breaker = Breaker(clock, failures=2, cooling_seconds=30.0, openings=2)
    provider = Scripted([failing] * 20)
    tally = handed(provider, *"abcdefghij", breaker=breaker, patience=Patience(attempts=9))

    assert len(provider.book) == 3
    assert stop_of(journal, "w") == ("failing", "503")
    assert tally.endings == {"stopped": 1}


def test_an_expired_credential_is_renewed_once_and_the_messages_offered_at_once(handed, clock):
    provider = Scripted([expired])
    tally = handed(provider, "a", budget=RetryBudget(share=0.0, floor=0))

    assert (provider.renewals, clock.slept, tally.outcomes) == (1, [], {"handed_over": 1})


def test_a_new_credential_that_is_refused_too_stops_the_wave(handed, journal):
    provider = Scripted([expired, expired])
    tally = handed(provider, "a")

    assert provider.renewals == 1
    assert stop_of(journal, "w") == ("blocked", "a new credential has expired at once: 401")
    assert tally.endings == {"stopped": 1}


def test_a_credential_that_expires_again_later_is_renewed_again(handed):
    provider = Scripted([expired, accepted, expired])
    tally = handed(provider, "a", "b", "c", "d", "e", "f")

    assert (provider.renewals, tally.outcomes) == (2, {"handed_over": 6})


def test_where_no_credential_is_to_be_had_the_wave_stops(handed, journal):
    handed(Scripted([expired], can_renew=False), "a")

    assert stop_of(journal, "w") == ("blocked", "the key is refused")


def test_a_blocked_account_stops_this_batch_and_every_other_before_its_next_call(handed, journal):
    first, other = Scripted([blocked]), Scripted()
    tally = handed(first, "a", "b", "c")
    others = handed(other, "x", number=5)

    assert stop_of(journal, "w") == ("blocked", "quota of the day")
    assert (len(first.book), tally.outcomes, tally.endings) == (1, {"deferred": 2}, {"stopped": 1})
    assert (other.book, others) == ([], Tally(endings={"stopped": 1}, messages=1))


def test_the_stop_is_looked_for_now_and_then_and_not_before_each_call(journal, clock):
    stop = Stopping(journal, "w", clock, look_seconds=2.0)
    before = stop.is_stopped()
    Stopping(journal, "w", clock).stop(signal="blocked", said="x" * 400)
    at_once = stop.is_stopped()
    clock.sleep(2.0)

    assert (before, at_once, stop.is_stopped()) == (False, False, True)
    assert stop_of(journal, "w") == ("blocked", "x" * 300)


def test_nothing_is_called_when_its_time_is_over(handed, clock):
    provider = Scripted([throttled])
    tally = handed(provider, "a", not_after=clock.time() + 5.0)

    assert (len(provider.book), tally.outcomes, tally.endings) == (1, {"deferred": 1}, {"late": 1})


def failing_for(seconds):
    return lambda sent: answered(sent, DEFERRED, reason="503", signal=Signal.FAILING, wait=seconds)


def test_a_failing_provider_that_asks_for_longer_than_the_patience_stops_the_wave_by_name(handed, journal, clock):
    tally = handed(Scripted([failing_for(86_400.0)]), "a", "b", "c")

    assert stop_of(journal, "w") == ("failing", "the provider asks to wait for 86,400 s: 503")
    assert (tally.outcomes, tally.endings, clock.slept) == ({"deferred": 2}, {"stopped": 1}, [])


def test_a_wait_asked_for_while_the_fence_is_asked_is_waited_for_and_the_fence_asked_again(handed, clock):
    pace, asked = Pace(Limits(messages=2, bytes=1_000), share=1.0, clock=clock), []

    def fence():
        asked.append(clock.time())
        if len(asked) == 1:
            pace.pause(60.0)
        return True

    tally = handed(Scripted(), "a", pace=pace, fence=fence)

    assert (asked, clock.time(), tally.outcomes) == ([1000.0, 1060.0], 1060.0, {"handed_over": 1})


def test_nothing_leaves_of_a_wave_that_is_stopped_between_its_mark_and_its_call(handed, journal, clock):
    stop = Stopping(journal, "w", clock)

    def fence():
        stop.stop(signal="blocked", said="quota of the day")
        return True

    provider = Scripted()
    tally = handed(provider, "a", stop=stop, fence=fence)

    assert (provider.book, tally.outcomes, tally.endings) == ([], {"deferred": 1}, {"stopped": 1})


def test_what_is_rejected_without_a_call_is_marked_as_if_it_had_been_answered(handed, journal):
    provider = Scripted()
    refused = Outcome("z", REJECTED, reason="html rendered differently from the pre-flight")
    tally = handed(provider, "a", rejected=[refused])
    large = handed(Scripted(), "b", number=5, body=b"x" * 2_000)

    assert marks(journal)["001.done"]["outcomes"] == [
        ["rejected", None, "html rendered differently from the pre-flight"]
    ]
    assert provider.book == [("w/00004/002", ["a"])]
    assert (tally.outcomes, tally.messages, tally.calls) == ({"rejected": 1, "handed_over": 1}, 2, 1)
    assert (large.outcomes, large.calls) == ({"rejected": 1}, 0)


def test_answers_that_do_not_match_the_messages_leave_them_unknown(handed, journal):
    tally = handed(Scripted([lambda _: Answer((Outcome("a", HANDED_OVER),))]), "a", "b")

    assert tally.outcomes == {"unknown": 2}
    assert marks(journal)["001.done"]["outcomes"][0] == [
        "unknown",
        None,
        "1 answers that do not match the 2 messages of the call",
    ]


def test_an_answer_that_is_there_before_it_was_written_is_an_error(handed, journal):
    journal.create("waves/w/00004/001.done", {})

    with pytest.raises(DeliveryError, match="there before it was written"):
        handed(Scripted(), "a")


def test_a_call_that_waited_for_anothers_pause_until_it_was_late_is_not_made(handed, journal, clock):
    class Paused(Pace):
        def take(self, recipients):
            waited = super().take(recipients)
            self.pause(60.0)  # as another thread is told between this one's turn and its call
            return waited

    provider = Scripted()
    pace = Paused(provider.limits, 1.0, clock)
    tally = handed(provider, "a", not_after=clock.time() + 30.0, pace=pace)

    assert (provider.book, tally.outcomes, tally.endings) == ([], {"deferred": 1}, {"late": 1})
    assert marks(journal)["001.done"]["outcomes"] == [["deferred", None, "no time was left for it"]]
