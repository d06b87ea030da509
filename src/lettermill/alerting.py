"""Telling somebody what cannot wait: over the channels of conf, and kept in monitoring.alerts."""

from datetime import timedelta

from pyspark.sql import functions as F

from lettermill.clocks import SystemClock
from lettermill.collected import rows_of
from lettermill.durations import duration
from lettermill.job import Run
from lettermill.mail_server import MailServer
from lettermill.monitoring.alerts import Alert, Channel, LogChannel, MailChannel, Severity, WebhookChannel, tell
from lettermill.secrets import resolve
from lettermill.settings_sections import AlertsSettings
from lettermill.tables.monitoring import ALERTS

UNDER_WAY = timedelta(days=1)
"""How far back alerts are read at least: a run may have begun a while ago."""


def alert(run: Run, kind: str, severity: Severity, *, subject: str, text: str) -> None:
    """Tell it, unless it was told a short while ago. A channel that fails is noted, and never fails the run."""
    quiet = duration(run.settings.alerts.quiet, of="quiet")
    raised = Alert(kind, severity, subject, text, run.now(), run.run_id)
    run.lake.create(ALERTS)
    since = raised.at - max(quiet, UNDER_WAY)
    standing = rows_of(run.lake.read(ALERTS).where(F.col("raised_at") >= F.lit(since)))
    rows = tell([raised], channels=channels(run.settings.alerts), standing=standing, quiet=quiet)
    run.lake.add(run.spark.createDataFrame([tuple(row.values()) for row in rows], ALERTS.ddl), to=ALERTS)
    for row in rows:
        if row["outcome"] == "failed":
            run.note(f"the alert could not be told over {row['channel']}: {row['reason']}")


def channels(settings: AlertsSettings) -> list[Channel]:
    """The log, and what conf names."""
    found: list[Channel] = [LogChannel()]
    if settings.webhook is not None:
        secret = resolve(settings.webhook.key).decode().strip()
        found.append(WebhookChannel("webhook", settings.webhook.url, secret, SystemClock()))
    if settings.mail is not None:
        mail = settings.mail
        password = resolve(mail.password).decode().strip() if mail.password else ""
        server = MailServer(mail.host, mail.port, mail.tls, mail.user, password)
        found.append(MailChannel("mail", server, mail.sender, mail.recipients))
    return found
