"""`/graphql`: queries by POST, bounded before they are read."""

import re
from typing import Any

import orjson
from fastapi import APIRouter
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from lettermill.services.gateway.doors import Gateway, told_of
from lettermill.services.gateway.graphql_schema import Asked, schema_of
from lettermill.services.gateway.json_text import parsed
from lettermill.services.gateway.people import PersonReader
from lettermill.services.gateway.refusals import Refusal

_BRACKET = re.compile(r"[{}\[\]()]")
DEEPEST = 40
"""Brackets in brackets of a query's text: its parser calls itself for each."""


def graphql_routes(gateway: Gateway, *, reader: PersonReader | None) -> APIRouter:
    """The route `/graphql`; `reader` answers who a person is, where people are published."""
    routes = APIRouter()
    schema = schema_of(gateway.settings.graphql)
    limits = gateway.settings.limits

    async def ask(request: Request) -> Response:
        gateway.admit_any(request)
        async with gateway.bodies.reading(request, max_bytes=2 * limits.event_bytes) as body:
            query, variables, operation = _asked(parsed(body, max_depth=limits.depth))
            context = Asked(gateway, request, reader)
            result = await schema.execute(query, variables, context_value=context, operation_name=operation)
        for error in result.errors or ():
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                raise error.original_error
        if result.errors and result.data is None:
            told_of(request).cause = "graphql"
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        status = 400 if result.errors and result.data is None else 200
        return Response(orjson.dumps(answer), status_code=status, media_type="application/json")

    routes.add_api_route("/graphql", ask, methods=["POST"])
    return routes


def _asked(document: Any) -> tuple[str, dict[str, Any] | None, str | None]:
    query = document.get("query") if isinstance(document, dict) else None
    if not isinstance(query, str):
        raise Refusal(400, "no_query", "`query` is missing, or no text")
    variables, operation = document.get("variables"), document.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        raise Refusal(400, "no_query", "`variables` is an object, `operationName` a text")
    level = 0
    for found in _BRACKET.finditer(query):
        level += 1 if found[0] in "{[(" else -1
        if level > DEEPEST:
            raise Refusal(400, "too_deep", f"the query is nested more than {DEEPEST} deep")
    return query, variables, operation
