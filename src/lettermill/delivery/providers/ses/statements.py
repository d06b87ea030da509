"""What SES knows of addresses: those it suppresses for bounces and complaints, and who left its contact list."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.groups import topic_of
from lettermill.delivery.profile_provider import Kind, Statement
from lettermill.delivery.providers.ses.account import Access, Account
from lettermill.delivery.providers.ses.page_reading import Lists
from lettermill.errors import DeliveryError
from lettermill.patience import Clock, Patience

REASONS: Mapping[str, Kind] = {"BOUNCE": "bounced", "COMPLAINT": "complained"}
LEFT = "OPT_OUT"


@dataclass(frozen=True)
class Suppressed:
    """The suppression list of one account in its region, and its contact list where it has one."""

    name: str
    access: Access
    clock: Clock
    patience: Patience = field(default_factory=Patience)

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """An address has one row in the suppression list: why and when it was last put there."""
        client, account = self.access.client(), self.access.account
        lists = Lists(client, self.clock, account.list_rates, self.patience)
        try:
            with self._plain_errors("suppression list", "ses:ListSuppressedDestinations"):
                yield from self._suppressed(lists, since=since, until=until)
            if account.reads_contacts:
                with self._plain_errors("contact list", "ses:ListContactLists and ses:ListContacts"):
                    yield from self._left(lists, since=since, until=until)
        finally:
            client.close()

    def _suppressed(self, lists: Lists, *, since: datetime, until: datetime) -> Iterator[Statement]:
        asked = {"StartDate": since, "EndDate": until, "Reasons": [*REASONS], "PageSize": self.access.account.page}
        for row in lists.rows("list_suppressed_destinations", "SuppressedDestinationSummaries", **asked):
            if since <= row["LastUpdateTime"] < until:  # whether the ends belong to it, SES does not say
                yield Statement(row["EmailAddress"], REASONS[row["Reason"]], row["LastUpdateTime"])

    def _left(self, lists: Lists, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """Who left all topics of a list, or single ones, as of the last change of the contact.

        That is the only moment which is told, so it may be later than the choice. Leaving is told all the same; having
        stayed, or come back, is not: it would lift what the person said elsewhere before another change of theirs.
        """
        for found in lists.rows("list_contact_lists", "ContactLists"):
            asked = {"ContactListName": found["ContactListName"], "PageSize": self.access.account.page}
            for contact in lists.rows("list_contacts", "Contacts", **asked):
                if since <= contact["LastUpdatedTimestamp"] < until:
                    for topic in self._topics_left(contact):
                        address, at = contact["EmailAddress"], contact["LastUpdatedTimestamp"]
                        yield Statement(address, "unsubscribed", at, topic=topic)

    def _topics_left(self, contact: Mapping[str, Any]) -> Iterator[str]:
        """What a list supposes of whoever chose nothing is not among it."""
        if contact.get("UnsubscribeAll"):
            yield "all"
        for choice in contact.get("TopicPreferences", []):
            if choice["SubscriptionStatus"] == LEFT:
                yield topic_of(choice["TopicName"], self.access.account.topics)

    @contextmanager
    def _plain_errors(self, of: str, rights: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            words = plain_words(str(error), hidden=self.access.secrets)
            mend = f"look at the account's state and the key's rights ({rights}), and run again"
            place = f"SES in {self.access.account.region}, {of}"
            raise DeliveryError(f"SES did not tell: {words}", place=place, mend=mend) from None


def statement_source(account: Account, *, name: str, secret: Callable[[str], Credential], clock: Clock) -> Suppressed:
    """The lists of this account; `secret` resolves the reference to its key, where it has one."""
    return Suppressed(name, Access(account, secret(account.key) if account.key else None), clock)
