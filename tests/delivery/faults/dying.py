"""What a sender talks to, wrapped: at one step of the protocol the process that comes to it is gone at once."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from pyspark.sql import DataFrame

from lettermill.delivery.journal import Journal
from lettermill.delivery.provider import Answer, Call, Connection, Limits, Message, Outcome, Parcel, Provider
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.stores.store import Put, Store
from lettermill.lake import Lake
from lettermill.tables import Table

Side = Literal["before", "after"]


@dataclass(frozen=True)
class Operation:
    """The `nth` operation of a kind whose key matches `of`, counted in each process."""

    kind: str
    of: str = ""
    nth: int = 1


OPERATIONS: Mapping[str, Operation] = {
    "claim lease": Operation("create", r"^leases/claim/"),
    "ledger post of the plan": Operation("add", r"^delivery\.ledger$"),
    "begin wave": Operation("create", r"^waves/[^/]+/batches$"),
    "wave lease": Operation("create", r"^leases/waves/"),
    "claim commit": Operation("move"),
    "claim lease kept": Operation("create", r"^leases/claim/", 2),
    "started mark": Operation("create", r"\.started$", 4),
    "call": Operation("send", nth=4),
    "done mark": Operation("create", r"\.done$", 4),
    "retry": Operation("retry", r"\.started$"),
    "settle commit": Operation("move", nth=2),
    "ledger post": Operation("add", r"^delivery\.ledger$", 2),
    "settled note": Operation("create", r"^settled/"),
    "wave lease given up": Operation("release", r"^leases/waves/"),
    "manifest": Operation("put", r"manifest"),
}
"""The steps of a send, in its order. A retry is a started mark that names a message which a mark before it named."""

_counting = Lock()
_met: Counter[str] = Counter()
_named: set[str] = set()


@dataclass(frozen=True)
class Death:
    """The end of a process, on a side of an operation; `certificate` is a file that says it came about."""

    operation: Operation
    side: Side
    certificate: Path

    def around(self, side: Side, kind: str, key: str = "") -> None:
        """Die here, if this is the place."""
        if side != self.side or kind != self.operation.kind or not re.search(self.operation.of, key):
            return
        with _counting:  # threads of one task come by together
            _met[side] += 1
            is_here = _met[side] == self.operation.nth
        if is_here:
            self.certificate.touch()
            os._exit(9)


@dataclass(frozen=True)
class DyingJournal:
    journal: Journal
    death: Death

    def create(self, key: str, content: Mapping[str, Any]) -> bool:
        kinds = ["create", *_kinds_of(key, content)]
        for kind in kinds:
            self.death.around("before", kind, key)
        is_ours = self.journal.create(key, content)
        for kind in kinds:
            self.death.around("after", kind, key)
        return is_ours

    def read(self, key: str) -> dict[str, Any] | None:
        return self.journal.read(key)

    def keys(self, prefix: str) -> Sequence[str]:
        return self.journal.keys(prefix)

    def remove(self, prefix: str) -> int:
        return self.journal.remove(prefix)


def _kinds_of(key: str, content: Mapping[str, Any]) -> list[str]:
    """What else a mark is, beside one that is created."""
    found = ["release"] if content.get("kind") == "released" else []
    messages = set(content.get("messages", ()))
    if key.endswith(".started") and messages & _named:
        found.append("retry")
    _named.update(messages)
    return found


@dataclass(frozen=True)
class DyingProvider:
    provider: Provider
    death: Death

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def limits(self) -> Limits:
        return self.provider.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        return self.provider.pack(message, at=at)

    def connect(self) -> Connection:
        return _DyingConnection(self.provider.connect(), self.death)


@dataclass(frozen=True)
class _DyingConnection:
    connection: Connection
    death: Death

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:
        self.death.around("before", "send")
        answer = self.connection.send(parcels, call=call)
        self.death.around("after", "send")
        return answer

    def renew(self) -> None:
        self.connection.renew()

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:
        return self.connection.lookup(message_ids, call=call)

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True)
class DyingLake(Lake):
    death: Death | None = None

    def move(self, rows: DataFrame, *, of: Table, seen: Sequence[str], at: int | None = None) -> bool:
        assert self.death
        self.death.around("before", "move", of.name)
        is_ours = super().move(rows, of=of, seen=seen, at=at)
        self.death.around("after", "move", of.name)
        return is_ours

    def add(self, rows: DataFrame, *, to: Table, above: Mapping[str, int] | None = None) -> None:
        assert self.death
        self.death.around("before", "add", to.name)
        super().add(rows, to=to, above=above)
        self.death.around("after", "add", to.name)


@dataclass(frozen=True)
class DyingAccount(Account):
    """Payload files whose manifest is a step."""

    death: Death | None = field(default=None, repr=False)

    def manifest_store(self, credentials: Mapping[str, Any]) -> Store:
        assert self.death
        return _DyingStore(super().manifest_store(credentials), self.death)


@dataclass(frozen=True)
class _DyingStore:
    store: Store
    death: Death

    def put(self, name: str, content: bytes) -> Put:
        self.death.around("before", "put", name)
        put = self.store.put(name, content)
        self.death.around("after", "put", name)
        return put

    def get(self, name: str) -> bytes | None:
        return self.store.get(name)

    def checksum(self, name: str) -> str | None:
        return self.store.checksum(name)

    def names(self, prefix: str = "") -> Sequence[str]:
        return self.store.names(prefix)

    def close(self) -> None:
        self.store.close()
