"""Faults that somebody could build into a sender, each one thing done otherwise than the protocol has it."""
# ruff: noqa: ARG002

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lettermill.delivery.journal import Journal
from lettermill.delivery.lease import Lease
from lettermill.delivery.provider import Answer, Parcel, Status
from lettermill.delivery.recovery import Settled
from tests.delivery.simulation.sender import Practice
from tests.delivery.simulation.world import ANY, Choices, MemoryJournal, Outbox, Row, SimConnection, SimProvider


class _Around:
    """A journal with one thing done otherwise."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        return self.journal.create(key, content)

    def read(self, key: str) -> dict[str, Any] | None:
        return self.journal.read(key)

    def keys(self, prefix: str) -> Sequence[str]:
        return self.journal.keys(prefix)

    def remove(self, prefix: str) -> int:
        return self.journal.remove(prefix)


class _WritesOver(_Around):
    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        if not self.journal.create(key, content):
            self.journal.write(key, content)
        return True


class _WritesOverWhatIsVoid(_Around):
    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        if not self.journal.create(key, content):
            if "voided" not in self.journal.marks[key]:
                return False
            self.journal.write(key, content)
        return True


class _LooksThenWrites(_Around):
    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        if self.journal.read(key) is not None:
            return False
        self.journal.stage.step()
        self.journal.write(key, content)
        return True


class _VoidsNothing(_Around):
    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        return True if "voided" in content else self.journal.create(key, content)


class _AnswersFirst(_Around):
    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        if key.endswith(".done"):
            return True
        is_ours = self.journal.create(key, content)
        if is_ours and key.endswith(".started"):
            accepted = [[str(Status.HANDED_OVER), None, None]] * len(content["messages"])
            self.journal.create(key.replace(".started", ".done"), {"outcomes": accepted})
        return is_ours


class _AsksTheFenceFirst(_Around):
    def __init__(self, journal: MemoryJournal, practice: "FenceBeforeTheMark") -> None:
        super().__init__(journal)
        self.practice = practice

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        if key.endswith(".started") and self.practice.choices:
            self.practice.seen = self.practice.choices.version_now()
        return self.journal.create(key, content)


class JournalThatWritesOver(Practice):
    def task_journal(self, journal: MemoryJournal) -> Journal:
        return _WritesOver(journal)


class JournalThatLooksAndThenWrites(Practice):
    def task_journal(self, journal: MemoryJournal) -> Journal:
        return _LooksThenWrites(journal)


class VoidThatDoesNotHold(Practice):
    def task_journal(self, journal: MemoryJournal) -> Journal:
        return _WritesOverWhatIsVoid(journal)


class RecoveryWithoutVoid(Practice):
    def settling_journal(self, journal: MemoryJournal) -> Journal:
        return _VoidsNothing(journal)


class UnknownOfferedAgain(Practice):
    def settled(self, one: Settled) -> Settled:
        return replace(one, state="planned") if one.state == "unknown" else one


class UnknownTakenForHandedOver(Practice):
    def settled(self, one: Settled) -> Settled:
        return replace(one, state="handed_over") if one.state == "unknown" else one


class DeferredLeftWhereItIs(Practice):
    def settled(self, one: Settled) -> Settled:
        return replace(one, state="claimed") if one.state == "planned" and one.attempt else one


class AnswerWrittenBeforeTheCall(Practice):
    def task_journal(self, journal: MemoryJournal) -> Journal:
        return _AnswersFirst(journal)


class FenceNotAsked(Practice):
    def fence(self, choices: Choices, version: int) -> bool:
        return True


class FenceBeforeTheMark(Practice):
    choices: Choices | None = None
    seen: int | None = None

    def task_journal(self, journal: MemoryJournal) -> Journal:
        return _AsksTheFenceFirst(journal, self)

    def fence(self, choices: Choices, version: int) -> bool:
        self.choices = choices
        return self.seen in (None, version)


class LeaseIgnored(Practice):
    def to_recover(self, journal: Journal, claimed: Iterable[str], now: float) -> Sequence[str]:
        return sorted(claimed)

    def takes_over(self, lease: Lease) -> bool:
        return True


class ClaimOverOtherCommits(Practice):
    def claim_version(self, version: int) -> int:
        return ANY


class GuardNotAsked(Practice):
    def guard(self, journal: Journal, outbox: Outbox) -> None: ...


class SettledWhoeverHasIt(Practice):
    def still_belongs(self, row: Row, wave: str, batch: int | None, state: str) -> bool:
        return True


class _CutsTakenForRefusals(SimConnection):
    def send(self, parcels: Sequence[Parcel], **called: Any) -> Answer:
        answer = super().send(parcels, **called)
        refused = [
            replace(one, status=Status.DEFERRED) if one.status == Status.UNKNOWN else one for one in answer.outcomes
        ]
        return replace(answer, outcomes=tuple(refused))


class CutTakenForARefusal(Practice):
    def connection(self, provider: SimProvider) -> SimConnection:
        return _CutsTakenForRefusals(provider)


PLANTED = {practice.__name__: practice for practice in Practice.__subclasses__()}
