"""What SES knows of addresses: its list of those it suppresses, for bounces and complaints."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.credentials import Credential
from lettermill.delivery.profile_provider import Kind, Statement
from lettermill.delivery.providers.ses.account import Access, Account
from lettermill.errors import DeliveryError

REASONS: Mapping[str, Kind] = {"BOUNCE": "bounced", "COMPLAINT": "complained"}


@dataclass(frozen=True)
class Suppressed:
    """The suppression list of one account in its region."""

    name: str
    access: Access

    def statements(self, *, since: datetime, until: datetime) -> Iterator[Statement]:
        """An address has one row in the list: why and when it was last put there."""
        client, asked = self.access.client(), self._asked(since=since, until=until)
        try:
            while True:
                page = client.list_suppressed_destinations(**asked)
                for row in page.get("SuppressedDestinationSummaries", []):
                    if since <= row["LastUpdateTime"] < until:  # whether the ends belong to it, SES does not say
                        yield Statement(row["EmailAddress"], REASONS[row["Reason"]], row["LastUpdateTime"])
                if not page.get("NextToken"):
                    return
                asked["NextToken"] = page["NextToken"]
        except (ClientError, BotoCoreError) as error:
            words = plain_words(str(error), hidden=self.access.secrets)
            mend = "look at the account's state and the key's rights, and run again"
            place = f"SES in {self.access.account.region}, suppression list"
            raise DeliveryError(f"SES did not tell: {words}", place=place, mend=mend) from None
        finally:
            client.close()

    def _asked(self, *, since: datetime, until: datetime) -> dict[str, Any]:
        return {"StartDate": since, "EndDate": until, "Reasons": [*REASONS], "PageSize": self.access.account.page}


def statement_source(account: Account, *, name: str, secret: Callable[[str], Credential]) -> Suppressed:
    """The suppression list of this account; `secret` resolves the reference to its key, where it has one."""
    return Suppressed(name, Access(account, secret(account.key) if account.key else None))
