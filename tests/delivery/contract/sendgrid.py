"""SendGrid under the suite over all mail providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lettermill.delivery.credentials import Credential
from lettermill.delivery.provider import Message
from lettermill.delivery.providers.sendgrid.account import Account
from lettermill.delivery.providers.sendgrid.mails import SendGrid as Provider
from lettermill.delivery.providers.sendgrid.mails import mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.sendgrid import MAGIC, SendGrid

TRAITS = Traits(has_headers=True)


@contextmanager
def harness() -> Iterator[Harness]:
    fake = SendGrid()

    def provider(*, url: str, timeout: float) -> Provider:
        account = Account(
            sender="Marlow Märkt, Ltd",
            sender_address="hello@shop.example",
            key="secret://sendgrid/key",
            base_url=url,
            timeout_seconds=timeout,
        )
        return mail_provider(
            account, name="sendgrid", secret=lambda reference: Credential(reference, fake.key.encode())
        )

    with fake.serving() as url:
        yield Harness(fake, url, provider, refused, secrets=(fake.key,))


def refused(message: Message) -> Message:
    return replace(message, subject=f"{MAGIC} {message.subject}")
