"""A signed webhook under the suite over all mail providers: a receiver that dedupes, and tells of each message."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lettermill.delivery.credentials import Credential
from lettermill.delivery.provider import Message
from lettermill.delivery.providers.webhook import Account, Webhook, mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.webhook import MAGIC, Receiver

TRAITS = Traits(is_keyed=True, wait=(17, 17))


@contextmanager
def harness() -> Iterator[Harness]:
    fake = Receiver()

    def provider(*, url: str, timeout: float) -> Webhook:
        account = Account(
            f"{url}/mails?from=us", "secret://webhook/key", dedupes=True, tells_results=True, timeout_seconds=timeout
        )
        return mail_provider(
            account,
            name="webhook",
            secret=lambda reference: Credential(reference, fake.secret.encode()),
            clock=fake.clock,
        )

    with fake.serving() as url:
        yield Harness(fake, url, provider, refused, secrets=(fake.secret,))


def refused(message: Message) -> Message:
    return replace(message, subject=f"{MAGIC} {message.subject}")
