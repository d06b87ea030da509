"""Requests and answers held against what a provider published: its OpenAPI 3.0 or Swagger 2.0 file, where it is there.

It knows what those files use: types, null, enumerations, required names, items, oneOf, allOf, bounds and moments. A name that a
schema with properties does not list is a fault here, though OpenAPI would let it pass: a misspelt one is ignored by a
provider, and nobody is told.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.serving import Asked

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "esp-specs"
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


@dataclass(frozen=True)
class Published:
    """One file of a provider; `at` is its path below the folder of such files."""

    at: str

    @property
    def is_here(self) -> bool:
        return (FOLDER / self.at).is_file()

    @property
    def needed(self) -> pytest.MarkDecorator:
        """What skips a test where the file is not there."""
        return pytest.mark.skipif(not self.is_here, reason=f"{self.at}, as it was published, is not here")

    @property
    def document(self) -> Mapping[str, Any]:
        """The file as it stands."""
        return _read(self.at)

    def faults_of(self, asked: Asked) -> list[str]:
        """What is wrong with a request whose operation the file has; nothing, where it has none."""
        operation = self.operation(asked.method, asked.path)
        if operation is None:
            return []
        faults = list(self._parameter_faults(operation, asked))
        content_type, schema = self._request_schema(operation)
        if schema is not None:
            if asked.headers.get("Content-Type") != content_type:
                faults.append(f"Content-Type: {asked.headers.get('Content-Type')} in place of {content_type}")
            faults += self._faults(schema, asked.json, "")
        return faults

    def answer_faults(self, asked: Asked, status: int, body: bytes) -> list[str]:
        """What is wrong with an answer to a request whose operation the file has."""
        operation = self.operation(asked.method, asked.path)
        if operation is None:
            return []
        responses = operation["responses"]
        response = self._resolved(responses.get(str(status)) or responses.get(f"{status // 100}XX") or {})
        schema = response.get("schema") or next(iter(response.get("content", {}).values()), {}).get("schema")
        if not response:
            return [f"{status} is not published"]
        if schema is None:
            return [f"{status} has a body, and none is published"] if body else []
        return self._faults(schema, json.loads(body), "")

    def operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        """The operation of a call; a slash at the end of the published path is as good as none."""
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template.rstrip("/")))
            if re.fullmatch(pattern, path.rstrip("/")) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def _request_schema(self, operation: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
        for content_type, content in self._resolved(operation.get("requestBody", {})).get("content", {}).items():
            return content_type, content["schema"]
        body = next((p for p in operation.get("parameters", ()) if p.get("in") == "body"), None)
        return "application/json", body["schema"] if body else None

    def _parameter_faults(self, operation: Mapping[str, Any], asked: Asked) -> Iterator[str]:
        declared = [self._resolved(parameter) for parameter in operation.get("parameters", ())]
        given = {"query": asked.query, "header": asked.headers}
        for parameter in declared:
            place, name = parameter["in"], parameter["name"]
            if place not in given:
                continue
            value = given[place].get(name)
            if value is None:
                if parameter.get("required"):
                    yield f"{place} {name}: missing"
                continue
            schema = self._resolved(parameter.get("schema", parameter))
            yield from self._faults(schema, _typed(schema, value), f"{place} {name}")
        known = {parameter["name"] for parameter in declared if parameter["in"] == "query"}
        yield from (f"query {name}: unknown" for name in asked.query if name not in known)

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/")]
            node = found
        return node

    def _faults(self, schema: Mapping[str, Any], value: Any, at: str) -> list[str]:
        schema = self._resolved(schema)
        if value is None:
            return [] if schema.get("nullable") else [f"{at}: null"]
        if "oneOf" in schema:
            fitting = [one for one in schema["oneOf"] if not self._faults(one, value, at)]
            return [] if len(fitting) == 1 else [f"{at}: fits {len(fitting)} of the forms"]
        if "allOf" in schema:
            return self._faults(self._together(schema["allOf"]), value, at)
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind and (not isinstance(value, TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
            return [f"{at}: {type(value).__name__} in place of {kind}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{at}: {value} is none of {schema['enum']}"]
        if kind == "array":
            return list(self._array_faults(schema, value, at))
        if kind == "object":
            return list(self._object_faults(schema, value, at))
        return _measure_faults(schema, value, at)

    def _array_faults(self, schema: Mapping[str, Any], value: Sequence[Any], at: str) -> Iterator[str]:
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for place, item in enumerate(value):
            yield from self._faults(schema.get("items", {}), item, f"{at}/{place}")

    def _object_faults(self, schema: Mapping[str, Any], value: Mapping[str, Any], at: str) -> Iterator[str]:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        yield from (f"{at}/{name}: missing" for name in schema.get("required", ()) if name not in value)
        for name, inner in value.items():
            if name in properties:
                yield from self._faults(properties[name], inner, f"{at}/{name}")
            elif isinstance(others, dict):
                yield from self._faults(others, inner, f"{at}/{name}")
            elif properties:
                yield f"{at}/{name}: unknown"

    def _together(self, schemas: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """One schema of objects that are all to hold."""
        merged: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for schema in map(self._resolved, schemas):
            merged["required"] += schema.get("required", [])
            for name, inner in schema.get("properties", {}).items():
                both = [merged["properties"][name], inner] if name in merged["properties"] else []
                is_object = both and all("properties" in self._resolved(one) for one in both)
                merged["properties"][name] = {"allOf": both} if is_object else inner
        return merged


def _typed(schema: Mapping[str, Any], value: str) -> Any:
    kind = schema.get("type")
    if kind == "array":
        return value.split(",")
    return int(value) if kind == "integer" and value.lstrip("-").isdecimal() else value


def _measure_faults(schema: Mapping[str, Any], value: Any, at: str) -> list[str]:
    if schema.get("format") == "date-time":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return [f"{at}: {value} is no moment"]
    if isinstance(value, int | float):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return [] if low <= value <= high else [f"{at}: {value} is not from {low} to {high}"]
    if isinstance(value, str):
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength", len(value))
        if not shortest <= len(value) <= longest:
            return [f"{at}: {len(value)} characters are not from {shortest} to {longest}"]
        if not re.search(schema.get("pattern", ""), value):
            return [f"{at}: {value} is not like {schema['pattern']}"]
    return []


@cache
def _read(at: str) -> Mapping[str, Any]:
    return json.loads((FOLDER / at).read_text(encoding="utf-8"))
