"""Amazon SES in its mode bulk under the suite over all mail providers."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.delivery.contract import Harness, Traits
from tests.delivery.ses_accounts import harnessed

TRAITS = Traits(has_headers=True, wait=None)


@contextmanager
def harness() -> Iterator[Harness]:
    with harnessed("bulk") as made:
        yield made
