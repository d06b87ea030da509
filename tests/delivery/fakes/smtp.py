"""A real mail server on this machine (aiosmtpd), with TLS and a user where they are asked for, that breaks at any phase.

It keeps mails as they arrived, and a book of what they say.
"""

import asyncio
import email
import ipaddress
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.delivery.fakes import Book, Entry, Fault, Switchboard

USER, PASSWORD = "mailer", "a-password-of-the-tests"
NOBODY = "nobody-lives-here@mail.example"
PHASES = ("EHLO", "MAIL", "RCPT", "DATA begun", "DATA ended", "taken")


@dataclass
class MailServer:
    """`cuts` are phases at which the next sessions break; `replies` what is answered at a phase in place of yes."""

    faults: Switchboard = field(default_factory=Switchboard)
    book: Book = field(default_factory=Book)
    renewals: int = 0
    mails: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    sessions: int = 0
    most_bytes: int = 10_240_000
    knows_other_scripts: bool = True
    cuts: deque[str] = field(default_factory=deque)
    replies: dict[str, str] = field(default_factory=dict)
    _over: asyncio.Event | None = None

    def breaks(self, phase: str, server: SMTP) -> bool:
        """Cut the connection if that is due here."""
        if not self.cuts or self.cuts[0] != phase:
            return False
        self.cuts.popleft()
        server.transport.abort()
        return True

    async def handle_EHLO(self, server: SMTP, session: Session, _: Envelope, hostname: str, responses: Any) -> Any:  # noqa: N802
        session.host_name = hostname
        self.sessions += 1
        self.breaks("EHLO", server)
        return responses

    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        envelope.fault = self.faults.take()
        if envelope.fault in (Fault.THROTTLED, Fault.THROTTLED_UNTOLD):
            return "421 4.7.0 Too many messages, try again later"
        if envelope.fault == Fault.FAILING:
            return "451 4.3.0 Local error in processing"
        if envelope.fault == Fault.EXPIRED:
            return "530 5.7.0 Authentication required"
        if "MAIL" in self.replies:
            return self.replies["MAIL"]
        self.breaks("MAIL", server)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, __: Any) -> str:  # noqa: N802
        if address == NOBODY:
            return f"550 5.1.1 <{address}>: no such user here"
        reply = self.replies.get("RCPT", "250 2.1.5 OK")
        self.breaks("RCPT", server)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.replies:
            return self.replies["DATA"]
        if self.breaks("DATA ended", server):
            return "250 nobody hears it"
        fault = envelope.fault
        if fault == Fault.LOST:
            server.transport.abort()
            return "250 nobody hears it"
        self._take(envelope)
        if fault == Fault.CUT_OFF or self.breaks("taken", server):
            server.transport.abort()
        if fault == Fault.SLOW:
            assert self._over is not None
            await self._over.wait()
        return f"250 2.0.0 OK: queued as {len(self.mails):06X}"

    def _take(self, envelope: Envelope) -> None:
        content = envelope.original_content
        self.mails.append(content)
        self.senders.append(envelope.mail_from)
        read = email.message_from_bytes(content, policy=default)
        text, html = (part.get_content() for part in read.iter_parts())
        message_id = str(read["Message-ID"]).strip("<>").partition("@")[0]
        (to,) = envelope.rcpt_tos
        entry = Entry(message_id, to, subject=str(read["Subject"]), html=html, text=text, headers=tuple(read.keys()))
        self.book.entries.append(entry)

    @contextmanager
    def serving(self, *, tls: str = "none", pem: Path | None = None, needs_user: bool = False) -> Iterator[int]:
        """Serve at the port given; `pem` is key and certificate for `tls` implicit or starttls."""
        controller = Served(self, tls=tls, context=_context(pem), needs_user=needs_user)
        controller.start()
        try:
            self._over = controller.awaited(_event())
            yield controller.server.sockets[0].getsockname()[1]
        finally:
            controller.loop.call_soon_threadsafe(self._over.set)
            controller.stop()


class Breaking(SMTP):
    """aiosmtpd's server, which also breaks when the data has begun."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.event_handler.cuts and self.event_handler.cuts[0] == "DATA begun":
            self.event_handler.breaks("DATA begun", self)
            return
        await super().smtp_DATA(arg)


class Served(Controller):
    def __init__(self, fake: MailServer, *, tls: str, context: ssl.SSLContext | None, needs_user: bool) -> None:
        self.fake, self.starttls = fake, context if tls == "starttls" else None
        self.needs_user = needs_user
        super().__init__(
            fake, hostname="127.0.0.1", port=0, ssl_context=context if tls == "implicit" else None, ready_timeout=20
        )

    def factory(self) -> SMTP:
        return Breaking(
            self.handler,
            tls_context=self.starttls,
            require_starttls=self.starttls is not None,
            authenticator=_authenticated,
            auth_required=self.needs_user,
            auth_require_tls=self.ssl_context is None,
            enable_SMTPUTF8=self.fake.knows_other_scripts,
            data_size_limit=self.fake.most_bytes,
        )

    def _trigger_server(self) -> None:
        """aiosmtpd asks whether it is there, for which it must know the port that it was given."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def awaited(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(20)


async def _event() -> asyncio.Event:
    return asyncio.Event()


def _authenticated(*asked: Any) -> AuthResult:
    given = asked[-1]
    fits = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=fits, handled=False)


def _context(pem: Path | None) -> ssl.SSLContext | None:
    if pem is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def certified(folder: Path) -> Path:
    """A key and a certificate of 127.0.0.1, which is its own authority, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
    certificate = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = folder / "mail-server.pem"
    pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return pem
