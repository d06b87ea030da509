"""Accounts of Amazon SES for tests: at the fake, in either mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lettermill.delivery.credentials import Credential
from lettermill.delivery.provider import Message
from lettermill.delivery.providers.ses.account import LIMITS, Account
from lettermill.delivery.providers.ses.mails import Ses as Provider
from lettermill.delivery.providers.ses.mails import mail_provider
from tests.delivery.contract import Harness
from tests.delivery.fakes.ses import MAGIC, Ses

BYTES = 500_000
"""Less than SES takes: encoding its forty megabytes as a mail would take a minute."""


def account(url: str, **changes: Any) -> Account:
    plain: dict[str, Any] = {"region": "eu-west-1", "configuration_set": "mails", "key": "secret://ses/key"}
    return Account(**{"sender": "Märkt", "sender_address": "hello@shop.example", "base_url": url, **plain, **changes})


def secret_of(fake: Ses) -> Any:
    return lambda reference: Credential(reference, f"{fake.identity}:{fake.secret}".encode())


@contextmanager
def harnessed(mode: str) -> Iterator[Harness]:
    fake = Ses(most_bytes=BYTES * 4 // 3)
    limits = replace(LIMITS["raw"], bytes=BYTES) if mode == "raw" else None

    def provider(*, url: str, timeout: float) -> Provider:
        made = account(url, mode=mode, limits=limits, timeout_seconds=timeout)
        return mail_provider(made, name="ses", secret=secret_of(fake))

    with fake.serving() as url:
        yield Harness(fake, url, provider, refused, secrets=(fake.secret, fake.identity))


def refused(message: Message) -> Message:
    return replace(message, subject=f"{MAGIC} {message.subject}")
