"""Payload files in a folder, before the suite of all mail providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lettermill.delivery.provider import Limits, Message, Provider
from lettermill.delivery.providers.files.account import Account
from lettermill.delivery.providers.files.mails import mail_provider
from tests.delivery.contract import Harness, Traits
from tests.delivery.fakes.files import FolderReader

TRAITS = Traits(faults=frozenset(), is_remote=False, refuses_rows=False, looks_up=True)
LIMITS = Limits(messages=500, bytes=500_000)


def provider(*, url: str, timeout: float) -> Provider:
    account = Account(url, limits=LIMITS, formats=("jsonl", "csv", "parquet"), timeout_seconds=timeout)
    return mail_provider(account, name="files", secret=_no_secret)


def _no_secret(reference: str) -> None:
    raise AssertionError(f"a folder has no secret, and {reference} was asked for")


def _refused(message: Message) -> Message:
    return replace(message, html="x" * LIMITS.bytes)


@contextmanager
def harness() -> Iterator[Harness]:
    with TemporaryDirectory() as folder:
        yield Harness(FolderReader(Path(folder)), folder, provider, _refused, secrets=())
