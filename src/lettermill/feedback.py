"""What providers report, from a run's tables to where it counts: events, suppressions, and the states of messages."""

from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.consenting import suppress_at_once
from lettermill.delivery.confirmations import confirmations, parked
from lettermill.delivery.feedback import KINDS, provider_events, reported, with_messages
from lettermill.delivery.states import SEEN, advance
from lettermill.holding import held
from lettermill.job import Run
from lettermill.lake import Lake
from lettermill.secrets import resolve
from lettermill.sending.ledger import post_ledger
from lettermill.tables import quality
from lettermill.tables.delivery import EVENTS, OUTBOX

LOOKED_FOR = timedelta(days=7)
"""How long a report waits for its message: one that names none of ours is looked at again, others count as parked."""


def take_in(arrived: DataFrame, lake: Lake, *, run: Run) -> None:
    """A batch of quality.events: who must not be mailed any more first, then what was reported of messages."""
    suppress_at_once(arrived, lake, run=run)
    _store(arrived, lake, run=run)


def look_again(run: Run) -> None:
    """Store reports that named only a provider's own reference, whose message has become known since."""
    since = F.lit(run.as_of - LOOKED_FOR)
    named = F.col("properties.email_id").isNull() & F.col("properties.reference").isNotNull()
    late = run.lake.read(quality.EVENTS).where(F.col("kind").isin(*KINDS) & named & (F.col("available_at") >= since))
    if not late.isEmpty():
        _store(late, run.lake, run=run)


def confirm(run: Run) -> None:
    """Move the messages that events say something of, post the ledger, and count what waits for its message."""
    lake = run.lake
    outbox, events = lake.read(OUTBOX), lake.read(EVENTS)
    with held(confirmations(outbox, events=events)) as moving:
        counts = {row["to"]: row["count"] for row in moving.groupBy("to").count().collect()}
        moved = advance(moving, to=F.col("to"), reason=F.col("because"), as_of=F.lit(run.as_of))
        lake.move(moved, of=OUTBOX, seen=SEEN)
    if counts:
        post_ledger(run)
    run.count(**{f"messages_{state}": counts.get(state, 0) for state in ("confirmed", "rejected")})
    lately = events.where(F.col("received_at") >= F.lit(run.as_of - LOOKED_FOR))
    run.count(events_parked=parked(lately, outbox=outbox).count())


def _store(told: DataFrame, lake: Lake, *, run: Run) -> None:
    of_mails = reported(told, address_key=resolve(run.settings.secrets.address_key))
    with held(with_messages(of_mails, outbox=lake.read(OUTBOX))) as about:
        if not about.isEmpty():
            rows = provider_events(about, standing=lake.read(EVENTS), rules=run.settings.delivery.machines)
            lake.merge(rows, into=EVENTS)
