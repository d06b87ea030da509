"""A lease has one holder at a time, ends by itself, and is lost for good when another has taken it."""

import pytest

from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import Holding, Lease, holder_of, newest_of
from tests.ingest.serving import TestClock

PREFIX = "leases/claim"


@pytest.fixture
def clock():
    return TestClock(1000.0)


@pytest.fixture
def journal(tmp_path):
    return LocalJournal(tmp_path)


@pytest.fixture
def lease(journal, clock):
    return lambda holder: Lease(journal, PREFIX, holder, 30.0, clock)


def test_one_holds_it_until_it_is_released(lease, journal, clock):
    anna, bert = lease("anna"), lease("bert")

    assert anna.acquire()
    assert not bert.acquire()
    assert holder_of(journal, PREFIX, clock.time()) == Holding(1, "anna", 1030.0, "held")
    assert anna.release()
    assert holder_of(journal, PREFIX, clock.time()) is None
    assert bert.acquire()


def test_it_ends_by_itself_and_whoever_slept_learns_that_it_is_lost(lease, journal, clock):
    anna, bert = lease("anna"), lease("bert")
    anna.acquire()
    clock.sleep(29.0)
    assert not bert.acquire()
    clock.sleep(1.0)

    assert bert.acquire()
    assert not anna.renew()
    assert not anna.release()
    assert holder_of(journal, PREFIX, clock.time()).holder == "bert"


def test_renewing_holds_it_on_even_late_if_nobody_came(lease, clock):
    anna, bert = lease("anna"), lease("bert")
    anna.acquire()
    clock.sleep(100.0)

    assert anna.renew()
    assert not bert.acquire()


def test_marks_behind_the_newest_two_go_and_a_sleeper_cannot_slip_into_the_gap(lease, journal, clock):
    sleeper, bert = lease("sleeper"), lease("bert")
    sleeper.acquire()
    clock.sleep(30.0)
    bert.acquire()
    for _ in range(5):
        assert bert.renew()

    assert journal.keys(f"{PREFIX}/") == [f"{PREFIX}/00000006", f"{PREFIX}/00000007"]
    assert not sleeper.renew()
    assert newest_of(journal, PREFIX).holder == "bert"
    assert bert.renew()


def test_of_two_who_saw_it_free_one_takes_it(lease, journal, clock):
    class SeesItFree(LocalJournal):
        """Another acquires between this holder's look and its mark."""

        def create(self, key, content):
            if not super().keys(key):
                lease("quicker").acquire()
            return super().create(key, content)

    slower = Lease(SeesItFree(journal.folder), PREFIX, "slower", 30.0, clock)

    assert not slower.acquire()
    assert holder_of(journal, PREFIX, clock.time()).holder == "quicker"


def test_what_was_never_acquired_is_neither_renewed_nor_released(lease):
    assert not lease("anna").renew()
    assert not lease("anna").release()
