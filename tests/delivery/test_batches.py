"""Batches of a task go out over several connections, a few at a time, and what breaks one of them is raised."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from lettermill.delivery.batches import hand_over_batches
from lettermill.delivery.handing import Batch
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.marks import done_key, started_key
from lettermill.delivery.provider import Limits, Parcel
from tests.delivery.scripted import Scripted, accepted, blocked, parcels, terms
from tests.ingest.serving import TestClock


@pytest.fixture
def journal(tmp_path):
    return LocalJournal(tmp_path)


@dataclass
class Meeting(Scripted):
    """Answers once as many calls are under way as there are connections."""

    barrier: threading.Barrier = field(default_factory=lambda: threading.Barrier(3, timeout=30))

    def send(self, parcels: Sequence[Parcel], *, call):
        self.barrier.wait()
        return super().send(parcels, call=call)


def batches(count, read):
    for number in range(count):
        read.append(number)
        yield Batch(number, parcels(f"{number}a", f"{number}b"))


def test_as_many_calls_as_connections_are_under_way_and_no_connection_has_two(journal):
    provider = Meeting(limits=Limits(messages=2, bytes=1_000))
    opened = []
    provider.connect = lambda: opened.append(1) or provider
    tally = hand_over_batches(batches(9, []), terms=terms(provider, journal, TestClock()), connections=3)

    assert len(opened) == 3
    assert (tally.outcomes, tally.endings, tally.calls) == ({"handed_over": 18}, {"done": 9}, 9)


def test_a_batch_is_made_ready_while_another_is_called_for_one_more_is_read_and_connections_are_closed(journal):
    read, held = [], []

    def slow(sent):
        held.append(len(read))
        return accepted(sent)

    provider = Scripted([slow] * 6)
    hand_over_batches(batches(6, read), terms=terms(provider, journal, TestClock()), connections=1)

    assert all(ahead - place <= 3 for place, ahead in enumerate(held))
    assert provider.open_connections == 0


def test_a_wave_that_is_stopped_reads_no_further_batches(journal):
    read = []
    provider = Scripted([blocked])
    tally = hand_over_batches(batches(50, read), terms=terms(provider, journal, TestClock()), connections=1)

    assert (len(provider.book), len(read) <= 4) == (1, True)
    assert tally.outcomes == {"deferred": 2}


def test_an_exception_of_one_batch_is_raised_and_ends_the_others(journal):
    def broken(sent):
        raise RuntimeError("a fault of ours")

    provider = Scripted([accepted, broken])

    with pytest.raises(RuntimeError, match="a fault of ours"):
        hand_over_batches(batches(50, []), terms=terms(provider, journal, TestClock()), connections=1)
    assert len(provider.book) <= 4
    assert provider.open_connections == 0


def test_an_exception_of_whoever_renders_is_raised(journal):
    def rendered():
        yield Batch(0, parcels("a"))
        raise ValueError("no such block")

    with pytest.raises(ValueError, match="no such block"):
        hand_over_batches(rendered(), terms=terms(Scripted(), journal, TestClock()), connections=2)


def test_a_connection_is_lent_to_another_batch_while_the_answer_of_one_is_written_down(journal):
    provider, called_again = Scripted(), threading.Event()

    class Waiting:
        """Writes the first answer down once the second call has begun."""

        def create(self, key, content):
            if key == done_key("w", 0, 1):
                assert called_again.wait(timeout=30)
            if key == started_key("w", 1, 1):
                called_again.set()
            return journal.create(key, content)

        def __getattr__(self, name):
            return getattr(journal, name)

    tally = hand_over_batches(batches(2, []), terms=terms(provider, Waiting(), TestClock()), connections=1)

    assert (tally.outcomes, tally.calls) == ({"handed_over": 4}, 2)
