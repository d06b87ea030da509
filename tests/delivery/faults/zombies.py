"""A worker that is stopped for two leases while it hands a wave over, and wakes up when another sender has recovered.

Worker, provider and their book are real processes; the outbox is the simulation's, which the one who recovers holds.
"""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import Pipe, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from lettermill.clocks import SystemClock
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.lease import Lease, newest_of
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.recovery import late_answers, settled_wave, waves_to_recover
from tests.delivery.faults.booked_provider import Booked, booked_provider
from tests.delivery.faults.journeys import until
from tests.delivery.faults.verdict import Found, ambiguous, compared
from tests.delivery.faults.wave_worker import hand_over_wave
from tests.delivery.simulation.stage import Stage
from tests.delivery.simulation.world import ANY, Outbox, Row

BATCH = 100
CAMPAIGN = "spring"
WAKES = ("once recovered", "while others hand over", "when all is over")


def outlived(folder: Path, *, messages: int, seed: int, lease_seconds: float = 0.6) -> Found:
    """Stop a worker somewhere, recover its wave, hand the rest over, wake it at some point, and look at the book."""
    chance = Random(seed)
    with booked_provider(folder / "book", seed=seed, delay=0.05) as provider:
        return _Case(folder, provider, messages, chance, lease_seconds).run()


def _tell(worker: BaseProcess, number: int) -> None:
    assert worker.pid
    os.kill(worker.pid, number)


def _require_end(worker: BaseProcess) -> None:
    worker.join()
    assert worker.exitcode == 0


class _Case:
    def __init__(self, folder: Path, provider: Booked, messages: int, chance: Random, lease_seconds: float) -> None:
        self.folder, self.provider, self.chance, self.lease_seconds = folder, provider, chance, lease_seconds
        self.journal, self.clock = LocalJournal(folder / "journal"), SystemClock()
        rows = [Row(f"{CAMPAIGN}-p{number:05d}", f"p{number:05d}", CAMPAIGN) for number in range(messages)]
        self.outbox = Outbox(Stage(Random(0), crashes=0, naps=0, switches=0, nap_seconds=0), rows)
        self.waves: list[str] = []

    def run(self) -> Found:
        wakes = self.chance.choice(WAKES)
        zombie = self._worker()
        self._stop_somewhere(zombie)
        until(lambda: waves_to_recover(self.journal, self.waves, now=time.time()), what="the lease does not end")
        twice = self._until_of(self.waves[0]) + self.lease_seconds
        until(lambda: time.time() >= twice, what="two leases")
        self._settle(self.waves[0])
        if wakes == "once recovered":
            _tell(zombie, signal.SIGCONT)
        while self._is_planned():
            other = self._worker()
            if wakes == "while others hand over" and len(self.waves) == 2:
                self._until_called(other, times=1)
                _tell(zombie, signal.SIGCONT)
            self._end(other)
        _tell(zombie, signal.SIGCONT)
        _require_end(zombie)
        self._settle(self.waves[0])  # as the one who woke up does
        for wave in self.waves:
            self._hear_late(wave)
        while self._is_planned():  # what the zombie heard may be a definite refusal
            self._end(self._worker())
        states = {one: row.state for one, row in self.outbox.rows.items()}
        return compared(states, book=self.provider.messages(), ambiguous=ambiguous(self.folder / "journal"))

    def _is_planned(self) -> bool:
        return any(row.state == "planned" for row in self.outbox.rows.values())

    def _end(self, worker: BaseProcess) -> None:
        """Wait until the newest wave is handed over, and settle it."""
        _require_end(worker)
        self._settle(self.waves[-1])

    def _worker(self) -> BaseProcess:
        """Begin a wave of all that is planned, claim it, and let a worker hand it over."""
        wave = f"{CAMPAIGN}.{len(self.waves) + 1:05d}"
        planned = sorted(one for one, row in self.outbox.rows.items() if row.state == "planned")
        batches = {number + 1: planned[at : at + BATCH] for number, at in enumerate(range(0, len(planned), BATCH))}
        ours, theirs = Pipe()
        given = (self.folder / "journal", self.provider.url, wave, batches, self.lease_seconds, theirs)
        worker = get_context("fork").Process(target=hand_over_wave, args=given)
        worker.start()
        assert ours.recv(), "somebody else has the wave"
        self.waves.append(wave)
        rows = self.outbox.rows
        claimed = [replace(rows[one], state="claimed", wave=wave, batch=n) for n, ids in batches.items() for one in ids]
        self.outbox.commit(claimed, if_version=ANY)
        ours.send("go")
        return worker

    def _stop_somewhere(self, worker: BaseProcess) -> None:
        calls = sum(row.state == "claimed" for row in self.outbox.rows.values()) // 50
        enough = self.chance.randint(1, max(1, calls - 4))
        self._until_called(worker, times=enough)
        _tell(worker, signal.SIGSTOP)
        assert worker.is_alive(), "it had ended before it could be stopped"

    def _until_called(self, worker: BaseProcess, *, times: int) -> None:
        """Wait until so many calls of the newest wave have begun, or its worker has ended."""
        until(lambda: self._started() >= times or not worker.is_alive(), what="nobody calls")

    def _started(self) -> int:
        return sum(key.endswith(".started") for key in self.journal.keys(f"waves/{self.waves[-1]}/"))

    def _until_of(self, wave: str) -> float:
        holding = newest_of(self.journal, wave_lease(wave))
        assert holding
        return holding.until

    def _settle(self, wave: str) -> None:
        lease = Lease(self.journal, wave_lease(wave), "recovery", self.lease_seconds, self.clock)
        lease.acquire()
        batches = self._batches(wave, "claimed")
        settled = list(settled_wave(self.journal, wave, batches.items(), by="recovery", at=time.time()))
        self._move({one.message_id: (one.state, one.attempt) for one in settled}, wave=wave, before="claimed")
        lease.release()

    def _hear_late(self, wave: str) -> None:
        batches = self._batches(wave, "unknown")
        late = late_answers(self.journal, wave, batches.items(), by="recovery", at=time.time())
        self._move({one.message_id: (one.state, 0) for one in late}, wave=wave, before="unknown")

    def _batches(self, wave: str, state: str) -> Mapping[int, list[str]]:
        batches: defaultdict[int, list[str]] = defaultdict(list)
        for one, row in self.outbox.rows.items():
            if (row.state, row.wave) == (state, wave) and row.batch is not None:
                batches[row.batch].append(one)
        return batches

    def _move(self, settled: Mapping[str, tuple[str, int]], *, wave: str, before: str) -> None:
        def changes(rows: Mapping[str, Row]) -> list[Row]:
            return [
                replace(rows[one], state=state, attempt=rows[one].attempt + calls)
                for one, (state, calls) in settled.items()
                if (rows[one].state, rows[one].wave) == (before, wave)
            ]

        self.outbox.merge(changes)
