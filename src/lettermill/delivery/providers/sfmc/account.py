"""An account of Salesforce Marketing Cloud Engagement: where it is, who asks there, and what it allows."""

import re
from dataclasses import dataclass

from lettermill.delivery.provider import Limits
from lettermill.errors import ConfigError
from lettermill.patience import Rate

LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
DOMAIN = "marketingcloudapis.com"
SYNCHRONOUS = Rate(2_500, 60.0)
"""Over all synchronous calls of an account (Salesforce Help, API Limits and Guidelines)."""

MAILS = Limits(messages=500, bytes=4_000_000, envelope=1_024, calls=(SYNCHRONOUS,))
"""2,000 recipients a call, 500 of them with attributes, which ours have (reference of sendMessageMultipleRecipients);
4 MB a request (Trailhead, Use REST API Across Marketing Cloud)."""

MOST_RECIPIENTS = 2_000
ROWS = Limits(messages=28_000, bytes=5_000_000, envelope=30_000, calls=(Rate(50_000_000, 86_400.0),))
"""No ceiling of a call is published: these are what a large integration ships. 50 million asynchronous requests a day
(Salesforce Help, API Limits and Guidelines)."""


@dataclass(frozen=True)
class Account:
    """The conf of one provider of the kind sfmc; `client_secret` is a reference, `secret://scope/key`.

    `account_id` is the MID of the business unit that a token is for. Mails go by the send definition `definition_key`;
    attributes into the data extension with the customer key `data_extension_key`, whose primary key is the column
    `key_column`, and whose column `address_column` has the address where it is named. An asynchronous request is looked
    at every `poll_seconds`, for `poll_longest_seconds`.

    Raises ConfigError where the sub-domain is not one DNS label: the client's secret is sent to a host made of it.
    """

    subdomain: str
    client_id: str
    client_secret: str
    account_id: str = ""
    definition_key: str = ""
    data_extension_key: str = ""
    key_column: str = "person_id"
    address_column: str = ""
    base_url: str = ""
    auth_url: str = ""
    limits: Limits = MAILS
    row_limits: Limits = ROWS
    timeout_seconds: float = 120.0
    poll_seconds: float = 5.0
    poll_longest_seconds: float = 900.0

    def __post_init__(self) -> None:
        if not LABEL.fullmatch(self.subdomain):
            mend = "write the first part of the account's REST host alone: letters, digits and hyphens"
            raise _refused(f"subdomain {self.subdomain[:40]!r} is not one DNS label", key="subdomain", mend=mend)
        if self.limits.messages > MOST_RECIPIENTS:
            problem = f"limits.messages is {self.limits.messages:,}, a call takes {MOST_RECIPIENTS:,}"
            raise _refused(problem, key="limits.messages", mend=f"write {MOST_RECIPIENTS:,} or less")

    @property
    def rest_host(self) -> str:
        return self.base_url or f"https://{self.subdomain}.rest.{DOMAIN}"

    @property
    def auth_host(self) -> str:
        return self.auth_url or f"https://{self.subdomain}.auth.{DOMAIN}"


def _refused(problem: str, *, key: str, mend: str) -> ConfigError:
    return ConfigError(problem, place=f"delivery.providers, {key}", mend=mend)


def required(value: str, *, key: str) -> str:
    """A value of the conf without which this use of the account cannot be. Raises ConfigError where it is empty."""
    if not value:
        raise _refused(f"{key} is missing", key=key, mend=f"write {key} of the account")
    return value
