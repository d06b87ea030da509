"""Requests against the OpenAPI files that providers published, where they are beside the project: the part of JSON
Schema that those files use."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SPECS = Path("../shared/esp-specs")
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@cache
def published(name: str) -> Any:
    """A file of SPECS as it stands; the test is skipped without it."""
    file = SPECS / name
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    return json.loads(file.read_text())


def request_schema(spec: Any, path: str, method: str) -> Any:
    """The schema of an operation's JSON body."""
    body = resolved(spec, spec["paths"][path][method]["requestBody"])
    return body["content"]["application/json"]["schema"]


def resolved(spec: Any, schema: Any) -> Any:
    while "$ref" in schema:
        found = spec
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def faults(spec: Any, schema: Any, value: Any, at: str = "") -> Iterator[str]:
    """Where and how a value breaks a schema. A property that the schema does not know is a fault too."""
    schema = resolved(spec, schema)
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{at}: no {kind}"
        return
    if isinstance(value, str):
        bounds = (schema.get("minLength", 0), schema.get("maxLength", len(value)))
        if not bounds[0] <= len(value) <= bounds[1] or not re.search(schema.get("pattern", ""), value):
            yield f"{at}: {value[:40]!r}"
        if value not in schema.get("enum", [value]):
            yield f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for place, item in enumerate(value):
            yield from faults(spec, schema.get("items", {}), item, f"{at}/{place}")
    if isinstance(value, dict):
        yield from _faults_of_object(spec, schema, value, at)


def _faults_of_object(spec: Any, schema: Any, value: dict[str, Any], at: str) -> Iterator[str]:
    yield from (f"{at}/{name}: missing" for name in schema.get("required", []) if name not in value)
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, item in value.items():
        if name in known:
            yield from faults(spec, known[name], item, f"{at}/{name}")
        elif known and others is True:
            yield f"{at}/{name}: unknown"
        elif isinstance(others, dict):
            yield from faults(spec, others, item, f"{at}/{name}")
