"""Salesforce Marketing Cloud under the suite of all mail providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lettermill.delivery.credentials import Credential
from lettermill.delivery.providers.sfmc.account import Account
from lettermill.delivery.providers.sfmc.mails import Mails, mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.sfmc import REFUSED, Sfmc
from tests.delivery.published import Published

TRAITS = Traits(is_keyed=True, looks_up=True, renews=True)
PUBLISHED = Published("sfmc/sfmc-openapi-v2.json")
SECRET = "secret://sfmc/client"


def made(fake: Sfmc, *, url: str, timeout: float) -> Mails:
    account = Account(
        subdomain="mc-test",
        client_id=fake.client_id,
        client_secret=SECRET,
        definition_key="welcome",
        base_url=url,
        auth_url=url,
        timeout_seconds=timeout,
    )
    secrets = {SECRET: Credential(SECRET, fake.client_secret.encode())}
    return mail_provider(account, name="sfmc", secret=secrets.__getitem__, clock=fake.clock)


@contextmanager
def harness() -> Iterator[Harness]:
    fake = Sfmc()
    with fake.serving() as url:
        yield Harness(
            fake=fake,
            url=url,
            provider=lambda *, url, timeout=60.0: made(fake, url=url, timeout=timeout),
            refused=lambda message: replace(message, address=f"{REFUSED}{message.address}"),
            secrets=(fake.client_secret, "token-of-a-client"),
        )
    if PUBLISHED.is_here:
        assert [fault for asked in fake.asked for fault in PUBLISHED.faults_of(asked)] == []
