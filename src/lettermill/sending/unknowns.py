"""Messages that a provider may or may not have: what is known of them, and what somebody decides."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Literal

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lettermill.delivery.provider import Call, Outcome, Status
from lettermill.delivery.recovery import last_calls
from lettermill.delivery.states import SEEN, advance
from lettermill.errors import DeliveryError
from lettermill.sending.desk import Desk
from lettermill.sending.ledger import post_ledger
from lettermill.tables.delivery import OUTBOX

Word = Literal["hold", "resend", "drop", "lookup"]
BECOMES = {"resend": "planned", "drop": "dropped"}


def unknown(desk: Desk) -> DataFrame:
    """The slot's messages whose call was cut off."""
    return desk.slot.outbox().where("state = 'unknown'")


def resolve(desk: Desk, word: Word, *, by: str) -> dict[str, int]:
    """Do with the slot's unknown messages what `word` says, in the name of `by`; tell how many became what.

    `hold` leaves them, `resend` plans them again though they may have arrived, `drop` ends them, `lookup` asks the
    provider. Nothing is handed over here.
    """
    if word == "hold":
        return {"unknown": unknown(desk).count()}
    if word == "lookup":
        return _looked_up(desk)
    rows = unknown(desk)
    reason = F.concat(F.lit(f"{word} by word of {by}; it was: "), F.coalesce("reason", F.lit("no reason")))
    moved = advance(rows, to=F.lit(BECOMES[word]), reason=reason, as_of=F.lit(desk.moment()))
    number = rows.count()
    desk.run.lake.move(moved, of=OUTBOX, seen=SEEN)
    post_ledger(desk.run)
    return {BECOMES[word]: number}


def _looked_up(desk: Desk) -> dict[str, int]:
    """Ask the provider call by call, and move what it can tell of."""
    rows = unknown(desk).select("message_id", "wave", "batch").orderBy("wave", "batch", "message_id").collect()
    outcomes = [one for one in _answers(desk, rows) if one.status != Status.UNKNOWN]
    state = {Status.DEFERRED: "planned"}
    told = [(one.message_id, state.get(one.status, str(one.status)), one.reason, one.reference) for one in outcomes]
    columns = "message_id string, outcome string, said string, found string"
    found = desk.run.spark.createDataFrame(told, columns)
    rows_found = unknown(desk).join(found, on="message_id", how="inner")  # right side: one row per message
    reason = F.concat_ws(": ", F.lit("looked up at the provider"), "said")
    moved = advance(
        rows_found, to=F.col("outcome"), reason=reason, reference=F.col("found"), as_of=F.lit(desk.moment())
    )
    desk.run.lake.move(moved, of=OUTBOX, seen=SEEN)
    post_ledger(desk.run)
    counts = {state: sum(one[1] == state for one in told) for state in sorted({one[1] for one in told})}
    return counts | {"unknown": len(rows) - len(told)}


def _answers(desk: Desk, rows: Sequence[Row]) -> Iterator[Outcome]:
    connection = desk.provider.connect()
    try:
        for call, ids in _calls(desk, rows):
            answers = list(connection.lookup(ids, call=call))
            if [one.message_id for one in answers] != ids:
                problem = f"{desk.provider.name} was asked for {len(ids)} messages and answered for {len(answers)}"
                raise DeliveryError(problem, place=call.key, mend="nothing was changed; report the provider")
            yield from answers
    finally:
        connection.close()


def _calls(desk: Desk, rows: Sequence[Row]) -> Iterator[tuple[Call, list[str]]]:
    """The calls that left the messages unknown, as the journal has them; what it has no mark of is not asked for."""
    for (wave, batch), of_batch in groupby(rows, key=itemgetter("wave", "batch")):
        last = last_calls(desk.journal, wave, batch)
        ids = [row["message_id"] for row in of_batch if row["message_id"] in last]
        for number in sorted({last[one] for one in ids}):
            yield Call(wave, batch, number), [one for one in ids if last[one] == number]
