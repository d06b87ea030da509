"""Braze: a bad recipient is named among the errors of a success; a key is made by a person."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lettermill.delivery.credentials import Credential
from lettermill.delivery.providers.braze.account import Account
from lettermill.delivery.providers.braze.mails import mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.braze import CAMPAIGN, KEY, BrazeFake

TRAITS = Traits()


def made(*, url: str, timeout: float):
    account = Account(base_url=url, key="secret://braze/key", campaign_id=CAMPAIGN, timeout_seconds=timeout)
    return mail_provider(account, name="braze", secret=lambda reference: Credential(reference, KEY.encode()))


def refused(message):
    return replace(message, person_id=f"refused-{message.person_id}")


@contextmanager
def harness() -> Iterator[Harness]:
    fake = BrazeFake()
    with fake.serving() as url:
        yield Harness(fake, url, made, refused, (KEY,))
