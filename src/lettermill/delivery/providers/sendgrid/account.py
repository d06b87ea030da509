"""An account of SendGrid, and the limits that it published.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send and the API's OpenAPI file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lettermill.delivery.groups import check_topics
from lettermill.delivery.provider import Limits
from lettermill.errors import ConfigError
from lettermill.patience import Rate

LIMITS = Limits(messages=1, bytes=30_000_000, connections=16)
"""A message of 30 MB at the most. How many calls are allowed is not published: answers tell when it is too many."""

LISTED = (Rate(600, 60.0),)
"""Of the lists of suppressions. What is allowed is told by answers alone: 600 a minute is what other lists told."""


@dataclass(frozen=True)
class Account:
    """The conf of `delivery.providers.<name>`. `key` refers to an API key that may send mail and read suppressions,
    those of unsubscribe groups too.

    A sub-user of the European region has https://api.eu.sendgrid.com for its `base_url`. `topics` says which topic an
    unsubscribe group is, by its id.
    """

    sender: str
    sender_address: str
    key: str
    base_url: str = "https://api.sendgrid.com"
    reply_to: str = ""
    page: int = 500
    list_rates: tuple[Rate, ...] = LISTED
    topics: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 30.0
    limits: Limits = LIMITS

    def __post_init__(self) -> None:
        check_topics(self.topics, place="SendGrid")
        if self.limits.messages != 1:
            mend = "leave it at 1: what many mails share a call by is too small for a rendered mail"
            raise ConfigError(f"limits.messages is {self.limits.messages}", place="SendGrid", mend=mend)
