"""Messages of a slot as pre-flight finds them, and what of their inputs is stale."""

from datetime import UTC, datetime, timedelta

from lettermill.campaigns.limits import Preflight
from lettermill.rendering.preflight.judging import judged_messages
from lettermill.tables.rendering import MESSAGES

AS_OF = datetime(2018, 1, 8, tzinfo=UTC)
STALE = "message_id string, stale array<struct<input: string, max_age: string, policy: string, made_at: timestamp>>"
RUN = {"campaign": "spring", "occurrence": "2018-01-01", "template_version": "v" * 64, "engine": "e" * 64}


def message(message_id, fault=None, *, size=10, visible=5, **more):
    """A row of rendering.messages; one with a fault has no parts."""
    made = (
        {"fault": fault, "fault_part": "html"}
        if fault
        else {"parts": {"html": ("hash", size)}, "visible_bytes": visible}
    )
    return {"message_id": message_id, **RUN, **made, **more}


def aged(name, policy="block", *, days=8):
    """An input of these days, of which the campaign allows 7."""
    return (name, "7 days", policy, AS_OF - timedelta(days=days) if days else None)


def judged(given, *messages, stale=None, limits=None):
    """The messages, judged; `stale` are stale inputs by message."""
    rows = given(MESSAGES, *messages)
    inputs = rows.sparkSession.createDataFrame([(one, found) for one, found in (stale or {}).items()], STALE)
    return judged_messages(rows, stale=inputs, limits=limits or Preflight())
