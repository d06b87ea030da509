"""Asking a provider who left, bounced or complained there, and taking it in as events: the road that webhooks take."""

from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from lettermill.alerting import alert
from lettermill.delivery.profile_provider import StatementSource
from lettermill.delivery.statements import LINES, statement_events
from lettermill.errors import DeliveryError
from lettermill.ingest.events import events_of_lines
from lettermill.job import Run
from lettermill.monitoring.alerts import Severity
from lettermill.tables.ingest import EVENTS

SOURCE = "statements"
"""The declared source of what providers say when they are asked."""
OVERLAP = timedelta(days=1)
"""Asked for again each time: some providers list what happened a while after it did. What is known is not added."""
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def asked_until(run: Run, name: str) -> datetime:
    """Up to when the provider `name` has told what there is, by the newest that it said, less OVERLAP; BEGINNING, where
    it said nothing yet."""
    run.lake.create(EVENTS)
    said = F.col("origin").startswith(f"{name}/statements/") & (F.col("source") == SOURCE)
    newest = run.lake.read(EVENTS).where(said).agg(F.max("position")).first()
    return datetime.fromtimestamp(newest[0] / 1e6, UTC) - OVERLAP if newest and newest[0] else BEGINNING


def pull_back(run: Run, name: str, source: StatementSource, *, since: datetime) -> None:
    """Add what the provider `name` says of the time from `since` on to ingest.events; asked again, it adds what is new.

    From there it goes on as other events do: check_events, collect_feedback. Where the provider does not tell, an alert
    says so, and the DeliveryError goes on: people who left there might be mailed until it does.
    """
    run.lake.create(EVENTS)
    try:
        with run.doing(f"asking {name} who left, bounced or complained"):
            told = source.statements(since=since, until=run.as_of)
            lines = list(statement_events(told, provider=name, source=SOURCE, received_at=run.as_of))
    except DeliveryError as error:
        alert(run, "pull_failed", Severity.CRITICAL, subject=name, text=error.problem)
        raise
    run.count(statements=len(lines))
    if lines:
        rows = run.spark.createDataFrame(lines, LINES).dropDuplicates(["source", "origin", "position"])
        run.lake.add(events_of_lines(rows, ingested_at=run.started_at), to=EVENTS)
