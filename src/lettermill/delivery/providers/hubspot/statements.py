"""What HubSpot knows of addresses: its timeline of subscriptions, of single types and of all mail, page by page.

The timeline has every change with its moment and who made it, newest first. Source: HubSpot's pages on the e-mail
subscriptions API, version 1, which has no successor that lists changes: the later ones are asked about given addresses.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from lettermill.delivery.bearer import bearer_exchange
from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, NotSent
from lettermill.delivery.groups import topic_of
from lettermill.delivery.page_reading import PageReader
from lettermill.delivery.profile_provider import Kind, Statement
from lettermill.delivery.providers.hubspot.account import Account
from lettermill.delivery.providers.hubspot.answers import wait_of, words_of
from lettermill.errors import DeliveryError
from lettermill.patience import Clock, Patience

OF_A_TYPE, OF_ALL_MAIL = "SUBSCRIPTION_STATUS", "PORTAL_STATUS"
OF_MAILBOXES: Mapping[str, Kind] = {
    "PORTAL_BOUNCE": "bounced",
    "PORTAL_SPAM_REPORT": "complained",
    "SUBSCRIPTION_SPAM_REPORT": "complained",
}
BY_THE_PERSON = "SOURCE_RECIPIENT"
"""Who made a change: the recipient, and no import and no colleague."""
TAKEN_BACK = "UN"
"""How a change's name begins that takes back what a mailbox said, which nothing lifts here."""


@dataclass(frozen=True)
class Timeline:
    """The changes of subscriptions of one account."""

    name: str
    account: Account
    key: Credential
    clock: Clock
    patience: Patience = field(default_factory=Patience)

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """Those from `since` up to `until`, once each. Raises DeliveryError where HubSpot does not tell."""
        exchange = bearer_exchange(self.account.base_url, self.key, timeout=self.account.timeout_seconds)
        seen: set[Statement] = set()
        with PageReader(exchange, self.clock, self.account.list_rates, wait_of, self.patience) as reader:
            for item in self._items(reader, since=since, until=until):
                for statement in self._told(item):
                    if since <= statement.at < until and statement not in seen:
                        seen.add(statement)
                        yield statement

    def _items(self, reader: PageReader, *, since: datetime, until: datetime) -> Iterator[Mapping[str, Any]]:
        # Both ends are part of what is asked for, in whole milliseconds.
        bounds = {"startTimestamp": _millis(since), "endTimestamp": _millis(until)}
        asked: dict[str, int | str] = {**bounds, "limit": self.account.page}
        while True:
            page = self._page(reader, f"{self.account.timeline_path}?{urlencode(asked)}")
            yield from page["timeline"]
            if not page.get("hasMore"):
                return
            if page.get("offset") in (None, asked.get("offset")):
                raise self._refused("has more, and does not tell where")
            asked["offset"] = page["offset"]

    def _page(self, reader: PageReader, path: str) -> Mapping[str, Any]:
        try:
            reply = reader.read(path)
        except (NotSent, CutOff) as error:
            raise self._refused(f"gave no answer: {error}") from None
        document = reply.json()
        if reply.status == 200 and isinstance(document, dict) and isinstance(document.get("timeline"), list):
            return document
        raise self._refused(f"answered {reply.status}: {words_of(document, hidden=[self.key.text]) or 'no timeline'}")

    def _refused(self, how: str) -> DeliveryError:
        mend = "give the token's app the scope content and run again; reads_timeline: false, where the plan has none"
        return DeliveryError(f"{self.name} {how}", place=self.account.timeline_path, mend=mend)

    def _told(self, item: Mapping[str, Any]) -> Iterator[Statement]:
        try:
            at = datetime.fromtimestamp(item["timestamp"] / 1000, UTC)
            for change in item["changes"] if item.get("recipient") else ():
                said = self._said(change)
                if said:
                    kind, topic = said
                    yield Statement(item["recipient"], kind, at, str(change.get("source", "")), topic)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._refused("answered with a change that cannot be read") from None

    def _said(self, change: Mapping[str, Any]) -> tuple[Kind, str] | None:
        """What a change says of which topic; null for what it is not for others than the person to say.

        Coming back to all mail is not told: it lifts no type that was left, and our grant of all mail would. The types
        that a person came back to are told with it.
        """
        type_, what = change["changeType"], str(change["change"])
        if type_ not in (OF_A_TYPE, OF_ALL_MAIL):
            kind = None if what.startswith(TAKEN_BACK) else OF_MAILBOXES.get(type_)
            return (kind, "all") if kind else None
        topic = topic_of(change["subscriptionId"], self.account.topics) if type_ == OF_A_TYPE else "all"
        if what == "UNSUBSCRIBED":
            return "unsubscribed", topic
        is_back = what == "SUBSCRIBED" and type_ == OF_A_TYPE and change.get("source") == BY_THE_PERSON
        return ("resubscribed", topic) if is_back else None


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def statement_source(
    account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock
) -> Timeline | None:
    """The timeline of this account, where conf says that it is read; `secret` resolves the reference to its token."""
    return Timeline(name, account, secret(account.key), clock) if account.reads_timeline else None
