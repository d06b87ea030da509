"""A way into a mail server: its name, its kind of TLS, and who asks; what is sent there is for others to say."""

import smtplib
import ssl
from dataclasses import dataclass, field
from typing import Literal

from lettermill.errors import ConfigError

Tls = Literal["starttls", "implicit", "none"]


@dataclass(frozen=True)
class MailServer:
    """Where mail is submitted. `starttls` asks for TLS first (port 587), `implicit` speaks it at once (port 465).

    `authority` is a file of the certificates to trust instead of the machine's; `greets_as` the name in EHLO. A user's
    password never leaves without TLS. Raises ConfigError for what cannot work.
    """

    host: str
    port: int = 587
    tls: Tls = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    authority: str = ""
    greets_as: str = "localhost"
    timeout_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.tls == "none" and self.user:
            mend = "set tls to starttls or implicit, or leave user away"
            raise ConfigError("a password would leave without TLS", place=f"{self.host}:{self.port}", mend=mend)

    def open(self) -> smtplib.SMTP:
        """A session that may send. Raises OSError, as smtplib's exceptions are: nobody has been sent anything yet."""
        context = ssl.create_default_context(cafile=self.authority or None)
        if self.tls == "implicit":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, self.greets_as, timeout=self.timeout_seconds, context=context
            )
        else:
            session = smtplib.SMTP(self.host, self.port, self.greets_as, timeout=self.timeout_seconds)
        try:
            if self.tls == "starttls":
                session.starttls(context=context)
            session.ehlo_or_helo_if_needed()
            if self.user:
                session.login(self.user, self.password)
        except BaseException:
            session.close()
            raise
        return session
