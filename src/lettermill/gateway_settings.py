"""What the gateway can be told: the `gateway` block of conf."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

TOPIC = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class GatewayLimits:
    """What one request and one key may ask for. Sizes are in bytes, after decompression; Segment's are the default."""

    event_bytes: int = 32 * 1024
    batch_bytes: int = 500 * 1024
    batch_events: int = 2_500
    webhook_bytes: int = 1024 * 1024
    depth: int = 64
    body_seconds: float = 20.0  # a body that takes longer is cut off
    bodies: int = 64  # large ones held in memory at a time; others wait unread
    connections: int = 1_024
    events_per_second: float = 2_000.0  # per key, in the long run
    burst: int = 10_000


@dataclass(frozen=True)
class GatewayFiles:
    """Landing files: written and synced in `spool`, moved into the landing folder when this large or this old."""

    spool: Path
    max_bytes: int = 16 * 1024 * 1024
    max_seconds: float = 30.0


@dataclass(frozen=True)
class GatewayKafka:
    """Kafka by librdkafka. `{source}` in `topic` becomes the source's name; `options` are librdkafka's own, in which a
    value `secret://scope/key` is looked up."""

    brokers: str
    topic: str = "lettermill.{source}"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Webhook:
    """One webhook, `/webhooks/<its name in conf>`: who signs it, with what, and the source its events belong to.

    `keys` are references: two while one replaces the other. `window` is how old a call may be, in seconds. `url` is the
    address that the provider was given, for one that signs it: a proxy in between may call us by another. `account` is
    that of `delivery.providers` which says what topics the provider's groups of mails are; without, it is the one that
    has the provider's name, if there is one.
    """

    provider: str
    keys: tuple[str, ...]
    source: str
    window: int = 300
    url: str | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a webhook needs at least one key: secret://scope/key")


@dataclass(frozen=True)
class GatewayPreferences:
    """Unsubscribing. `token_keys` are references by key id, the old ones too as long as their mails lie in mailboxes;
    without any, key id 1 is `secrets.unsubscribe_key`. `topics` are what a reader may choose, by name."""

    source: str = "gateway"
    token_keys: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = [name for name in self.topics if not TOPIC.fullmatch(name) or name == "all"]
        if wrong:
            raise ValueError(f"a topic's name is lower-case letters, digits, - and _, and not `all`; is {wrong[0]!r}")


@dataclass(frozen=True)
class GatewayGraphql:
    """Bounds of a query. `people` is the folder of the snapshot that answers `person`, see `jobs/publish_people.py`."""

    people: Path | None = None
    introspection: bool = False
    depth: int = 6
    tokens: int = 1_000
    aliases: int = 10


@dataclass(frozen=True)
class GatewaySettings:
    """The gateway. Keys that name no source of their own write to `source`."""

    keys: Path
    files: GatewayFiles
    sink: Literal["files", "kafka"] = "files"
    kafka: GatewayKafka | None = None
    source: str = "gateway"
    cloud_events: str = "cloudevents"  # the source that CloudEvents belong to
    host: str = "127.0.0.1"
    port: int = 8080
    origins: tuple[str, ...] = ("*",)  # browsers' pages that may call /v1
    keep_address: bool = False  # write the caller's IP address into context.ip where the event has none
    limits: GatewayLimits = field(default_factory=GatewayLimits)
    preferences: GatewayPreferences = field(default_factory=GatewayPreferences)
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    graphql: GatewayGraphql = field(default_factory=GatewayGraphql)

    def __post_init__(self) -> None:
        if self.sink == "kafka" and self.kafka is None:
            raise ValueError("sink kafka needs the block kafka with its brokers")
