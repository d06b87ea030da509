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
from lettermill.patience import Rate
from tests.delivery.contract import Harness
from tests.delivery.fakes.counting import Refilling, Rolling
from tests.delivery.fakes.ses import MAGIC, Ses

BYTES = 500_000
"""Less than SES takes: encoding its forty megabytes as a mail would take a minute."""
GRANTED = (Rate(1_000, 1.0), Rate(1_000_000, 86_400.0))
"""The recipients of an account that is out of the sandbox, in a second and in a day."""


def out_of_the_sandbox(**changes: Any) -> Ses:
    """SES with an account that is out of the sandbox."""
    second, day = GRANTED
    return Ses(rate=Refilling(second), quota=Rolling(day), **changes)


def account(url: str, **changes: Any) -> Account:
    """An account there, out of the sandbox."""
    plain: dict[str, Any] = {"region": "eu-west-1", "configuration_set": "mails", "key": "secret://ses/key"}
    limits = replace(LIMITS.get(changes.get("mode", "raw"), LIMITS["raw"]), recipients=GRANTED)
    sender = {"sender": "Märkt", "sender_address": "hello@shop.example"}
    return Account(**{"base_url": url, "limits": limits, **sender, **plain, **changes})


def secret_of(fake: Ses) -> Any:
    return lambda reference: Credential(reference, f"{fake.identity}:{fake.secret}".encode())


@contextmanager
def harnessed(mode: str) -> Iterator[Harness]:
    ses = out_of_the_sandbox(most_bytes=BYTES * 4 // 3)
    bytes_ = BYTES if mode == "raw" else LIMITS["bulk"].bytes

    def provider(*, url: str, timeout: float) -> Provider:
        made = account(url, mode=mode, timeout_seconds=timeout)
        made = replace(made, limits=replace(made.allowed, bytes=bytes_))
        return mail_provider(made, name="ses", secret=secret_of(ses))

    with ses.serving() as url:
        yield Harness(ses, url, provider, refused, secrets=(ses.secret, ses.identity))


def refused(message: Message) -> Message:
    return replace(message, subject=f"{MAGIC} {message.subject}")
