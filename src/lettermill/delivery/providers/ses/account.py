"""An account of Amazon SES in one region, and the limits that it published.

https://docs.aws.amazon.com/ses/latest/dg/quotas.html and the service's model in botocore.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import boto3
from botocore.config import Config

from lettermill.delivery.credentials import Credential
from lettermill.delivery.groups import check_topics
from lettermill.delivery.provider import Limits
from lettermill.errors import ConfigError
from lettermill.patience import Rate

Mode = Literal["raw", "bulk"]
SANDBOX = (Rate(1, 1.0), Rate(200, 86_400.0))
"""Recipients that a new account may have. Each account has numbers of its own, which SES's GetAccount tells."""

LIMITS: Mapping[Mode, Limits] = {
    # 40 MB after base64, which needs four bytes for three
    "raw": Limits(messages=1, bytes=30_000_000, recipients=SANDBOX),
    # an inline template's input is 1 MB at the most
    "bulk": Limits(messages=50, bytes=1_000_000, envelope=2_048, recipients=SANDBOX),
}
LISTED = (Rate(1, 1.0),)
"""Every action but those that send: one call a second."""

DATA_BYTES = 262_144
"""What one entry of a bulk call may bring for the template."""


@dataclass(frozen=True)
class Account:
    """The conf of `delivery.providers.<name>`. `mode` is raw, for mails with our own head, or bulk.

    `key` refers to `ID:SECRET` of an access key; without it, boto3 finds what the machine has, as a role. Bounces and
    templates that could not be filled come as events of the `configuration_set` alone. `limits` are those of the mode.
    `reads_contacts` asks the account's contact list who left it or a topic of it, which SES can only list as a whole: a
    `page` of contacts a second. `topics` says which topic of ours one of the list is, by its name.
    """

    sender: str
    sender_address: str
    region: str
    configuration_set: str
    mode: Mode = "raw"
    key: str = ""
    base_url: str = ""
    page: int = 1_000
    list_rates: tuple[Rate, ...] = LISTED
    reads_contacts: bool = True
    topics: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 30.0
    limits: Limits | None = None

    def __post_init__(self) -> None:
        check_topics(self.topics, place="Amazon SES")
        if self.mode not in LIMITS:
            raise ConfigError(f"mode is {self.mode}", place="Amazon SES", mend="write raw or bulk")
        if self.mode == "raw" and self._of_the_mode.messages != 1:
            mend = "leave it at 1, or set mode to bulk"
            raise ConfigError(f"limits.messages is {self._of_the_mode.messages}", place="Amazon SES", mend=mend)

    @property
    def _of_the_mode(self) -> Limits:
        return self.limits or LIMITS[self.mode]

    @property
    def allowed(self) -> Limits:
        """The limits, by which no call has more recipients than a rate allows: SES throttles those above it, one by one
        (Amazon SES Developer Guide, on sending personalized email)."""
        limits = self._of_the_mode
        most = min((rate.calls for rate in limits.recipients if rate.calls), default=limits.messages)
        return replace(limits, messages=min(limits.messages, most))


@dataclass(frozen=True)
class Access:
    """How a client of an account is made: with the account's own key, or with what the machine has."""

    account: Account
    key: Credential | None = field(default=None)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self.key.text.split(":", 1)) if self.key else ()

    def client(self) -> Any:
        """boto3's client, in a session of its own: threads share none. It never tries again by itself: a second call
        that nobody knows of could be a second mail."""
        account, named = self.account, {}
        if self.key:
            identity, _, secret = self.key.text.partition(":")
            named = {"aws_access_key_id": identity, "aws_secret_access_key": secret}
        once = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=account.timeout_seconds,
            read_timeout=account.timeout_seconds,
            max_pool_connections=1,
        )
        session = boto3.Session(region_name=account.region, **named)
        return session.client("sesv2", endpoint_url=account.base_url or None, config=once)
