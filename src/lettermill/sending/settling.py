"""Settling: the journal is read, the outbox moves in one commit, and the ledger follows.

Recovering is the same for waves whose sender is gone, first on every start.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lettermill.delivery.guard import note_settled, require_not_restored
from lettermill.delivery.recovery import Settled, late_answers, settled_wave, waves_to_recover
from lettermill.delivery.states import SEEN, advance
from lettermill.sending.desk import Desk, last_second
from lettermill.sending.ledger import post_ledger
from lettermill.tables.delivery import OUTBOX

DAY = 86_400.0
"""How long a wave without a not-after time may go on: nobody holds one for longer."""
ROWS = "message_id string, settled string, settled_reason string, settled_reference string, calls int"


def settle(desk: Desk, wave: str) -> Counter[str]:
    """Write down what became of a wave that nobody hands over any more; count it by state.

    Done again, it changes nothing, but for answers that came later.
    """
    rows = _of_wave(desk, wave).where("state = 'claimed'")
    batches = _batches(rows.select("batch", "message_id").orderBy("batch", "message_id").collect())
    at = desk.clock.time()
    settled = list(settled_wave(desk.journal, wave, batches, by=desk.holder, at=at))
    _move(desk, rows, settled)
    note_settled(
        desk.journal,
        wave,
        version=desk.run.lake.version(OUTBOX),
        committed_at=desk.run.lake.committed_at(OUTBOX) or desk.moment(),
        handed_over=[one.message_id for one in settled if one.state == "handed_over"],
        not_after=min(last_second(desk), at + DAY),
    )
    return Counter(one.state for one in settled)


def require_same_outbox(desk: Desk) -> None:
    """Raises DeliveryError, by name, where the outbox was restored to what it was before something was handed over."""
    lake = desk.run.lake

    def states_of(ids: Sequence[str]) -> dict[str, str]:
        rows = lake.read(OUTBOX).where(F.col("message_id").isin(list(ids))).select("message_id", "state").collect()
        return {row["message_id"]: row["state"] for row in rows}

    require_not_restored(
        desk.journal,
        version=lake.version(OUTBOX),
        commit_time_of=lambda version: lake.committed_at(OUTBOX, version=version),
        states_of=states_of,
    )


def recover(desk: Desk) -> Counter[str]:
    """Settle every wave of the lake whose sender is gone, and take in what came to light of unknown messages."""
    outbox = desk.run.lake.read(OUTBOX)
    claimed = [row["wave"] for row in outbox.where("state = 'claimed'").select("wave").distinct().collect()]
    recovered: Counter[str] = Counter()
    for wave in waves_to_recover(desk.journal, claimed, now=desk.clock.time()):
        recovered += settle(desk, wave)
    unknown = outbox.where("state = 'unknown' AND wave IS NOT NULL")
    rows = unknown.select("wave", "batch", "message_id").orderBy("wave", "batch", "message_id").collect()
    for wave, of_wave in groupby(rows, key=lambda row: row["wave"]):
        late = list(late_answers(desk.journal, wave, _batches(of_wave), by=desk.holder, at=desk.clock.time()))
        _move(desk, _of_wave(desk, wave).where("state = 'unknown'"), late)
        recovered += Counter(one.state for one in late)
    post_ledger(desk.run)
    return recovered


def _of_wave(desk: Desk, wave: str) -> DataFrame:
    return desk.run.lake.read(OUTBOX).where(F.col("wave") == wave)


def _batches(rows: Iterable[Row]) -> Iterator[tuple[int, Sequence[str]]]:
    for batch, of_batch in groupby(rows, key=lambda row: row["batch"]):
        yield batch, [row["message_id"] for row in of_batch]


def _move(desk: Desk, rows: DataFrame, settled: Sequence[Settled]) -> None:
    """Move the rows to what became of them, where nobody did so before."""
    if not settled:
        return
    told = [(one.message_id, one.state, one.reason, one.reference, one.attempt) for one in settled]
    found = rows.join(desk.run.spark.createDataFrame(told, ROWS), on="message_id", how="inner")  # one row per message
    moved = advance(
        found,
        to=F.col("settled"),
        reason=F.col("settled_reason"),
        reference=F.coalesce("settled_reference", "provider_reference"),
        attempt=F.col("attempt") + F.col("calls"),
        as_of=F.lit(desk.moment()),
    )
    desk.run.lake.move(moved, of=OUTBOX, seen=SEEN)
    post_ledger(desk.run)
