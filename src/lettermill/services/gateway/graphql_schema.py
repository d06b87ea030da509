"""What may be said in GraphQL: `track` and `identify`, and the question who a person is."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import strawberry
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from strawberry.extensions import DisableIntrospection, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter
from strawberry.extensions.base_extension import SchemaExtension
from strawberry.scalars import JSON
from strawberry.types import Info

from lettermill.gateway_settings import GatewayGraphql
from lettermill.services.gateway.doors import Gateway, unknown_key
from lettermill.services.gateway.keyring import Key, Right
from lettermill.services.gateway.people import PersonReader
from lettermill.services.gateway.refusals import Refusal
from lettermill.services.gateway.segment_events import Arrival, taken


@dataclass(frozen=True)
class Asked:
    """What a resolver is given beside its arguments."""

    gateway: Gateway
    request: Request
    reader: PersonReader | None

    def key(self, right: Right) -> Key:
        key = self.gateway.key_of(self.request, right=right)
        if key is None:
            raise unknown_key()
        return key

    async def keep(self, kind: str, sent: Mapping[str, Any]) -> str:
        """Make the event durable; returns its id."""
        key = self.key("write")
        event = {name: value for name, value in sent.items() if value is not None}
        text = orjson.dumps(event)
        limits = self.gateway.settings.limits
        if len(text) > limits.event_bytes:
            raise Refusal(400, "event_too_large", f"the event is larger than {limits.event_bytes} bytes")
        arrival = Arrival(source=self.gateway.source_of(key), received_at=self.gateway.clock(), kind=kind)
        found = taken(text, event, arrival=arrival)
        await self.gateway.take(self.request, [found.line], door="graphql", key=key)
        return found.made_id or str(event["messageId"])


@strawberry.type(description="An event that is durable.")
class Accepted:
    message_id: str


@strawberry.input
class TrackInput:
    event: str
    user_id: str | None = None
    anonymous_id: str | None = None
    message_id: str | None = None
    timestamp: str | None = None
    properties: JSON | None = None
    context: JSON | None = None


@strawberry.input
class IdentifyInput:
    user_id: str | None = None
    anonymous_id: str | None = None
    message_id: str | None = None
    timestamp: str | None = None
    traits: JSON | None = None
    context: JSON | None = None


@strawberry.type(description="What profiles.people has of a person.")
class Person:
    person_id: str
    customer_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    birth_year: int | None = None
    country: str | None = None
    postcode: str | None = None
    locale: str | None = None
    timezone: str | None = None
    updated_at: str | None = None


@strawberry.input(description="One identifier of the person.", one_of=True)
class PersonBy:
    user_id: str | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    anonymous_id: str | None = strawberry.UNSET


KINDS = {"user_id": "customer_id", "email": "email", "anonymous_id": "anonymous_id"}


@strawberry.type
class Query:
    @strawberry.field(description="Who has this identifier. Needs a key with the right to read.")
    async def person(self, info: Info[Asked, None], by: PersonBy) -> Person | None:
        info.context.key("read")
        if info.context.reader is None:
            raise Refusal(404, "no_people", "no people are published here; set gateway.graphql.people")
        kind, told = next((name, value) for name, value in vars(by).items() if isinstance(value, str))
        identifier = told.strip().lower() if kind == "email" else told
        found = await run_in_threadpool(info.context.reader, KINDS[kind], identifier)
        return None if found is None else _person(found)


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Segment's track call.")
    async def track(self, info: Info[Asked, None], input: TrackInput) -> Accepted:
        return Accepted(message_id=await info.context.keep("track", _as_sent(input)))

    @strawberry.mutation(description="Segment's identify call.")
    async def identify(self, info: Info[Asked, None], input: IdentifyInput) -> Accepted:
        return Accepted(message_id=await info.context.keep("identify", _as_sent(input)))


def schema_of(bounds: GatewayGraphql) -> strawberry.Schema:
    """The schema, with a query's depth, tokens and aliases bounded."""
    extensions: list[Callable[[], SchemaExtension]] = [
        lambda: QueryDepthLimiter(max_depth=bounds.depth),
        lambda: MaxTokensLimiter(max_token_count=bounds.tokens),
        lambda: MaxAliasesLimiter(max_alias_count=bounds.aliases),
    ]
    if not bounds.introspection:
        extensions.append(DisableIntrospection)
    # Errors go to who asked, not to the log: they quote what was sent.
    logging.getLogger("strawberry.execution").disabled = True
    return strawberry.Schema(query=Query, mutation=Mutation, extensions=extensions)


def _as_sent(given: TrackInput | IdentifyInput) -> dict[str, Any]:
    """The input in Segment's camel case."""
    return {_camel(name): value for name, value in asdict(given).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _person(row: Mapping[str, Any]) -> Person:
    told: dict[str, Any] = {name: row.get(name) for name in Person.__annotations__}
    updated = told.pop("updated_at")
    return Person(**told, updated_at=updated.isoformat() if updated is not None else None)
