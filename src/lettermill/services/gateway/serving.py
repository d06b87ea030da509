"""Putting the gateway together from settings, and running it."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from lettermill.errors import ConfigError
from lettermill.gateway_settings import GatewaySettings, Webhook
from lettermill.secrets import REFERENCE, resolve
from lettermill.sending.providers import topics_of
from lettermill.services.gateway.app import application
from lettermill.services.gateway.body import Bodies
from lettermill.services.gateway.certificates import Certificates
from lettermill.services.gateway.cloud_events import cloud_event_routes
from lettermill.services.gateway.doors import Gateway
from lettermill.services.gateway.frame import Counters
from lettermill.services.gateway.graphql_routes import graphql_routes
from lettermill.services.gateway.keyring import Keyring
from lettermill.services.gateway.landing_sink import LandingFiles
from lettermill.services.gateway.pace import Pace
from lettermill.services.gateway.people import Snapshot
from lettermill.services.gateway.readers import reader_routes
from lettermill.services.gateway.segment import segment_routes
from lettermill.services.gateway.sink import Sink
from lettermill.services.gateway.webhook_routes import Listener, listener, webhook_routes
from lettermill.settings import Settings

SHUTDOWN_SECONDS = 30
KEEP_ALIVE_SECONDS = 65  # longer than the idle time of the usual load balancers


def application_of(settings: Settings) -> ASGIApp:
    """The whole gateway. Raises ConfigError for what it lacks: a source, a secret."""
    gateway, people = gateway_of(settings), settings.gateway.graphql.people
    doors = [
        segment_routes(gateway),
        cloud_event_routes(gateway),
        graphql_routes(gateway, reader=Snapshot(people) if people else None),
        reader_routes(gateway, token_keys=_token_keys(settings), shop=settings.campaigns.shop),
        webhook_routes(gateway, listeners=listeners_of(settings), certificate=Certificates()),
    ]
    return application(gateway, doors)


def gateway_of(settings: Settings) -> Gateway:
    """The gateway that `settings` describe. Raises ConfigError for a source that is not declared for events."""
    own = settings.gateway
    sources = {
        name: settings.landing / source.path for name, source in settings.sources.items() if source.kind == "events"
    }
    for place, name in _sources_named(own).items():
        if name not in sources:
            mend = f"declare it under `sources` with kind events, or name one of: {', '.join(sorted(sources))}"
            raise ConfigError(f"no source {name!r} of events", place=place, mend=mend)
    limits = own.limits
    return Gateway(
        settings=own,
        sources=frozenset(sources),
        sink=_sink(own, sources),
        keyring=Keyring(own.keys),
        pace=Pace(limits.events_per_second, limits.burst),
        bodies=Bodies(limits.body_seconds, limits.bodies),
        counters=Counters(),
    )


def _token_keys(settings: Settings) -> dict[str, bytes]:
    references = settings.gateway.preferences.token_keys or {"1": settings.secrets.unsubscribe_key}
    return {key_id: resolve(reference) for key_id, reference in references.items()}


def listeners_of(settings: Settings) -> dict[str, Listener]:
    """The webhooks of conf by name. Raises ConfigError for a provider, a secret or an account that is not there."""
    return {
        name: listener(
            webhook,
            keys=[resolve(reference) for reference in webhook.keys],
            topics=_topics(webhook, settings),
        )
        for name, webhook in settings.gateway.webhooks.items()
    }


def _topics(webhook: Webhook, settings: Settings) -> Mapping[str, str]:
    account = webhook.account or webhook.provider
    is_declared = account in settings.delivery.providers
    return topics_of(account, settings=settings) if webhook.account or is_declared else {}


def _sources_named(own: GatewaySettings) -> dict[str, str]:
    webhooks = {f"gateway.webhooks.{name}.source": webhook.source for name, webhook in own.webhooks.items()}
    return {
        "gateway.source": own.source,
        "gateway.cloud_events": own.cloud_events,
        "gateway.preferences.source": own.preferences.source,
    } | webhooks


def _sink(own: GatewaySettings, sources: Mapping[str, Path]) -> Sink:
    if own.sink == "files" or own.kafka is None:
        return LandingFiles(sources, own.files)
    from lettermill.services.gateway.kafka_sink import KafkaTopics  # librdkafka is loaded where it is used

    options = {
        name: resolve(value).decode() if REFERENCE.fullmatch(value) else value
        for name, value in own.kafka.options.items()
    }
    return KafkaTopics(replace(own.kafka, options=options))


def serve(settings: Settings, *, host: str | None = None, port: int | None = None) -> None:
    """Run until a signal asks to stop; then answer what has begun, and bring every event home."""
    own = settings.gateway
    app = application_of(settings)
    _log_to_stderr()
    uvicorn.run(
        app,
        host=host or own.host,
        port=own.port if port is None else port,
        access_log=False,  # ours has no addresses and no tokens
        log_config=None,
        server_header=False,
        proxy_headers=own.keep_address,  # else nobody's address is looked at
        limit_concurrency=own.limits.connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
