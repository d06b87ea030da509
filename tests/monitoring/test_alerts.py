"""Alerts reach whoever is to hear them, once in a while, and whatever befalls them the run goes on."""

import email
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.policy import default

import pytest

from lettermill.errors import ConfigError
from lettermill.mail_server import MailServer
from lettermill.monitoring.alerts import Alert, LogChannel, MailChannel, Severity, Untold, WebhookChannel, tell
from tests.delivery.fakes.smtp import PASSWORD, USER, certified
from tests.delivery.fakes.smtp import MailServer as Fake
from tests.delivery.fakes.webhook import SECRET, Receiver
from tests.ingest.serving import TestClock, as_json, served

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
QUIET = timedelta(hours=4)
BLOCKED = Alert("quota", Severity.CRITICAL, "sendgrid is blocked", "429 of 430 calls were refused", NOON, "run-7")


@dataclass
class Ear:
    """A channel of the tests: what it heard, and what it does to be deaf."""

    name: str = "ear"
    heard: list[str] = field(default_factory=list)
    deaf: Exception | None = None

    def tell(self, alert):
        if self.deaf:
            raise self.deaf
        self.heard.append(alert.line)


def rows(*found):
    return [(row["channel"], row["outcome"], row["reason"]) for row in found]


def test_an_alert_is_told_once_over_each_channel_and_its_rows_say_so():
    first, second = Ear("first"), Ear("second")

    told = tell([BLOCKED], channels=[first, second], standing=[], quiet=QUIET)

    assert first.heard == second.heard == ["[critical] quota: sendgrid is blocked"]
    assert rows(*told) == [("first", "told", None), ("second", "told", None)]
    assert told[0] == {
        "alert_id": BLOCKED.id,
        "channel": "first",
        "kind": "quota",
        "severity": "critical",
        "subject": "sendgrid is blocked",
        "text": "429 of 430 calls were refused",
        "run_id": "run-7",
        "raised_at": NOON,
        "outcome": "told",
        "reason": None,
    }


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"text": "900 of 901", "run": "run-8"}, "quiet"),
        ({"subject": "klaviyo is blocked"}, "told"),
        ({"severity": Severity.WARNING}, "told"),
        ({"kind": "failures"}, "told"),
        ({"at": NOON + QUIET}, "told"),
        ({"at": NOON + QUIET - timedelta(seconds=1)}, "quiet"),
    ],
)
def test_the_same_alert_is_not_told_again_within_the_quiet_time(change, outcome):
    ear = Ear()
    standing = tell([BLOCKED], channels=[ear], standing=[], quiet=QUIET)
    later = replace(BLOCKED, **{"at": NOON + timedelta(hours=1)} | change)

    (row,) = tell([later], channels=[ear], standing=standing, quiet=QUIET)

    assert (row["outcome"], len(ear.heard)) == (outcome, 1 if outcome == "quiet" else 2)


def test_one_call_tells_the_same_alert_once_and_silence_does_not_lengthen_itself():
    ear = Ear()
    told = tell(
        [replace(BLOCKED, at=NOON + timedelta(hours=h)) for h in (0, 3, 5)], channels=[ear], standing=[], quiet=QUIET
    )

    assert [row["outcome"] for row in told] == ["told", "quiet", "told"]
    assert rows(told[1]) == [("ear", "quiet", "told at 2024-05-01T12:00:00+00:00")]


@pytest.mark.parametrize(
    ("deaf", "reason"),
    [(Untold("mail.example: TimeoutError"), "mail.example: TimeoutError"), (KeyError("a secret"), "KeyError")],
)
def test_a_channel_that_fails_does_not_end_the_run_the_others_say_so_and_it_is_tried_again(deaf, reason):
    broken, whole = Ear("broken", deaf=deaf), Ear("whole")

    told = tell([BLOCKED], channels=[broken, whole], standing=[], quiet=QUIET)

    assert rows(*told) == [("broken", "failed", reason), ("whole", "told", None), ("whole", "told", None)]
    assert whole.heard == [
        "[critical] quota: sendgrid is blocked",
        "[warning] alert_channel: alerts do not come over broken",
    ]
    broken.deaf = None
    again = tell(
        [replace(BLOCKED, at=NOON + timedelta(minutes=5))], channels=[broken, whole], standing=told, quiet=QUIET
    )
    assert [row["outcome"] for row in again] == ["told", "quiet"]


def test_no_two_rows_have_the_same_key():
    deaf = [Ear(name, deaf=Untold("no")) for name in ("one", "two", "three")]

    told = tell([BLOCKED, BLOCKED, replace(BLOCKED, kind="failures")], channels=deaf, standing=[], quiet=QUIET)

    keys = [(row["alert_id"], row["channel"]) for row in told]
    assert len(keys) == len(set(keys))


def test_the_log_has_an_alert_on_one_line_at_its_level(caplog):
    LogChannel().tell(replace(BLOCKED, subject="a\nFAKE line\x1b[31m", text="b\r\nc"))

    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("CRITICAL", "[critical] quota: a FAKE line [31m: b  c (run run-7)")
    ]
    assert caplog.records[0].levelno == logging.CRITICAL


def test_a_webhook_gets_a_call_that_the_standards_receiver_takes():
    receiver, asked = Receiver(), []
    clock = TestClock(now=BLOCKED.at.timestamp() + 2)
    receiver.clock = clock

    def answer(call):
        asked.append(call)
        return as_json({}, 204 if receiver.is_signed(call.headers, call.body) else 401)

    with served(answer) as url:
        WebhookChannel("pager", url, SECRET, clock).tell(BLOCKED)

    (call,) = asked
    assert (call.headers["webhook-id"], call.headers["Content-Type"]) == (f"msg_{BLOCKED.id}", "application/json")
    assert call.json == {
        "type": "alert",
        "timestamp": "2024-05-01T12:00:00+00:00",
        "data": {
            "kind": "quota",
            "severity": "critical",
            "subject": "sendgrid is blocked",
            "text": "429 of 430 calls were refused",
            "run_id": "run-7",
            "raised_at": "2024-05-01T12:00:00+00:00",
        },
    }


@pytest.mark.parametrize(
    ("answered", "reason"),
    [(as_json({}, 500), "answered 500"), (as_json({}, 302), "answered 302"), (None, "RemoteProtocolError")],
)
def test_a_webhook_that_does_not_take_it_is_told_without_its_url(answered, reason):
    with served(lambda _: answered) as url:
        channel = WebhookChannel("pager", f"{url}/hook?token=hush", SECRET, TestClock())
        with pytest.raises(Untold, match=reason) as caught:
            channel.tell(BLOCKED)

    assert "hush" not in f"{caught.value} {channel!r}"
    with pytest.raises(Untold, match="ConnectError"):
        channel.tell(BLOCKED)


def test_a_secret_that_is_none_is_named_by_its_channel_and_not_shown():
    with pytest.raises(ConfigError, match="alert channel pager") as caught:
        WebhookChannel("pager", "http://127.0.0.1:1", "whsec_ö", TestClock()).tell(BLOCKED)

    assert "ö" not in str(caught.value)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_mail_goes_to_whoever_is_on_duty_over_tls_with_a_user(tmp_path, tls):
    fake, pem = Alerted(), certified(tmp_path)
    with fake.serving(tls=tls, pem=pem, needs_user=True) as port:
        server = MailServer("127.0.0.1", port, tls, USER, PASSWORD, authority=str(pem))
        channel = MailChannel("mail", server, "lettermill@shop.example", ("ann@ops.example", "ben@ops.example"))
        channel.tell(replace(BLOCKED, subject="a\r\nBcc: everybody@mail.example"))
        wrong = replace(channel, server=replace(server, password="wrong"))
        with pytest.raises(Untold, match="127.0.0.1: SMTPAuthenticationError"):
            wrong.tell(BLOCKED)
        untrusted = replace(channel, server=replace(server, authority=""))
        with pytest.raises(Untold, match="127.0.0.1: SSLCertVerificationError"):
            untrusted.tell(BLOCKED)

    (content,) = fake.mails
    mail = email.message_from_bytes(content, policy=default)
    assert set(mail.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    }
    assert mail["Subject"] == "[critical] quota: a  Bcc: everybody@mail.example"
    assert mail.get_content().splitlines() == [
        "429 of 430 calls were refused",
        "",
        "run: run-7",
        "at: 2024-05-01T12:00:00+00:00",
    ]
    assert PASSWORD not in repr(channel)


def test_a_mail_that_not_everybody_on_duty_gets_is_a_failure():
    fake = Alerted(deaf="ben@ops.example")
    with fake.serving() as port:
        channel = MailChannel(
            "mail", MailServer("127.0.0.1", port, "none"), "us@shop.example", ("ann@ops.example", "ben@ops.example")
        )
        with pytest.raises(Untold, match="refused 1 of 2 recipients"):
            channel.tell(BLOCKED)
        with pytest.raises(Untold, match="SMTPRecipientsRefused"):
            replace(channel, recipients=("ben@ops.example",)).tell(BLOCKED)

    with pytest.raises(Untold, match="ConnectionRefusedError"):
        channel.tell(BLOCKED)


@dataclass
class Alerted(Fake):
    """The fake, which here takes mails of one part to several people, but for one."""

    deaf: str = ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address == self.deaf:
            return "550 5.1.1 nobody"
        return await super().handle_RCPT(server, session, envelope, address, options)

    def _take(self, envelope):
        self.mails.append(envelope.original_content)


def test_a_password_without_tls_is_refused_before_anybody_is_asked():
    with pytest.raises(ConfigError, match="a password would leave without TLS"):
        MailServer("127.0.0.1", 25, "none", USER, PASSWORD)
