"""Opening the lake's journal where conf says it is: a folder, or a bucket of S3."""

from pathlib import Path
from urllib.parse import urlparse

from lettermill.delivery.journal import Journal
from lettermill.delivery.journals.local import LocalJournal
from lettermill.delivery.journals.s3 import S3Journal
from lettermill.errors import ConfigError
from lettermill.settings import Settings


def open_journal(settings: Settings) -> Journal:
    """The journal at `delivery.journal`. Raises ConfigError for a place that can keep none."""
    where = settings.delivery.journal
    place = urlparse(where)
    if place.scheme == "s3":
        return S3Journal(bucket=place.netloc, prefix=place.path.strip("/"))
    if place.scheme:
        mend = "write a folder, or s3://bucket/prefix"
        raise ConfigError(f"no journal can be kept at {where!r}", place="delivery.journal", mend=mend)
    return LocalJournal(Path(where))
