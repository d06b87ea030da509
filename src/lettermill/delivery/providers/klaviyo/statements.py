"""Who may not be mailed, as Klaviyo knows: the suppressions of profiles, of the account and of single lists.

Consent that was granted anew is not told. No published filter finds it: one would read every profile that was updated,
which each hand-over of attributes makes of everybody, and a method of consent (`API`, an import) may be nobody's own
word.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import CutOff, NotSent, Reply
from lettermill.delivery.groups import topic_of
from lettermill.delivery.page_reading import PageReader
from lettermill.delivery.profile_provider import Kind, Statement
from lettermill.delivery.providers.klaviyo.account import Account
from lettermill.delivery.providers.klaviyo.profiles import next_page
from lettermill.delivery.refusals import retry_after
from lettermill.errors import DeliveryError
from lettermill.patience import Clock, Patience

PATH = "/api/profiles"
MARKETING = "subscriptions.email.marketing"
KINDS: Mapping[str, Kind] = {
    "HARD_BOUNCE": "bounced",
    "INVALID_EMAIL": "bounced",
    "SPAM_COMPLAINT": "complained",
    "UNSUBSCRIBE": "unsubscribed",
    "USER_SUPPRESSED": "unsubscribed",
}
"""What a suppression's reason means; one that is not named here keeps the person from mails all the same."""


@dataclass(frozen=True)
class Statements:
    """The suppressions of one account. A statement's topic is that of the list, or all."""

    name: str
    account: Account
    secret: Credential
    clock: Clock
    patience: Patience = field(default_factory=Patience)

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """Every suppression from `since` up to `until`, once each. Raises DeliveryError where they cannot be had."""
        seen: set[Statement] = set()
        exchange = self.account.exchange(self.secret)
        with PageReader(exchange, self.clock, self.account.list_rates, retry_after, self.patience) as reader:
            pages = _Pages(self, reader)
            for kind in ("suppression", "list_suppressions"):
                for profile in pages.profiles(kind, since=since, until=until):
                    for statement in pages.told(profile, kind):
                        if since <= statement.at < until and statement not in seen:
                            seen.add(statement)
                            yield statement


@dataclass
class _Pages:
    """The pages of profiles."""

    source: Statements
    reader: PageReader

    def profiles(self, kind: str, *, since: datetime, until: datetime) -> Iterator[Mapping[str, Any]]:
        path = f"{PATH}?{_query(kind, since=since, until=until)}"
        while path:
            reply = self._asked(path)
            document = reply.json()
            if not isinstance(document, dict) or not isinstance(document.get("data"), list):
                raise self._refused("answered 200 without profiles")
            yield from document["data"]
            path = next_page(reply)

    def told(self, profile: Mapping[str, Any], kind: str) -> list[Statement]:
        try:
            return list(_told(profile, kind, topics=self.source.account.topics))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise self._refused("answered with a suppression that cannot be read") from None

    def _asked(self, path: str) -> Reply:
        try:
            reply = self.reader.read(path)
        except (NotSent, CutOff) as error:
            raise self._refused(f"gave no answer: {error}") from None
        if reply.status != 200:
            raise self._refused(f"answered {reply.status}")
        return reply

    def _refused(self, how: str) -> DeliveryError:
        mend = "check the key and its scope profiles:read, and the revision of the account; run again later"
        return DeliveryError(
            f"provider {self.source.name}: {PATH} {how}", place=self.source.account.base_url, mend=mend
        )


def _query(kind: str, *, since: datetime, until: datetime) -> str:
    moment = f"{MARKETING}.{kind}.timestamp"
    bounds = (
        f"greater-or-equal({moment},{since.astimezone(UTC).isoformat()})",
        f"less-than({moment},{until.astimezone(UTC).isoformat()})",
    )
    return urlencode(
        {
            "additional-fields[profile]": "subscriptions",
            "fields[profile]": "email,subscriptions",
            "filter": ",".join(bounds),
            "page[size]": 100,
            "sort": moment,
        }
    )


def _told(profile: Mapping[str, Any], kind: str, *, topics: Mapping[str, str]) -> Iterator[Statement]:
    """The suppressions of one kind that a profile has; none, where it has no address."""
    attributes = profile.get("attributes") or {}
    marketing = ((attributes.get("subscriptions") or {}).get("email") or {}).get("marketing") or {}
    for row in marketing.get(kind) or []:
        if attributes.get("email"):
            reason = str(row["reason"])
            at = datetime.fromisoformat(row["timestamp"])
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            topic = topic_of(row["list_id"], topics) if "list_id" in row else "all"
            yield Statement(attributes["email"], KINDS.get(reason, "unsubscribed"), at, reason, topic)


def statement_source(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Statements:
    """The suppressions of an account."""
    return Statements(name, account, secret(account.key), clock)
