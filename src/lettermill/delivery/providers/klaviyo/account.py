"""An account of Klaviyo: its key, the revision of the interface, and what that allows.

Figures are those of Klaviyo's OpenAPI files, revision 2026-07-15: descriptions of the operations, and their
`x-klaviyo-ratelimit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lettermill.delivery.credentials import Credential
from lettermill.delivery.exchange import Exchange
from lettermill.delivery.groups import check_topics
from lettermill.delivery.provider import Limits
from lettermill.errors import ConfigError
from lettermill.patience import Rate

JSON_API = "application/vnd.api+json"
BULK = (Rate(10, 1.0), Rate(150, 60.0))
"""Burst and steady rate of the bulk jobs, of each operation by itself."""

EVENTS = Limits(messages=1_000, bytes=5_000_000, calls=BULK)
PROFILES = Limits(messages=10_000, bytes=5_000_000, calls=BULK)
LISTED = (Rate(75, 1.0), Rate(750, 60.0))
"""Burst and steady rate of reading profiles."""

LONGEST_METRIC = 127


@dataclass(frozen=True)
class Account:
    """The conf of one provider of the kind klaviyo; `key` is a reference, `secret://scope/key`, to a private key.

    `revision` is the dated version of the interface. Mails are events of `metric`, on which a flow of the account
    starts. No string of an event is above `string_bytes`, no profile above `profile_bytes`. An import is looked at
    every `poll_seconds`, for `poll_longest_seconds`. `topics` says which topic a list is, by its id. Raises ConfigError
    where the metric's name is too long or missing.
    """

    key: str
    metric: str = "Campaign mail"
    revision: str = "2026-07-15"
    base_url: str = "https://a.klaviyo.com"
    limits: Limits = EVENTS
    profile_limits: Limits = PROFILES
    list_rates: tuple[Rate, ...] = LISTED
    topics: Mapping[str, str] = field(default_factory=dict)
    string_bytes: int = 100_000
    profile_bytes: int = 100_000
    timeout_seconds: float = 30.0
    poll_seconds: float = 5.0
    poll_longest_seconds: float = 900.0

    def __post_init__(self) -> None:
        check_topics(self.topics, place="Klaviyo")
        if not 0 < len(self.metric) <= LONGEST_METRIC:
            problem = f"metric has {len(self.metric)} characters"
            mend = f"write a name of 1 to {LONGEST_METRIC} characters"
            raise ConfigError(problem, place="delivery.providers, metric", mend=mend)

    def exchange(self, secret: Credential) -> Exchange:
        """Calls to the account with its key."""
        headers = {
            "authorization": f"Klaviyo-API-Key {secret.text}",
            "revision": self.revision,
            "accept": JSON_API,
            "content-type": JSON_API,
        }
        return Exchange(self.base_url, timeout=self.timeout_seconds, headers=headers)
