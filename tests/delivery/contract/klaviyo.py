"""Klaviyo under the suite of all mail providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lettermill.delivery.credentials import Credential
from lettermill.delivery.providers.klaviyo.account import Account
from lettermill.delivery.providers.klaviyo.mails import Mails, mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.klaviyo import OF_EVENTS, OF_PROFILES, REFUSED, Klaviyo

TRAITS = Traits(refuses_rows=False, is_keyed=True)
SECRET = "secret://klaviyo/key"


def made(fake: Klaviyo, *, url: str, timeout: float) -> Mails:
    account = Account(key=SECRET, base_url=url, timeout_seconds=timeout)
    secrets = {SECRET: Credential(SECRET, fake.key.encode())}
    return mail_provider(account, name="klaviyo", secret=secrets.__getitem__)


@contextmanager
def harness() -> Iterator[Harness]:
    fake = Klaviyo(call_seconds=1.0)
    with fake.serving() as url:
        yield Harness(
            fake=fake,
            url=url,
            provider=lambda *, url, timeout=60.0: made(fake, url=url, timeout=timeout),
            refused=lambda message: replace(message, address=f"{REFUSED}{message.address}"),
            secrets=(fake.key,),
        )
    assert faults_published(fake) == []


def faults_published(fake: Klaviyo) -> list[str]:
    """What is wrong with the calls that a fake was asked, by the published files, where they are there."""
    files = [published for published in (OF_EVENTS, OF_PROFILES) if published.is_here]
    return [fault for asked in fake.asked for published in files for fault in published.faults_of(asked)]
