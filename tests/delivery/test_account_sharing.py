"""Whoever calls one account keeps to its rates together, and to what any of them was told to wait."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from lettermill.delivery.account_sharing import AccountShare, account_of
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Limits
from lettermill.patience import Rate
from tests.delivery.simulation.stage import Stage
from tests.delivery.simulation.witness import Witness
from tests.delivery.simulation.world import MemoryJournal

LEASE_SECONDS = 5.0
THREADS = 6


@dataclass
class Braze:
    limits: Limits = field(default_factory=lambda: Limits(messages=1, bytes=1_000, calls=(Rate(100, 1.0),)))
    name: str = "braze"


@dataclass
class Office:
    """Senders that call one account from processes of their own, which share the journal alone."""

    stage: Stage = field(default_factory=lambda: Stage(Random(7), crashes=0.0, naps=0.0, switches=0.0, nap_seconds=0.0))
    calls: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self):
        self.start = self.stage.now
        self.journal = MemoryJournal(self.stage, Witness(self.stage))

    def share(self, wave, *, provider=None, tasks=1):
        provider = provider or Braze()
        pace = Pace(provider.limits, share=1 / tasks, clock=self.stage)
        return AccountShare(account_of(provider, self.journal), wave, pace, self.stage)

    def send(self, wave, *, begins=0.0, lasts=10.0, is_killed=False, tasks=2, provider=None):
        """A wave whose driver is counted as long as it lasts; whose driver is killed, does not say goodbye."""
        self.calls[wave] = []
        end = self.start + begins + lasts

        def driver():
            account = account_of(provider or Braze(), self.journal)
            presence = account.presence(wave, seconds=LEASE_SECONDS, clock=self.stage)
            presence.acquire()
            while self.stage.now < end:
                self.stage.sleep(LEASE_SECONDS / 3)
                presence.renew()
            if not is_killed:
                account.leave(wave)

        def thread(share):
            while self.stage.now < end:
                share.pace.take(1)
                share.look()
                self.calls[wave].append(self.stage.now - self.start)
                self.stage.sleep(0.03)

        self.stage.spawn(wave, driver, after=begins)
        for _ in range(tasks):
            share = self.share(wave, provider=provider, tasks=tasks)
            for _ in range(THREADS):
                self.stage.spawn(wave, lambda share=share: thread(share), after=begins + 0.1)

    def by_second(self, *waves):
        return Counter(int(at) for wave in waves for at in self.calls[wave])


def test_two_senders_have_half_of_an_account_each_and_never_more_than_it_allows_together():
    office = Office()
    office.send("spring")
    office.send("summer")
    office.stage.run()

    together = office.by_second("spring", "summer")
    assert max(together.values()) <= 100
    assert min(together[second] for second in range(1, 9)) >= 90
    assert min(office.by_second("spring")[second] for second in range(1, 9)) >= 45


def test_who_stays_takes_what_another_leaves():
    office = Office()
    office.send("spring", lasts=10.0)
    office.send("summer", begins=3.0, lasts=3.0)
    office.stage.run()

    spring = office.by_second("spring")
    assert (spring[2] >= 90, spring[5] <= 50, spring[8] >= 90) == (True, True, True)
    assert max(office.by_second("spring", "summer")[second] for second in (1, 2, 4, 5, 7, 8)) <= 100


def test_whoever_was_killed_is_counted_until_the_lease_ends_and_forgotten_later():
    office = Office()
    office.send("summer", lasts=1.0, is_killed=True)
    office.send("spring", lasts=12.0)
    office.stage.run()
    account = account_of(Braze(), office.journal)
    marks = office.journal.keys(f"{account.folder}senders/summer")
    present = account.present(office.stage.now + 7_200.0)

    spring = office.by_second("spring")
    assert (spring[3] <= 50, spring[10] >= 90) == (True, True)
    assert (bool(marks), present, office.journal.keys(account.folder)) == (True, set(), [])


def test_calls_that_a_provider_counts_apart_are_shared_apart():
    office = Office()
    office.send("spring", lasts=4.0)
    office.send("sync", lasts=4.0, provider=Braze(Limits(messages=75, bytes=1_000, calls=(Rate(50, 1.0),))))
    office.stage.run()

    assert (office.by_second("spring")[2], office.by_second("sync")[2]) == (pytest.approx(98, abs=3), 49)


def test_what_one_is_told_to_wait_all_wait_and_a_shorter_wish_shortens_nothing():
    office = Office()
    spring, other, summer = office.share("spring", tasks=2), office.share("spring", tasks=2), office.share("summer")
    waited = {}

    def told():
        spring.pause(30.0)
        other.pause(5.0)
        for name, share in {"spring": spring, "other": other, "summer": summer}.items():
            share.look()
            waited[name] = share.pace.is_paused
        office.stage.sleep(29.0)
        waited["late"] = office.share("autumn")
        waited["late"].look()
        waited["late"] = waited["late"].pace.is_paused
        office.stage.sleep(2.0)
        waited["afterwards"] = summer.pace.is_paused

    office.stage.spawn("told", told)
    office.stage.run()

    assert waited == {"spring": True, "other": True, "summer": True, "late": True, "afterwards": False}


def test_of_wishes_only_the_longest_is_kept():
    office = Office()
    share = office.share("spring")

    def told():
        for seconds in (1.0, 30.0, 2.0, 0.0):
            share.pause(seconds)

    office.stage.spawn("told", told)
    office.stage.run()
    marks = [float(key.rpartition("/")[2]) / 1_000 - office.start for key in office.journal.keys("accounts/")]

    assert marks == [pytest.approx(30.0, abs=0.1)]
