"""Reading a stream shard by shard, parents before children, each portion with the sequence numbers it leads to."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from lettermill.ingest.kinesis.aggregated import taken_apart
from lettermill.ingest.kinesis.calls import Calls, Expired
from lettermill.ingest.portions import Portion, Position, PulledRow

QUIET_SECONDS = 3600
"""Where a stream is quiet, the position says so once in this time, so that a rerun at once changes nothing."""

Place = dict[str, Any]
"""How far one shard has been read: `after` a sequence number, or `from` "earliest" or an instant; `done` at its end."""


@dataclass
class KinesisReader:
    """Portions of one stream, with `{"made": instant, "read_at": instant, "shards": {shard: place}}` as the position.

    A row's origin is stream, shard and sequence number, because a sequence number has 56 digits; its position is its
    place, from 1, among the records that one sequence number stands for.

    Never lost: a shard that appears after the first run is read from its beginning, whatever `start` says, since it
    holds what its parents no longer took; a shard is done only at its end; and its place is kept even if no record was
    read, as the instant of the first run. (qubole/kinesis-sql#55 and #116 lost records by these.)
    """

    calls: Calls
    notes: list[str] = field(default_factory=list)
    _read_at: str | None = None

    @property
    def repeats(self) -> Literal["never", "by key", "by content"]:
        return "never"

    @property
    def counts(self) -> dict[str, int]:
        return self.calls.counts

    def portions(self, position: Position | None) -> Generator[Portion, None, None]:
        """Read each shard up to what it held when the run began; children once their parents are done."""
        began = self.calls.clock.time()
        made, places = self._places(position, began)
        gathered = _Gathered(self.calls.declared.rows_per_commit, self.calls.declared.bytes_per_commit)
        caught_up: set[str] = set()
        while True:
            shards = {shard["ShardId"]: shard for shard in self.calls.shards()}
            for name in shards:
                places.setdefault(name, {"from": "earliest"})
            for name in [name for name in places if name not in shards]:
                self._gone(name, places.pop(name))
            due = [name for name in shards if name not in caught_up and _is_due(shards[name], places)]
            if not due:
                break
            for name in due:
                for rows, place in self._read(shards[name], dict(places[name]), began):
                    places[name] = place
                    if gathered.is_full_with(rows):
                        yield Portion(gathered.emptied(), self._position(made, places))
                if not places[name].get("done"):
                    caught_up.add(name)
        moved = position is None or places != position["shards"]
        if moved or began - datetime.fromisoformat(self._read_at or _written(0)).timestamp() > QUIET_SECONDS:
            self._read_at = _written(began)
        yield Portion(gathered.emptied(), self._position(made, places))

    def outlook(self, position: Position | None) -> str:
        """Tells the shards and how far behind each is."""
        began = self.calls.clock.time()
        _, places = self._places(position, began)
        told = []
        for shard in self.calls.shards():
            name = shard["ShardId"]
            place = places.get(name, {"from": "earliest"})
            if not place.get("done"):
                answer = self.calls.records(name, self.calls.iterator(name, _iterator_place(place)))
                told.append(f"{name} {answer.get('MillisBehindLatest', 0) / 1000:.0f} s behind")
        return f"{len(told)} shards to read: {', '.join(told) or 'none'}"

    def _places(self, position: Position | None, began: float) -> tuple[str, dict[str, Place]]:
        summary = self.calls.summary()
        made = summary["StreamCreationTimestamp"].astimezone(UTC).isoformat()
        if position and position["made"] == made:
            self._look_at_retention(position, summary.get("RetentionPeriodHours", 24), began)
            return made, {name: dict(place) for name, place in position["shards"].items()}
        if position:
            self.notes.append("the stream was made anew since the last run: it is read from its beginning")
            return made, {}
        start = self.calls.declared.start
        # "latest" is pinned as an instant, or what comes before the first record is read would be skipped again.
        place = {"from": _written(began) if start == "latest" else start}
        return made, {shard["ShardId"]: dict(place) for shard in self.calls.shards()}

    def _look_at_retention(self, position: Position, hours: int, began: float) -> None:
        self._read_at = position["read_at"]
        ago = (began - datetime.fromisoformat(self._read_at or _written(began)).timestamp()) / 3600
        if ago > hours:
            self.notes.append(
                f"last read {ago:.0f} h ago, but the stream keeps records for {hours} h: what came between may be "
                "lost; ask the producers for it"
            )

    def _gone(self, name: str, place: Place) -> None:
        if not place.get("done"):
            self.notes.append(f"{name} has left the stream before its end was read: its retention is too short")

    def _read(self, shard: dict[str, Any], place: Place, began: float) -> Iterator[tuple[list[PulledRow], Place]]:
        """A shard's records call by call, until its end or what it held when the run began."""
        name = shard["ShardId"]
        is_closed = bool(shard.get("SequenceNumberRange", {}).get("EndingSequenceNumber"))
        iterator: str | None = self.calls.iterator(name, _iterator_place(place))
        while iterator:
            try:
                answer = self.calls.records(name, iterator)
            except Expired:
                iterator = self.calls.iterator(name, _iterator_place(place))
                continue
            records = answer["Records"]
            iterator = answer.get("NextShardIterator")
            if records:
                place = {"after": records[-1]["SequenceNumber"]}
            is_level = not answer.get("MillisBehindLatest", 0)
            if is_closed and is_level and not records:
                iterator = None  # nothing can be put into a closed shard
            if iterator is None:
                place = {**place, "done": True}
            yield [row for record in records for row in self._rows(name, record)], place
            if not is_closed and (is_level or (records and _arrived(records[-1]).timestamp() >= began)):
                return

    def _rows(self, shard: str, record: dict[str, Any]) -> Iterator[PulledRow]:
        origin = f"{self.calls.declared.stream}/{shard}/{record['SequenceNumber']}"
        for position, data in enumerate(taken_apart(record["Data"]), start=1):
            yield PulledRow(origin, position, data, _arrived(record))

    def _position(self, made: str, places: dict[str, Place]) -> Position:
        shards = {name: dict(place) for name, place in sorted(places.items())}
        return {"made": made, "read_at": self._read_at, "shards": shards}


@dataclass
class _Gathered:
    """Rows of several calls, put together until a commit is worth its while."""

    most_rows: int
    most_bytes: int
    rows: list[PulledRow] = field(default_factory=list)
    size: int = 0

    def is_full_with(self, rows: list[PulledRow]) -> bool:
        self.rows += rows
        self.size += sum(len(row.raw) for row in rows)
        return len(self.rows) >= self.most_rows or self.size >= self.most_bytes

    def emptied(self) -> tuple[PulledRow, ...]:
        rows, self.rows, self.size = tuple(self.rows), [], 0
        return rows


def _is_due(shard: dict[str, Any], places: dict[str, Place]) -> bool:
    """Whether a shard has more, and its parents, where the stream still knows them, have not."""
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    read = all(places[parent].get("done") for parent in parents if parent in places)
    return read and not places[shard["ShardId"]].get("done")


def _iterator_place(place: Place) -> dict[str, Any]:
    if "after" in place:
        return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": place["after"]}
    if place["from"] == "earliest":
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.fromisoformat(place["from"])}


def _arrived(record: dict[str, Any]) -> datetime:
    arrived: datetime = record["ApproximateArrivalTimestamp"]
    return arrived.astimezone(UTC)


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
