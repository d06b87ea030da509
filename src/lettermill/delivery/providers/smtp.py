"""Mails through any mail server, by SMTP (RFC 5321): one mail for a call, over a session that is kept.

What a mail server has is certain but for a moment: between the end of the data and the answer to it. A session that
breaks before is deferred, one that breaks there is unknown: the server may have taken the mail. A server's answer is
final: 4xx is not taken for now, 5xx never.
"""

import re
import smtplib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.mime import mime
from lettermill.delivery.provider import (
    Answer,
    Call,
    Limits,
    Message,
    Outcome,
    Parcel,
    Signal,
    Status,
    Unpackable,
    answered,
)
from lettermill.errors import ConfigError, DeliveryError
from lettermill.mail_server import MailServer, Tls

LIMITS = Limits(messages=1, bytes=10_240_000, envelope=0, connections=4)
"""The size is what Postfix takes where nobody set another, https://www.postfix.org/postconf.5.html; a server that tells
its own in SIZE is asked before each mail."""

ANSWER_SECONDS = 600.0
"""For how long to wait for the answer to a mail's end, by RFC 5321, 4.5.3.2.6: less makes unknowns of mails taken."""


@dataclass(frozen=True)
class Account:
    """The conf of `delivery.providers.<name>`. `password` refers to the secret of `user`; both may be left away.

    `return_path` is where bounces go, the sender unless set. After `mails_per_session` a session is begun anew.
    """

    host: str
    sender: str
    sender_address: str
    port: int = 587
    tls: Tls = "starttls"
    user: str = ""
    password: str = ""
    authority: str = ""
    greets_as: str = ""
    return_path: str = ""
    mails_per_session: int = 100
    timeout_seconds: float = 60.0
    answer_seconds: float = ANSWER_SECONDS
    limits: Limits = LIMITS

    def __post_init__(self) -> None:
        if self.limits.messages != 1:
            raise ConfigError(f"limits.messages is {self.limits.messages}", place="SMTP", mend="leave it at 1")


@dataclass(frozen=True)
class Smtp:
    """A mail server that takes our mails."""

    name: str
    account: Account
    server: MailServer

    @property
    def limits(self) -> Limits:
        return self.account.limits

    def pack(self, message: Message, *, at: datetime) -> Parcel:
        account = self.account
        if len(message.html) + len(message.text) > self.limits.bytes:
            raise Unpackable(f"its bodies are above the {self.limits.bytes:,} bytes allowed")
        try:
            mail = mime(message, sender=account.sender, sender_address=account.sender_address, date=at)
        except ValueError as error:
            raise Unpackable(str(error)) from None
        if len(mail) > self.limits.bytes:
            raise Unpackable(f"the mail has {len(mail):,} bytes, of {self.limits.bytes:,} allowed")
        return Parcel(message.message_id, message.address, mail)

    def connect(self) -> "Connected":
        return Connected(self)


class Refused(Exception):  # noqa: N818 (it says what happened)
    """The server answered no, at one of the stages of a mail."""

    def __init__(self, stage: str, code: int, words: bytes) -> None:
        self.stage, self.code, self.words = stage, code, words
        super().__init__(f"{code} at {stage}")


OF_THE_ACCOUNT = {530, 534, 535, 538}
FAULTS = {451, 454, 455}


def meaning(stage: str, code: int) -> tuple[Status, Signal]:
    """What a refusal says of the mail, and of the account."""
    if code == 421:
        return Status.DEFERRED, Signal.THROTTLED
    if code in OF_THE_ACCOUNT:
        return Status.DEFERRED, Signal.BLOCKED
    if stage == "sender" and code != 552:  # 552: the mail is too large; all else is about who sends
        if code >= 500:
            return Status.DEFERRED, Signal.BLOCKED
        return Status.DEFERRED, Signal.FAILING if code in FAULTS else Signal.THROTTLED
    return (Status.REJECTED if code >= 500 else Status.DEFERRED), Signal.FINE


@dataclass
class Connected:
    """A session that is opened with the first mail, and again after it broke."""

    provider: Smtp
    _session: smtplib.SMTP | None = field(default=None, repr=False)
    _mails: int = 0

    def send(self, parcels: Sequence[Parcel], *, call: Call) -> Answer:  # noqa: ARG002 (SMTP has no idempotency key)
        if len(parcels) != 1:
            return answered(parcels, Status.DEFERRED, reason="a call takes one mail", signal=Signal.BLOCKED)
        try:
            session = self._offer(parcels[0])
        except Refused as refusal:
            return self._refused(parcels, refusal)
        except smtplib.SMTPResponseException as refusal:  # while the session was opened
            self.close()
            signal = Signal.BLOCKED if refusal.smtp_code >= 500 else Signal.THROTTLED
            return answered(
                parcels, Status.DEFERRED, reason=_said(refusal.smtp_code, refusal.smtp_error), signal=signal
            )
        except smtplib.SMTPNotSupportedError as error:
            return self._unsupported(parcels, str(error))
        except OSError as error:
            self.close()
            return answered(parcels, Status.DEFERRED, reason=f"cut off: {type(error).__name__}", signal=Signal.FAILING)
        return self._answer(parcels, session)

    def _offer(self, parcel: Parcel) -> smtplib.SMTP:
        """Everything up to the end of the data. What breaks in here, the server cannot have taken."""
        if self._mails >= self.provider.account.mails_per_session:
            self.close()
        was_open = self._session is not None
        try:
            session = self._begun(parcel)
        except OSError as error:  # which smtplib's exceptions are, too
            if not (was_open and _is_cut(error)):
                raise
            self.close()
            session = self._begun(parcel)  # the server had ended a session that lay idle
        self._mails += 1
        _expect(250, "recipient", session.rcpt(parcel.to))
        _expect(354, "data", session.docmd("DATA"))
        session.send(_dotted(parcel.body))
        return session

    def _begun(self, parcel: Parcel) -> smtplib.SMTP:
        if self._session is None:
            self._session, self._mails = self.provider.server.open(), 0
        options = [f"SIZE={len(parcel.body)}"] if self._session.has_extn("size") else []
        if not parcel.to.isascii():
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        account = self.provider.account
        _expect(250, "sender", self._session.mail(account.return_path or account.sender_address, options))
        return self._session

    def _answer(self, parcels: Sequence[Parcel], session: smtplib.SMTP) -> Answer:
        """The server's answer to the end of the data."""
        try:
            if session.sock is not None:
                session.sock.settimeout(self.provider.account.answer_seconds)
            code, words = session.getreply()
            if session.sock is not None:
                session.sock.settimeout(self.provider.account.timeout_seconds)
        except OSError as error:
            self.close()
            reason = f"cut off before the answer: {type(error).__name__}"
            return answered(parcels, Status.UNKNOWN, reason=reason, signal=Signal.FAILING)
        if 200 <= code < 300:
            return answered(parcels, Status.HANDED_OVER, reference=_said(code, words))
        if code < 400:
            self.close()
            return answered(parcels, Status.UNKNOWN, reason=_said(code, words), signal=Signal.FAILING)
        return self._refused(parcels, Refused("content", code, words))

    def _refused(self, parcels: Sequence[Parcel], refusal: Refused) -> Answer:
        status, signal = meaning(refusal.stage, refusal.code)
        if refusal.code == 421:
            self.close()
        self._reset()
        return answered(parcels, status, reason=_said(refusal.code, refusal.words), signal=signal)

    def _unsupported(self, parcels: Sequence[Parcel], words: str) -> Answer:
        """A server without SMTPUTF8 cannot take this mail; one without TLS or authentication, none."""
        if self._session is None:
            return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.BLOCKED)
        return answered(parcels, Status.REJECTED, reason="the server takes no addresses in other scripts")

    def _reset(self) -> None:
        try:
            if self._session is not None:
                self._session.rset()
        except OSError:
            self.close()

    def renew(self) -> None:
        reference = self.provider.account.password or "no password"
        mend = "look at user, password and sender_address"
        raise DeliveryError("the mail server does not let us send", place=reference, mend=mend)

    def lookup(self, message_ids: Sequence[str], *, call: Call) -> Sequence[Outcome]:  # noqa: ARG002
        """Unknown: a mail server cannot be asked."""
        return [Outcome(each, Status.UNKNOWN, reason="a mail server cannot be asked") for each in message_ids]

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


def _is_cut(error: OSError) -> bool:
    return isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(error, smtplib.SMTPException)


def _expect(code: int, stage: str, reply: tuple[int, bytes]) -> None:
    if reply[0] != code and not (code == 250 and reply[0] == 251):
        raise Refused(stage, *reply)


def _dotted(mail: bytes) -> bytes:
    """A mail as it stands in DATA: a line's first dot is doubled, and a dot of its own ends it (RFC 5321, 4.5.2)."""
    whole = mail if mail.endswith(b"\r\n") else mail + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", whole) + b".\r\n"


def _said(code: int, words: bytes | str) -> str:
    text = words if isinstance(words, str) else words.decode(errors="replace")
    return f"{code} {plain_words(text)}".strip()


def mail_provider(account: Account, *, name: str, secret: Callable[[str], Credential]) -> Smtp:
    """Mails through this server; `secret` resolves the reference to the user's password, where there is one."""
    given: Mapping[str, str] = {"password": secret(account.password).text} if account.password else {}
    server = MailServer(
        account.host,
        port=account.port,
        tls=account.tls,
        user=account.user,
        authority=account.authority,
        greets_as=account.greets_as or account.sender_address.rpartition("@")[2],
        timeout_seconds=account.timeout_seconds,
        **given,
    )
    return Smtp(name, account, server)
