"""SMTP under the suite over all mail providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from lettermill.delivery.credentials import Credential
from lettermill.delivery.provider import Message
from lettermill.delivery.providers.smtp import LIMITS, Account, Smtp, mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes import Fault
from tests.delivery.fakes.smtp import NOBODY, PASSWORD, MailServer

TRAITS = Traits(faults=frozenset(Fault) - {Fault.EMPTY}, wait=None, has_headers=True)
BYTES = 500_000
"""Less than the default: encoding ten megabytes as a mail takes seconds."""


@contextmanager
def harness() -> Iterator[Harness]:
    fake = MailServer(most_bytes=BYTES)

    def provider(*, url: str, timeout: float) -> Smtp:
        where = urlsplit(url)
        account = Account(
            host=where.hostname or "",
            port=where.port or 0,
            tls="none",
            sender="Marlow Märkt, Ltd",
            sender_address="hello@shop.example",
            timeout_seconds=timeout,
            answer_seconds=timeout,
            limits=replace(LIMITS, bytes=BYTES),
        )
        return mail_provider(account, name="smtp", secret=lambda reference: Credential(reference, PASSWORD.encode()))

    with fake.serving() as port:
        yield Harness(fake, f"smtp://127.0.0.1:{port}", provider, refused, secrets=(PASSWORD,))


def refused(message: Message) -> Message:
    return replace(message, address=NOBODY)
