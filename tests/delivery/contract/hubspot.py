"""HubSpot: one mail a call, sent once for ever by its sendId, so that a call may be made again after a cut."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lettermill.delivery.credentials import Credential
from lettermill.delivery.providers.hubspot.account import Account
from lettermill.delivery.providers.hubspot.mails import mail_provider
from lettermill.patience import Rate
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.counting import Rolling
from tests.delivery.fakes.hubspot import EMAIL_ID, KEY, HubSpotFake

TRAITS = Traits(is_keyed=True)


def made(*, url: str, timeout: float):
    account = Account(base_url=url, key="secret://hubspot/key", email_id=EMAIL_ID, timeout_seconds=timeout)
    return mail_provider(account, name="hubspot", secret=lambda reference: Credential(reference, KEY.encode()))


def refused(message):
    return replace(message, address=f"refused-{message.address}")


@contextmanager
def harness() -> Iterator[Harness]:
    fake = HubSpotFake(rolling=Rolling(Rate(1_000, 10.0)))
    with fake.serving() as url:
        yield Harness(fake, url, made, refused, (KEY,))
