"""A sender, as a job puts the protocol together: recover, fence and claim under a lease, hand over in tasks, settle."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from lettermill.delivery.account_sharing import AccountShare, account_of
from lettermill.delivery.breaker import Breaker, RetryBudget
from lettermill.delivery.guard import Standing, note_settled, require_not_restored, waves_to_note
from lettermill.delivery.handing import Batch, Terms, hand_over_batch
from lettermill.delivery.journal import Journal
from lettermill.delivery.lease import Lease
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.pace import Pace
from lettermill.delivery.provider import Parcel
from lettermill.delivery.recovery import Settled, begin_wave, close_wave, late_answers, settled_wave, waves_to_recover
from lettermill.delivery.stopping import Stopping
from lettermill.errors import DeliveryError
from lettermill.patience import Patience
from tests.delivery.simulation.stage import Actor, Stage
from tests.delivery.simulation.witness import TaskConnection, Witness
from tests.delivery.simulation.world import Choices, MemoryJournal, Outbox, Row, SimConnection, SimProvider

LEASE_SECONDS = 30.0
BATCH = 4
WAVE = 8
CAP = 1
"""Messages to one person, over all campaigns."""
COUNTED = ("claimed", "handed_over", "unknown", "confirmed")
PATIENCE = Patience(attempts=3, base_seconds=0.5, cap_seconds=4.0, throttled_seconds=2.0)


class Practice:
    """How the senders go about it. A planted fault does one thing otherwise."""

    def task_journal(self, journal: MemoryJournal) -> Journal:
        return journal

    def settling_journal(self, journal: MemoryJournal) -> Journal:
        return journal

    def fence(self, choices: Choices, version: int) -> bool:
        return choices.version_now() == version

    def to_recover(self, journal: Journal, claimed: Iterable[str], now: float) -> Sequence[str]:
        return waves_to_recover(journal, claimed, now=now)

    def guard(self, journal: Journal, outbox: Outbox) -> None:
        def rows_of(ids: Sequence[str]) -> Mapping[str, Standing]:
            _, rows = outbox.read()
            return {one: rows[one].standing for one in ids if one in rows}

        require_not_restored(
            journal,
            version_now=lambda: outbox.read()[0],
            commit_time_of=outbox.commit_time,
            rows_of=rows_of,
        )

    def takes_over(self, lease: Lease) -> bool:
        return lease.acquire()

    def close(self, journal: Journal, wave: str, *, by: str, at: float) -> None:
        close_wave(journal, wave, by=by, at=at)

    def settled(self, one: Settled) -> Settled:
        return one

    def still_belongs(self, row: Row, wave: str, batch: int | None, state: str) -> bool:
        return (row.wave, row.batch, row.state) == (wave, batch, state)

    def claim_version(self, version: int) -> int:
        return version

    def connection(self, provider: SimProvider) -> SimConnection:
        return provider.connect()


@dataclass
class World:
    stage: Stage
    outbox: Outbox
    journal: MemoryJournal
    choices: Choices
    provider: SimProvider
    witness: Witness
    practice: Practice
    not_after: float
    refusals: list[str] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    wave: int = WAVE
    batch: int = BATCH


def waves_of(rows: Iterable[Row], state: str) -> set[str]:
    return {row.wave for row in rows if row.state == state and row.wave}


@dataclass
class Sender:
    """One process of one campaign, under a name of its own."""

    world: World
    name: str
    campaign: str
    waves: int = 0

    def __call__(self) -> None:
        try:
            while self._one_wave():
                pass
        except DeliveryError as refused:
            if "was restored" not in refused.problem:
                raise
            self.world.refusals.append(refused.problem)

    def _one_wave(self) -> bool:
        """Recover, and send one wave; whether there may be more to do."""
        world = self.world
        lease = self._lease("leases/claim")
        if not lease.acquire():
            world.stage.sleep(5.0)
            return True
        world.practice.guard(world.journal, world.outbox)
        is_waiting = self._recover()
        wave = f"{self.name}-{self.waves}"
        self.waves += 1
        own = self._lease(wave_lease(wave))
        claimed = self._claim(wave, own)
        lease.release()
        if claimed is None:
            return True
        consents, batches = claimed
        if not batches:
            world.stage.sleep(10.0)
            return is_waiting
        if self._hand_over(wave, batches, consents, own):
            self._settle(wave)
            own.release()
        return True

    def _lease(self, prefix: str) -> Lease:
        return Lease(self.world.journal, prefix, self.name, LEASE_SECONDS, self.world.stage)

    def _recover(self) -> bool:
        """Settle what others left; whether somebody else still has messages in hand."""
        world = self.world
        _, rows = world.outbox.read()
        claimed = waves_of(rows.values(), "claimed")
        for wave in world.practice.to_recover(world.journal, claimed, world.stage.time()):
            own = self._lease(wave_lease(wave))
            if world.practice.takes_over(own):
                self._settle(wave)
                own.release()
        _, rows = world.outbox.read()
        still = waves_of(rows.values(), "claimed")
        for wave in waves_to_note(world.journal, claimed=sorted(still)):
            if self._lease(wave_lease(wave)).acquire():
                world.practice.close(world.journal, wave, by=self.name, at=world.stage.time())
                self._note(wave)
        for wave in sorted(waves_of(rows.values(), "unknown")):
            self._hear_late(wave)
        return bool(still)

    def _claim(self, wave: str, own: Lease) -> tuple[int, Mapping[int, list[str]]] | None:
        """Fence what is planned and claim the rest, in one commit; null where another commit came between."""
        world = self.world
        consents, opted_out = world.choices.read()
        version, rows = world.outbox.read()
        world.practice.guard(world.journal, world.outbox)
        if waves_to_note(world.journal, claimed=sorted(waves_of(rows.values(), "claimed"))):
            world.stage.sleep(5.0)  # somebody is between settling a wave and its note
            return None
        per_person = Counter(row.person for row in rows.values() if row.state in COUNTED)
        changed: list[Row] = []
        batches: defaultdict[int, list[str]] = defaultdict(list)
        for row in sorted(rows.values(), key=lambda row: row.message_id):
            if row.state != "planned" or row.campaign != self.campaign:
                continue
            is_late = world.stage.time() >= world.not_after
            if row.person in opted_out or per_person[row.person] >= CAP or is_late:
                changed.append(replace(row, state="suppressed", reason="fence"))
            elif len(changed) < world.wave:
                batch = len(changed) // world.batch
                per_person[row.person] += 1
                batches[batch].append(row.message_id)
                changed.append(replace(row, state="claimed", wave=wave, batch=batch, reason=None))
        if batches:
            begin_wave(world.journal, wave, batches=max(batches) + 1)
            if not own.acquire():
                return None
        if changed and world.outbox.commit(changed, if_version=world.practice.claim_version(version)) is None:
            return None
        return consents, batches

    def _hand_over(self, wave: str, batches: Mapping[int, list[str]], consents: int, own: Lease) -> bool:
        """Spawn a task for each batch, sometimes two, and wait for them; false where the wave was lost meanwhile."""
        world = self.world
        tasks: list[Actor] = []
        for batch, message_ids in batches.items():
            for copy in range(1 + (world.stage.chance.random() < 0.15)):
                name = f"{wave}/{batch}/{copy}"
                tasks.append(world.stage.spawn(name, self._task(wave, batch, message_ids, consents)))
        for _ in range(60):
            world.stage.sleep(2.0)
            if not own.renew():
                return False
            if not any(task.is_alive for task in tasks):
                break
        return True

    def _task(self, wave: str, batch: int, message_ids: Sequence[str], consents: int):
        world = self.world

        def task() -> None:
            journal = world.practice.task_journal(world.journal)
            provider = world.provider
            pace = Pace(provider.limits, share=1.0, clock=world.stage)
            terms = Terms(
                wave=wave,
                provider=provider,
                journal=journal,
                fence=lambda: world.practice.fence(world.choices, consents),
                not_after=world.not_after,
                clock=world.stage,
                chance=world.stage.chance.random,
                patience=PATIENCE,
                account=AccountShare(account_of(provider, journal), wave, pace, world.stage),
                breaker=Breaker(world.stage, failures=2, cooling_seconds=3.0, openings=3),
                budget=RetryBudget(floor=3),
                stop=Stopping(journal, wave, world.stage),
            )
            parcels = [Parcel(one, "", b"{}") for one in message_ids]
            tally = hand_over_batch(
                Batch(batch, parcels),
                lent=lambda: nullcontext(TaskConnection(world.practice.connection(provider), world.witness)),
                terms=terms,
            )
            world.notices.update(tally.endings)

        return task

    def _settle(self, wave: str) -> None:
        world = self.world
        batches = self._batches(wave, "claimed")
        journal = world.practice.settling_journal(world.journal)
        settled = list(settled_wave(journal, wave, batches.items(), by=self.name, at=world.stage.time()))
        world.witness.require_gone([one.message_id for one in settled if one.state == "unknown"])
        self._merge([world.practice.settled(one) for one in settled], wave, batches, state="claimed")
        self._note(wave)

    def _hear_late(self, wave: str) -> None:
        world = self.world
        batches = self._batches(wave, "unknown")
        journal = world.practice.settling_journal(world.journal)
        heard = list(late_answers(journal, wave, batches.items(), by=self.name, at=world.stage.time()))
        world.notices["late"] += len(heard)
        if heard:  # their calls were counted when the wave was settled
            self._merge([replace(one, attempt=0) for one in heard], wave, batches, state="unknown")

    def _batches(self, wave: str, state: str) -> Mapping[int, list[str]]:
        _, rows = self.world.outbox.read()
        batches: defaultdict[int, list[str]] = defaultdict(list)
        for row in rows.values():
            if (row.state, row.wave) == (state, wave) and row.batch is not None:
                batches[row.batch].append(row.message_id)
        return batches

    def _merge(self, settled: Iterable[Settled], wave: str, batches: Mapping[int, list[str]], *, state: str) -> None:
        """One MERGE, of the rows that are still as they were read."""
        of = {one: batch for batch, message_ids in batches.items() for one in message_ids}

        def changes(rows: Mapping[str, Row]) -> Iterable[Row]:
            for one in settled:
                row = rows[one.message_id]
                if self.world.practice.still_belongs(row, wave, of[one.message_id], state):
                    yield replace(row, state=one.state, attempt=row.attempt + one.attempt, reason=one.reason)

        self.world.outbox.merge(changes)

    def _note(self, wave: str) -> None:
        world = self.world
        version, rows = world.outbox.read()
        called = {one: row.standing for one, row in rows.items() if row.wave == wave and row.attempt}
        world.practice.guard(world.journal, world.outbox)
        note_settled(
            world.journal,
            wave,
            version=version,
            committed_at=world.outbox.commit_time(version),
            rows=called,
            not_after=world.not_after,
        )
