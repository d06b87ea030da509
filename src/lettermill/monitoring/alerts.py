"""Alerts: what somebody must hear of now, told over channels, and not again while it is still in everybody's ears.

Telling never fails a run. What a channel could not tell is a row with its reason, and the other channels say so.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import IntEnum
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
import orjson

from lettermill.mail_server import MailServer
from lettermill.patience import Clock
from lettermill.tables.monitoring import ALERTS
from lettermill.webhook_signing import signed_headers, signing_key


class Severity(IntEnum):
    """How bad it is; the numbers are those of the standard library's log levels."""

    NOTICE = logging.INFO
    WARNING = logging.WARNING
    CRITICAL = logging.CRITICAL


@dataclass(frozen=True)
class Alert:
    """What happened, and to what. `kind`, `severity` and `subject` make it the same alert; `text` may tell figures.

    `run` is the id of the run that raised it, `at` when. No alert holds an address or a secret.
    """

    kind: str
    severity: Severity
    subject: str
    text: str
    at: datetime
    run: str

    @property
    def sameness(self) -> tuple[str, str, str]:
        return self.kind, self.severity.name.lower(), self.subject

    @property
    def id(self) -> str:
        return sha256("\n".join((*self.sameness, self.run, self.at.isoformat())).encode()).hexdigest()

    @property
    def line(self) -> str:
        """Severity, kind and subject, on one line whatever they hold."""
        return _one_line(f"[{self.severity.name.lower()}] {self.kind}: {self.subject}")


class Untold(Exception):  # noqa: N818 (it says what happened)
    """A channel could not tell an alert; `str()` says why, without secrets and addresses."""


class Channel(Protocol):
    """A way to somebody's ear."""

    @property
    def name(self) -> str: ...

    def tell(self, alert: Alert) -> None:
        """Tell it now, once. Raises Untold."""


@dataclass(frozen=True)
class LogChannel:
    """The log of the run."""

    name: str = "log"
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("lettermill.alerts"))

    def tell(self, alert: Alert) -> None:
        self.logger.log(alert.severity, "%s: %s (run %s)", alert.line, _one_line(alert.text), _one_line(alert.run))


@dataclass(frozen=True)
class WebhookChannel:
    """A receiver of JSON, signed by Standard Webhooks with `secret`; the webhook-id is the alert's id."""

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    clock: Clock = field(repr=False)
    timeout_seconds: float = 10.0

    def tell(self, alert: Alert) -> None:
        body = orjson.dumps({"type": "alert", "timestamp": alert.at, "data": _told(alert)})
        key = signing_key(self.secret, place=f"alert channel {self.name}")
        headers = signed_headers(body, key=key, call_id=f"msg_{alert.id}", at=self.clock.time())
        headers["content-type"] = "application/json"
        try:
            reply = httpx2.post(self.url, content=body, headers=headers, timeout=self.timeout_seconds)
        except httpx2.HTTPError as error:
            raise Untold(f"{urlsplit(self.url).hostname}: {type(error).__name__}") from None
        if not 200 <= reply.status_code < 300:
            raise Untold(f"{urlsplit(self.url).hostname} answered {reply.status_code}")


@dataclass(frozen=True)
class MailChannel:
    """A mail to whoever is on duty."""

    name: str
    server: MailServer
    sender: str
    recipients: tuple[str, ...] = field(repr=False)

    def tell(self, alert: Alert) -> None:
        try:
            session = self.server.open()
        except OSError as error:  # which smtplib's exceptions are, too
            raise Untold(f"{self.server.host}: {type(error).__name__}") from None
        try:
            refused = session.send_message(self._mail(alert))
        except OSError as error:  # which smtplib's exceptions are, too
            raise Untold(f"{self.server.host}: {type(error).__name__}") from None
        finally:
            session.close()
        if refused:
            raise Untold(f"{self.server.host} refused {len(refused)} of {len(self.recipients)} recipients")

    def _mail(self, alert: Alert) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = self.sender, ", ".join(self.recipients), alert.line
        mail["Date"] = format_datetime(alert.at)
        mail["Message-ID"] = f"<{alert.id}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(f"{alert.text}\n\nrun: {alert.run}\nat: {alert.at.isoformat()}\n")
        return mail


def tell(
    alerts: Iterable[Alert],
    *,
    channels: Sequence[Channel],
    standing: Iterable[Mapping[str, Any]],
    quiet: timedelta,
) -> list[dict[str, Any]]:
    """Tell alerts over all channels; rows of monitoring.alerts, for a caller to add.

    `standing` are the rows so far, of the last `quiet` at least: what a channel told within it, it is not told again.
    What it could not tell, it is offered again with the next alert.
    """
    last = _last_told(standing)
    rows: list[dict[str, Any]] = []
    silent: set[str] = set()
    for alert in {alert.id: alert for alert in alerts}.values():
        of_alert = _told_over(channels, alert, last=last, quiet=quiet)
        rows += of_alert
        for failure in of_alert:
            if failure["outcome"] == "failed" and failure["channel"] not in silent:
                silent.add(failure["channel"])
                others = [channel for channel in channels if channel.name != failure["channel"]]
                rows += _told_over(others, _silence(failure, alert), last=last, quiet=quiet)
    return rows


_Last = dict[tuple[str, str, str, str], datetime]


def _last_told(standing: Iterable[Mapping[str, Any]]) -> _Last:
    last: _Last = {}
    for row in standing:
        if row["outcome"] == "told":
            key = (row["channel"], row["kind"], row["severity"], row["subject"])
            last[key] = max(row["raised_at"], last.get(key, row["raised_at"]))
    return last


def _told_over(channels: Sequence[Channel], alert: Alert, *, last: _Last, quiet: timedelta) -> list[dict[str, Any]]:
    rows = []
    for channel in channels:
        key = (channel.name, *alert.sameness)
        before = last.get(key)
        if before is not None and alert.at - before < quiet:
            rows.append(_row(alert, channel, "quiet", f"told at {before.isoformat()}"))
            continue
        outcome, reason = _outcome(channel, alert)
        if outcome == "told":
            last[key] = alert.at
        rows.append(_row(alert, channel, outcome, reason))
    return rows


def _outcome(channel: Channel, alert: Alert) -> tuple[str, str | None]:
    try:
        channel.tell(alert)
    except Untold as error:
        return "failed", str(error)
    except Exception as error:  # a run goes on whatever befalls its alerts; an error's text might hold a secret
        return "failed", type(error).__name__
    return "told", None


def _silence(failure: Mapping[str, Any], alert: Alert) -> Alert:
    """What is to be said of a channel that does not tell."""
    subject = f"alerts do not come over {failure['channel']}"
    return Alert("alert_channel", Severity.WARNING, subject, str(failure["reason"]), alert.at, alert.run)


def _row(alert: Alert, channel: Channel, outcome: str, reason: str | None) -> dict[str, Any]:
    row = {**_told(alert), "alert_id": alert.id, "channel": channel.name, "outcome": outcome, "reason": reason}
    return {name: row[name] for name in ALERTS.column_names}


def _told(alert: Alert) -> dict[str, Any]:
    kind, severity, subject = alert.sameness
    told = {"kind": kind, "severity": severity, "subject": subject}
    return told | {"text": alert.text, "run_id": alert.run, "raised_at": alert.at}


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
