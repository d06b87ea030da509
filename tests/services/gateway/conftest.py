"""A gateway of the test's own: real landing files below a folder, and a client that calls it as ASGI."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from lettermill.gateway_settings import GatewayFiles, GatewayPreferences, GatewaySettings, Webhook
from lettermill.services.gateway.app import application
from lettermill.services.gateway.body import Bodies
from lettermill.services.gateway.cloud_events import cloud_event_routes
from lettermill.services.gateway.doors import Gateway
from lettermill.services.gateway.frame import Counters
from lettermill.services.gateway.graphql_routes import graphql_routes
from lettermill.services.gateway.keyring import Keyring, new_key
from lettermill.services.gateway.landing_sink import LandingFiles
from lettermill.services.gateway.pace import Pace
from lettermill.services.gateway.readers import reader_routes
from lettermill.services.gateway.segment import segment_routes
from lettermill.services.gateway.webhook_routes import listener, webhook_routes
from tests.services.gateway.calls import NOW, SIGNERS, certificate

TOKEN_KEY = b"a key of the tests"
SHOP = {"name": "Marlow & Market", "support_email": "hello@shop.example"}
PROVIDERS = {"resend": "standard"}
GROUPS = {"sendgrid": {"8": "offers"}}
LISTENERS = {
    name: listener(
        Webhook(PROVIDERS.get(name, name), ("secret://x/y",), "email", url=signer.url),
        keys=signer.keys,
        topics=GROUPS.get(name, {}),
    )
    for name, signer in SIGNERS.items()
}
TOPICS = {"offers": "Offers of the week", "recipes": "Recipes"}


@dataclass
class Hour:
    """A clock that stands where a test puts it."""

    now: datetime = NOW
    seconds: float = 0.0


@dataclass
class Caller:
    """The gateway with a write key and a read key, and what has become durable in it."""

    client: TestClient
    gateway: Gateway
    write_key: str
    read_key: str
    hour: Hour
    folder: Path

    def post(self, path: str, body: Any, **more: Any) -> Any:
        """POST as an SDK does: a JSON body, the write key as basic auth."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} | more.pop("headers", {})
        auth = more.pop("auth", (self.write_key, ""))
        return self.client.post(path, content=content, headers=headers, auth=auth, **more)

    def lines(self, source: str = "gateway") -> list[bytes]:
        """Every line of a source that is durable, wherever it stands, as bytes."""
        places = (self.folder / "spool" / source, self.folder / "landing" / "events" / source)
        files = sorted(file for place in places for file in place.glob("*.jsonl"))
        return [line for file in files for line in file.read_bytes().splitlines()]

    def events(self, source: str = "gateway") -> list[Any]:
        return [orjson.loads(line) for line in self.lines(source)]


@pytest.fixture
def open_gateway(tmp_path: Path) -> Iterator[Callable[..., Caller]]:
    """Open a gateway; arguments change its settings, or with `sink=` and other fields the gateway itself."""
    opened: list[TestClient] = []

    def open_(**changes: Any) -> Caller:
        hour, reader = Hour(), changes.pop("reader", None)
        keys = tmp_path / "keys.json"
        settings = GatewaySettings(
            keys=keys, files=GatewayFiles(spool=tmp_path / "spool"), preferences=GatewayPreferences(topics=TOPICS)
        )
        parts = {name: changes.pop(name) for name in list(changes) if name in Gateway.__dataclass_fields__}
        settings = replace(settings, **changes)
        secrets = {
            right: new_key(keys, name=f"{right} {len(opened)}", right=right, source=None, now=NOW)
            for right in ("write", "read")
        }
        landing = {name: tmp_path / "landing" / "events" / name for name in ("gateway", "web", "email", "cloudevents")}
        gateway = Gateway(
            settings=settings,
            sources=frozenset(landing),
            sink=LandingFiles(landing, settings.files, clock=lambda: hour.now),
            keyring=Keyring(keys),
            pace=Pace(settings.limits.events_per_second, settings.limits.burst, clock=lambda: hour.seconds),
            bodies=Bodies(settings.limits.body_seconds, settings.limits.bodies),
            counters=Counters(),
            clock=lambda: hour.now,
        )
        gateway = replace(gateway, **parts)
        doors = [
            segment_routes(gateway),
            cloud_event_routes(gateway),
            graphql_routes(gateway, reader=reader),
            reader_routes(gateway, token_keys={"1": TOKEN_KEY, "2": b"the next key"}, shop=SHOP),
            webhook_routes(gateway, listeners=LISTENERS, certificate=certificate),
        ]
        client = TestClient(application(gateway, doors), raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return Caller(client, gateway, secrets["write"], secrets["read"], hour, tmp_path)

    yield open_
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def caller(open_gateway: Callable[..., Caller]) -> Caller:
    return open_gateway()
