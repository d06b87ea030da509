"""Opening the lake's journal where conf says it is: a folder, or a bucket of S3."""

from pathlib import Path
from urllib.parse import urlparse

from lettermill.delivery.journal import Journal
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.journals.s3 import S3Account, S3Journal
from lettermill.errors import ConfigError
from lettermill.sending.providers import credential
from lettermill.settings import Settings
from lettermill.settings_sections import JournalAccount


def open_journal(settings: Settings) -> Journal:
    """The journal at `delivery.journal`. Raises ConfigError for a place that can keep none, or a key without a value.

    Whoever calls a provider by its marks asks for more: see `require_exclusive`.
    """
    where = settings.delivery.journal
    place = urlparse(where)
    if place.scheme == "s3":
        account = _s3_account(settings.delivery.journal_account)
        return S3Journal(bucket=place.netloc, prefix=place.path.strip("/"), account=account)
    if place.scheme:
        mend = "write a folder, or s3://bucket/prefix"
        raise ConfigError(f"no journal can be kept at {where!r}", place="delivery.journal", mend=mend)
    return LocalJournal(Path(where))


def require_exclusive(journal: Journal) -> None:
    """Raise DeliveryError for a store in which two could each write one mark, and so make one call twice.

    A bucket is asked to, once, by a mark that is removed again. A folder refuses each second mark by itself.
    """
    if isinstance(journal, S3Journal):
        journal.require_conditional()


def _s3_account(declared: JournalAccount) -> S3Account:
    access_key, secret_key = (
        credential(reference) if reference else None for reference in (declared.access_key, declared.secret_key)
    )
    return S3Account(declared.region, declared.endpoint, access_key, secret_key)
