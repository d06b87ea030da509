"""The small campaign on its way out: planned for Braze, sent, and looked at; what the tests of sending share."""

import send_campaign

from lettermill.delivery.marks import started, started_key
from lettermill.delivery.recovery import begin_wave
from lettermill.sending.journals import open_journal
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.monitoring import ALERTS
from tests.jobs.spring_campaign import AS_OF, CAMPAIGN, FILES, run_of

BY_BRAZE = CAMPAIGN + "provider: braze\n"
FILES_BY_BRAZE = FILES | {"campaign.yml": BY_BRAZE}
WAVE = "spring.2018-01-01.00001"


def send(lake, settings, **arguments):
    run = run_of(lake, settings, **arguments)
    send_campaign.main.work(run)
    return run


def outbox(lake):
    return {row["message_id"]: (row["state"], row["reason"]) for row in lake.read(OUTBOX).collect()}


def alerts(lake):
    """What the log was told, in its order."""
    told = lake.read(ALERTS).where("channel = 'log' AND outcome = 'told'").orderBy("raised_at").collect()
    return [(row["severity"], row["kind"], row["subject"], row["text"]) for row in told]


def marks(settings):
    """Every mark of the journal."""
    return open_journal(settings).keys("")


def cut_off(lake, settings, *batches, unmarked=()):
    """Leave the messages of some batches unknown, as a send does whose calls have no answer; and some without a mark."""
    journal = open_journal(settings)
    begin_wave(journal, WAVE, batches=len(batches))
    for batch, messages in enumerate(batches, start=1):
        journal.create(started_key(WAVE, batch, 1), started(messages, at=AS_OF.timestamp()))
        _become_unknown(lake, messages, batch=batch)
    _become_unknown(lake, unmarked, batch=len(batches) + 1)


def _become_unknown(lake, messages, *, batch):
    named = ", ".join(f"'{one}'" for one in messages)
    if named:
        lake.spark.sql(
            f"UPDATE {lake.place.name(OUTBOX)} SET state = 'unknown', reason = 'call 1 has no answer', attempt = 1, "
            f"wave = '{WAVE}', batch = {batch} WHERE message_id IN ({named})"
        )
