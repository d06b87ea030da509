"""What senders talk to: an outbox with versions, a journal, choices of people, and a provider that keeps a book."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lettermill.delivery.guard import Standing
from lettermill.delivery.provider import Answer, Call, Limits, Message, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.states import is_allowed
from tests.delivery.simulation.stage import Stage
from tests.delivery.simulation.witness import Witness

ANY = -1
"""In place of a version: commit whatever came between."""


@dataclass(frozen=True)
class Row:
    message_id: str
    person: str
    campaign: str
    state: str = "planned"
    attempt: int = 0
    wave: str | None = None
    batch: int | None = None
    reason: str | None = None

    @property
    def standing(self) -> Standing:
        return Standing(self.state, self.attempt, self.wave)


class Outbox:
    """Rows by message_id. A commit is whole or not at all; only transitions that are listed happen."""

    def __init__(self, stage: Stage, rows: Iterable[Row]) -> None:
        self.stage = stage
        self.rows = {row.message_id: row for row in rows}
        self.version = 0
        self.history = [(stage.now, dict(self.rows))]

    def read(self) -> tuple[int, dict[str, Row]]:
        self.stage.step()
        return self.version, dict(self.rows)

    def commit(self, changed: Iterable[Row], *, if_version: int) -> int | None:
        """The new version; null where another commit came before (serialisable isolation)."""
        self.stage.step()
        if if_version not in (ANY, self.version):
            return None
        version = self._write(changed)
        self.stage.step()
        return version

    def merge(self, changes: Callable[[Mapping[str, Row]], Iterable[Row]]) -> int:
        """Rows computed from those that are there at the commit."""
        self.stage.step()
        version = self._write(list(changes(self.rows)))
        self.stage.step()
        return version

    def _write(self, changed: Iterable[Row]) -> int:
        for row in changed:
            before = self.rows[row.message_id]
            assert before.state == row.state or is_allowed(before.state, row.state), (before, row)
            self.rows[row.message_id] = row
        self._note()
        return self.version

    def commit_time(self, version: int) -> datetime:
        return datetime.fromtimestamp(self.history[version][0], UTC)

    def restore(self, version: int) -> None:
        self.rows = dict(self.history[version][1])
        self._note()

    def _note(self) -> None:
        self.version += 1
        self.history.append((self.stage.now, dict(self.rows)))


class MemoryJournal:
    """Marks in a dict, and a witness who is told of each."""

    def __init__(self, stage: Stage, witness: Witness) -> None:
        self.stage, self.witness = stage, witness
        self.marks: dict[str, Mapping[str, Any]] = {}
        self._sorted: list[str] = []

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        self.stage.step()
        is_ours = key not in self.marks
        if is_ours:
            self.write(key, content)
        self.stage.step()
        return is_ours

    def write(self, key: str, content: Mapping[str, Any]) -> None:
        if key not in self.marks:
            insort(self._sorted, key)
        self.marks[key] = content
        self.witness.written(key, content)

    def read(self, key: str) -> dict[str, Any] | None:
        self.stage.step()
        found = self.marks.get(key)
        return None if found is None else dict(found)

    def keys(self, prefix: str) -> Sequence[str]:
        self.stage.step()
        return self._sorted[bisect_left(self._sorted, prefix) : bisect_left(self._sorted, prefix + "~")]

    def remove(self, prefix: str) -> int:
        self.stage.step()
        gone = [key for key in self._sorted if key == prefix or key.startswith(prefix.rstrip("/") + "/")]
        for key in gone:
            del self.marks[key]
            self._sorted.remove(key)
        return len(gone)


class Choices:
    """Who wants no mail any more; `version` grows with every choice."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.version = 0
        self.opted_out: dict[str, int] = {}

    def opt_out(self, person: str) -> None:
        self.stage.step()
        self.opted_out.setdefault(person, self.stage.steps)
        self.version += 1

    def read(self) -> tuple[int, set[str]]:
        self.stage.step()
        return self.version, set(self.opted_out)

    def version_now(self) -> int:
        self.stage.step()
        return self.version


class SimProvider:
    """Accepts, refuses, throttles and fails by chance, and writes into its book what it accepted."""

    name = "simulated"

    def __init__(self, stage: Stage, *, faults: float, messages: int = 3) -> None:
        self.stage, self.faults = stage, faults
        self.limits = Limits(messages=messages, bytes=10_000)
        self.book: defaultdict[str, int] = defaultdict(int)

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        raise NotImplementedError

    def connect(self) -> "SimConnection":
        return SimConnection(self)


@dataclass
class SimConnection:
    provider: SimProvider

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002
        provider, stage = self.provider, self.provider.stage
        chance = stage.chance
        stage.step()
        answer = self._decided(parcels, chance.random() < provider.faults, chance.random())
        stage.step()
        return answer

    def _decided(self, parcels: Sequence[Parcel], is_faulty: bool, fate: float) -> Answer:
        kinds = (
            self._throttled,
            self._failed,
            self._cut_before,
            self._cut_after,
            self._partly,
            self._expired,
            self._partly,
            self._blocked,
        )
        if not is_faulty:
            return self._accepted(parcels)
        return kinds[int(fate * len(kinds))](parcels)

    def _accepted(self, parcels: Sequence[Parcel]) -> Answer:
        for parcel in parcels:
            self.provider.book[parcel.message_id] += 1
        return answered(parcels, Status.HANDED_OVER, reference="r")

    def _throttled(self, parcels: Sequence[Parcel]) -> Answer:
        return answered(parcels, Status.DEFERRED, reason="too many", signal=Signal.THROTTLED, wait=3.0)

    def _failed(self, parcels: Sequence[Parcel]) -> Answer:
        return answered(parcels, Status.DEFERRED, reason="503", signal=Signal.FAILING)

    def _cut_before(self, parcels: Sequence[Parcel]) -> Answer:
        return answered(parcels, Status.UNKNOWN, reason="cut off", signal=Signal.FAILING)

    def _cut_after(self, parcels: Sequence[Parcel]) -> Answer:
        self._accepted(parcels)
        return self._cut_before(parcels)

    def _partly(self, parcels: Sequence[Parcel]) -> Answer:
        outcomes = []
        for parcel in parcels:
            status = (Status.HANDED_OVER, Status.REJECTED, Status.DEFERRED)[
                int(self.provider.stage.chance.random() * 3)
            ]
            if status == Status.HANDED_OVER:
                self.provider.book[parcel.message_id] += 1
            outcomes.append(Outcome(parcel.message_id, status))
        return Answer(tuple(outcomes))

    def _expired(self, parcels: Sequence[Parcel]) -> Answer:
        return answered(parcels, Status.DEFERRED, reason="expired", signal=Signal.EXPIRED)

    def _blocked(self, parcels: Sequence[Parcel]) -> Answer:
        return answered(parcels, Status.DEFERRED, reason="quota", signal=Signal.BLOCKED)

    def renew(self) -> None:
        self.provider.stage.step()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002
        return [Outcome(one, Status.UNKNOWN) for one in message_ids]

    def close(self) -> None: ...
