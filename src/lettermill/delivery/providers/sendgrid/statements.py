"""What SendGrid knows of addresses: bounces, reports of spam, and who left all mail or a group of it; page by page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from lettermill.delivery.bearer import bearer_exchange, plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, NotSent
from lettermill.delivery.groups import topic_of
from lettermill.delivery.page_reading import PageReader
from lettermill.delivery.profile_provider import Kind, Statement
from lettermill.delivery.providers.sendgrid.account import Account
from lettermill.delivery.providers.sendgrid.answers import wait_of
from lettermill.errors import DeliveryError
from lettermill.patience import Clock, Patience

LISTS: Mapping[str, Kind] = {"bounces": "bounced", "spam_reports": "complained", "unsubscribes": "unsubscribed"}
"""The lists below /v3/suppression that are about people; `blocks` are servers' refusals, which pass."""
GROUPS = "/v3/asm/suppressions"
"""Who left which unsubscribe group, as it stands: whoever came back is not in it, and is told by the webhook alone."""


@dataclass(frozen=True)
class Suppressions:
    """The suppression lists of one account."""

    name: str
    account: Account
    key: Credential
    clock: Clock
    patience: Patience = field(default_factory=Patience)

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """Of each list in turn; `until` is the first moment that is not asked for."""
        exchange = bearer_exchange(self.account.base_url, self.key, timeout=self.account.timeout_seconds)
        with PageReader(exchange, self.clock, self.account.list_rates, wait_of, self.patience) as reader:
            for name, kind in LISTS.items():
                yield from self._listed(reader, name, kind, since=since, until=until)
            yield from self._left_groups(reader, since=since, until=until)

    def _listed(
        self, reader: PageReader, name: str, kind: Kind, *, since: datetime, until: datetime
    ) -> Iterator[Statement]:
        asked = self._asked(since=since, until=until)
        seen: set[tuple[str, int]] = set()
        for offset in _multiples(self.account.page):
            rows = self._page(reader, f"/v3/suppression/{name}?{urlencode(asked | {'offset': offset})}")
            for row in rows:
                # A row that is added or removed while pages are read shifts the others by one.
                if (row["email"], row["created"]) not in seen:
                    seen.add((row["email"], row["created"]))
                    at = datetime.fromtimestamp(row["created"], UTC)
                    yield Statement(row["email"], kind, at, reason=plain_words(str(row.get("reason", ""))))
            if len(rows) < self.account.page:
                return

    def _left_groups(self, reader: PageReader, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """The list is published without pages and moments to ask for; clients in use (Airbyte's) send those of the
        other lists. What a server does not heed is made up for: any page without a new row is the last."""
        asked, offset = self._asked(since=since, until=until), 0
        seen: set[tuple[str, int, int]] = set()
        while True:
            rows = self._page(reader, f"{GROUPS}?{urlencode(asked | {'offset': offset})}")
            known = len(seen)
            for row in rows:
                entry = (row["email"], row["group_id"], row["created_at"])
                at = datetime.fromtimestamp(row["created_at"], UTC)
                if entry not in seen and since <= at < until:
                    topic = topic_of(row["group_id"], self.account.topics)
                    yield Statement(row["email"], "unsubscribed", at, plain_words(row["group_name"]), topic)
                seen.add(entry)
            if len(seen) == known:
                return
            offset += len(rows)

    def _asked(self, *, since: datetime, until: datetime) -> dict[str, int]:
        last = until - timedelta(seconds=1)  # both ends are part of what is asked for, in whole seconds
        return {"start_time": int(since.timestamp()), "end_time": int(last.timestamp()), "limit": self.account.page}

    def _page(self, reader: PageReader, path: str) -> list[dict[str, Any]]:
        place, mend = path.partition("?")[0], "look at SendGrid's status and the key's rights, and run again"
        try:
            reply = reader.read(path, headers={"accept": "application/json"})
        except (NotSent, CutOff) as error:
            raise DeliveryError(f"SendGrid did not answer: {error}", place=place, mend=mend) from None
        rows = reply.json()
        if reply.status != 200 or not isinstance(rows, list):
            words = plain_words(reply.body.decode(errors="replace"), hidden=[self.key.text])
            raise DeliveryError(f"SendGrid answered {reply.status}: {words}", place=place, mend=mend)
        return rows


def _multiples(of: int) -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += of


def statement_source(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Suppressions:
    """The suppression lists of this account; `secret` resolves the reference to its key."""
    return Suppressions(name, account, secret(account.key), clock)
