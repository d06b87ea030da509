"""What a Google Pub/Sub source declares in conf."""

import re
from dataclasses import dataclass, field
from typing import Literal

from lettermill.ingest.pull.declaration import SECRET, refuse_unsafe
from lettermill.patience import Patience

SUBSCRIPTION = re.compile(r"projects/[a-z0-9:.-]+/subscriptions/[A-Za-z][\w.~+%-]+")


@dataclass(frozen=True)
class PubSub:
    """One subscription, `projects/P/subscriptions/S`.

    `authentication` by `service_account` signs with the JSON key that the secret reference `key` holds; by
    `metadata_server` takes the token of the machine it runs on. `payload` says what a row's raw text is: the message's
    `data`, or the whole `message` as JSON, attributes included. A message is leased for `lease_seconds`, again and
    again until its row is stored. The run ends after `empty_pulls` answers without a message, or once a pull brings
    only what was published after it began.
    """

    subscription: str
    authentication: Literal["service_account", "metadata_server", "none"] = "metadata_server"
    key: str = ""
    payload: Literal["data", "message"] = "data"
    endpoint_url: str = "https://pubsub.googleapis.com"
    metadata_url: str = "http://metadata.google.internal"
    messages_per_pull: int = 1_000
    rows_per_commit: int = 20_000
    bytes_per_commit: int = 64_000_000
    lease_seconds: int = 60
    empty_pulls: int = 2
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if not SUBSCRIPTION.fullmatch(self.subscription):
            raise ValueError(f"subscription must be projects/P/subscriptions/S, is {self.subscription!r}")
        if self.authentication == "service_account" and not SECRET.fullmatch(self.key):
            raise ValueError("key must be a reference secret://scope/key to the service account's JSON key")
        if not 10 <= self.lease_seconds <= 600:
            raise ValueError(f"lease_seconds must be from 10 to 600, is {self.lease_seconds}")
        if not 1 <= self.messages_per_pull <= 1_000:
            raise ValueError(f"messages_per_pull must be from 1 to 1000, is {self.messages_per_pull}")
        refuse_unsafe(self.endpoint_url)
