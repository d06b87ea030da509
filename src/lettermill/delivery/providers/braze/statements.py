"""Addresses that bounced for good, or were unsubscribed, as Braze tells them: by days, page by page.

Source: Braze's pages on /email/hard_bounces and /email/unsubscribes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from lettermill.delivery.bearer import bearer_exchange, plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, NotSent
from lettermill.delivery.page_reading import PageReader
from lettermill.delivery.profile_provider import Kind, Statement
from lettermill.delivery.providers.braze.account import Account
from lettermill.delivery.providers.braze.answers import wait_of
from lettermill.errors import DeliveryError
from lettermill.patience import Clock, Patience

BOUNCES, LEFT = "/email/hard_bounces", "/email/unsubscribes"
FEEDS: tuple[tuple[str, Kind, str], ...] = (
    (BOUNCES, "bounced", "hard_bounced_at"),
    (LEFT, "unsubscribed", "unsubscribed_at"),
)


@dataclass(frozen=True)
class BrazeStatements:
    """Braze as a source of bounces and unsubscriptions; complaints are told by its event feed alone."""

    account: Account
    name: str
    credential: Credential
    clock: Clock
    patience: Patience = field(default_factory=Patience)

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """Those from `since` up to `until`, once each. Raises DeliveryError where Braze does not tell."""
        exchange = bearer_exchange(self.account.base_url, self.credential, timeout=self.account.timeout_seconds)
        with PageReader(exchange, self.clock, self.account.list_rates, wait_of, self.patience) as reader:
            for path, kind, field_ in FEEDS:
                told: set[tuple[str, datetime]] = set()
                for entry in self._pages(reader, path, since=since, until=until):
                    at = _moment(entry[field_])
                    # What arrives while the pages are read moves entries on to the next page: seen again, never lost.
                    if since <= at < until and (entry["email"], at) not in told:
                        told.add((entry["email"], at))
                        yield Statement(entry["email"], kind, at)

    def _pages(self, reader: PageReader, path: str, *, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        days = {
            "start_date": since.astimezone(UTC).date().isoformat(),
            # Its midnight ends the time asked for, so that the last day needs the one after it.
            "end_date": (until.astimezone(UTC) + timedelta(days=1)).date().isoformat(),
            "limit": self.account.page,
        }
        if path == LEFT:
            days["sort_direction"] = "desc"  # as the bounces come, whose order cannot be chosen
        offset = 0
        while True:
            page = self._page(reader, f"{path}?{urlencode(days | {'offset': offset})}", place=path)
            yield from page
            if len(page) < self.account.page:
                return
            offset += len(page)

    def _page(self, reader: PageReader, path: str, *, place: str) -> list[dict[str, Any]]:
        try:
            reply = reader.read(path)
        except (NotSent, CutOff) as error:
            raise DeliveryError(
                f"{self.name} does not answer: {error}", place=place, mend="ask again when it does"
            ) from None
        document = reply.json()
        emails = document.get("emails") if isinstance(document, dict) else None
        if reply.status == 200 and isinstance(emails, list):
            return emails
        message = document.get("message", "") if isinstance(document, dict) else ""
        words = plain_words(str(message), hidden=[self.credential.text])
        wait = wait_of(reply)
        mend = "see the key's permissions email.hard_bounces and email.unsubscribe, and the host of the instance"
        if reply.status == 429 or reply.status >= 500:
            mend = f"ask again in {wait:.0f} s" if wait is not None else "ask again later"
        raise DeliveryError(f"{self.name} answered {reply.status}: {words or 'no list'}", place=place, mend=mend)


def _moment(text: str) -> datetime:
    """`2016-08-25 15:24:32 +0000`, or ISO 8601."""
    moment = datetime.fromisoformat(text.replace(" +", "+"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def statement_source(
    account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock
) -> BrazeStatements:
    """The lists of this account; `secret` resolves the reference to its key."""
    return BrazeStatements(account, name, secret(account.key), clock)
