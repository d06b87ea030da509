"""Reading a subscription: each portion is acknowledged once its rows are stored, and not before."""

import base64
import binascii
import json
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from lettermill.errors import InputError
from lettermill.ingest.portions import Portion, Position, PulledRow
from lettermill.ingest.pubsub.subscription import Leases, Subscription, Wait
from lettermill.patience import Clock


@dataclass
class PubSubReader:
    """Portions of one subscription. Google keeps the position, so ours only names the subscription.

    A row's origin is the subscription's name and the message's id. A message that comes again within a run, because its
    acknowledgement was lost, is acknowledged again and not stored. One that comes again in a later run, because the run
    before was killed between its commit and its acknowledgement, is a row of its own, and checks find the duplicate.
    """

    subscription: Subscription
    clock: Clock
    wait: Wait
    notes: list[str] = field(default_factory=list)
    _stored: set[str] = field(default_factory=set)
    _counts: dict[str, int] = field(default_factory=lambda: {"messages": 0, "redelivered": 0, "not_acknowledged": 0})
    _leases: Leases = field(init=False)

    def __post_init__(self) -> None:
        self._leases = Leases(self.subscription, self.wait)

    @property
    def repeats(self) -> Literal["never", "by key", "by content"]:
        return "never"

    @property
    def counts(self) -> dict[str, int]:
        return {**self._counts, **self._leases.counts}

    def portions(self, position: Position | None) -> Generator[Portion, None, None]:  # noqa: ARG002 (Google keeps it)
        """Read until there is nothing left, or only what came after the run began."""
        declared, began = self.subscription.declared, self.clock.time()
        empty, is_old = 0, True
        with self._leases:
            while empty < declared.empty_pulls and is_old:
                rows: dict[str, PulledRow] = {}
                ids: list[str] = []
                size = 0
                while len(rows) < declared.rows_per_commit and size < declared.bytes_per_commit:
                    pulled = self._pulled(rows, ids)
                    empty = 0 if pulled else empty + 1
                    is_old = not pulled or any(row.received_at.timestamp() < began for row in pulled)
                    size += sum(len(row.raw) for row in pulled)
                    if not is_old or not pulled:
                        break
                if rows:
                    yield Portion(
                        tuple(rows.values()),
                        {"subscription": declared.subscription},
                        stored=lambda rows=rows, ids=ids: self._acknowledge(rows, ids),  # type: ignore[misc]
                    )

    def outlook(self, position: Position | None) -> str:  # noqa: ARG002
        """Tells that the subscription may be read; a pull would take messages, so how many there are stays open."""
        found = self.subscription.look()
        return f"{found.get('name')} on {found.get('topic')} may be read; how many messages wait, only a pull can tell"

    def _pulled(self, rows: dict[str, PulledRow], ids: list[str]) -> list[PulledRow]:
        """Pull once: new rows into `rows`, what to acknowledge for them into `ids`."""
        pulled: list[PulledRow] = []
        again: list[str] = []
        received = self.subscription.pull()
        if received:
            self._leases.hold([each["ackId"] for each in received])
        for each in received:
            row = self._row(each["message"])
            pulled.append(row)
            self._counts["messages"] += 1
            if row.origin in self._stored or row.origin in rows:
                self._counts["redelivered"] += 1
            (again if row.origin in self._stored else ids).append(each["ackId"])
            if row.origin not in self._stored:
                rows[row.origin] = row
        self._acknowledge({}, again)
        return pulled

    def _acknowledge(self, rows: dict[str, PulledRow], ids: list[str]) -> None:
        self._stored |= rows.keys()
        self._leases.let_go(ids)
        try:
            self.subscription.acknowledge(ids)
        except InputError:
            # The rows are stored; the messages come again, and this run or the checks know them.
            self._counts["not_acknowledged"] += len(ids)

    def _row(self, message: dict[str, Any]) -> PulledRow:
        declared = self.subscription.declared
        name = declared.subscription.rsplit("/", 1)[1]
        try:
            data = base64.b64decode(message.get("data", ""), validate=True)
            published = datetime.fromisoformat(_microseconds(message["publishTime"])).astimezone(UTC)
            origin = f"{name}/{message['messageId']}"
        except (KeyError, ValueError, TypeError, binascii.Error):
            raise InputError(
                f"source {self.subscription.asker.source}: a message has no id, no publish time or no readable data",
                place=f"/v1/{declared.subscription}:pull",
                mend="check endpoint_url of the source: this is not what Google sends",
            ) from None
        return PulledRow(origin, None, _whole(message, data) if declared.payload == "message" else data, published)


def _whole(message: dict[str, Any], data: bytes) -> bytes:
    """The message as JSON with its data as text, where it is text."""
    try:
        return json.dumps(message | {"data": data.decode()}, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeDecodeError:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _microseconds(instant: str) -> str:
    """Google writes up to nine digits of a second; an instant here has six."""
    head, point, rest = instant.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{head}{point}{digits[:6].ljust(6, '0')}{rest[len(digits) :]}" if point else instant
