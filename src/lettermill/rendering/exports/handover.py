"""The values of an export's attributes for one person: what is handed over to the ESP."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2.environment import TemplateExpression

from lettermill.rendering.exports.attributes import Attribute, every
from lettermill.rendering.exports.export import Export
from lettermill.rendering.jinja.rowwise import run
from lettermill.rendering.jinja.sandbox import Sandbox, Trace

LARGEST_EXACT = 2**53 - 1  # a number of JavaScript, which several ESPs read JSON into
CODE = ("{{", "{%", "{#")


@dataclass(frozen=True)
class Handed:
    """A person's values by attribute, ready for JSON; or why the person must be held back, without any value."""

    values: Mapping[str, Any]
    fault: str | None = None


class Handover:
    """Computes what an export's attributes stand for. Building one compiles their expressions; keep it.

    What cannot be computed for a person (a field of a struct that is null) is empty: the template reads it only where
    the message rendered here would fault too, and who has such a fault is not handed over at all.
    """

    def __init__(self, export: Export) -> None:
        self.export = export
        self.sandboxes = {
            escapes: Sandbox("attributes", source="", partials={}, autoescape=escapes) for escapes in (True, False)
        }
        self.expressions: dict[str, TemplateExpression] = {}
        for attribute in every(export.attributes):
            for words in (attribute.stands_for, attribute.condition):
                if words is not None and attribute.kind != "fragment":
                    self.expressions[words] = self.sandboxes[False].compile_expression(words, undefined_to_none=False)
        self.fragments = {
            (one.stands_for, one.escapes): self.sandboxes[one.escapes].from_string(one.stands_for)
            for one in every(export.attributes) if one.kind == "fragment"
        }  # fmt: skip

    def values(self, inputs: Mapping[str, Any]) -> Handed:
        """The values for a person whose inputs are these. A fault is returned, never raised."""
        for sandbox in self.sandboxes.values():
            sandbox.trace = Trace()
        values = self._record(self.export.attributes, inputs)
        if self.export.target == "ampscript":
            values = {name: _as_json(value) if isinstance(value, list) else value for name, value in values.items()}
        return Handed(values, next(_faults(values, self.export), None))

    def _record(self, attributes: Sequence[Attribute], variables: Mapping[str, Any]) -> dict[str, Any]:
        return {one.name: self._value(one, variables) for one in attributes}

    def _value(self, attribute: Attribute, variables: Mapping[str, Any]) -> Any:
        if attribute.kind == "fragment":
            return run(self.fragments[attribute.stands_for, attribute.escapes], variables).text or ""
        if attribute.kind == "rows":
            return self._rows(attribute, variables)
        try:
            value = self.expressions[attribute.stands_for](**variables)
            if attribute.kind == "flag":
                return self._flag(bool(value))
            if attribute.kind == "whole":
                return int(value) if value is not None else None
            return "" if value is None else str(value)
        except Exception:
            return {"flag": self._flag(False), "whole": None, "text": ""}[attribute.kind]

    def _flag(self, value: bool) -> bool | str:
        return str(value).lower() if self.export.target in ("ampscript", "hubl") else value

    def _rows(self, attribute: Attribute, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            items = list(self.expressions[attribute.stands_for](**variables) or ())
            if attribute.condition is not None:
                lets_through = self.expressions[attribute.condition]
                items = [item for item in items if lets_through(**{**variables, attribute.item: item})]
        except Exception:
            return []
        return [
            self._record(
                attribute.fields, {**variables, attribute.item: item, attribute.loop: _state(items, index)}
            )
            for index, item in enumerate(items)
        ]  # fmt: skip


def _state(items: Sequence[Any], index: int) -> dict[str, Any]:
    """What a loop knows of its step."""
    length, last = len(items), len(items) - 1
    before = {"previtem": items[index - 1]} if index else {}
    after = {"nextitem": items[index + 1]} if index < last else {}
    return before | after | {
        "index": index + 1, "index0": index, "revindex": length - index, "revindex0": last - index,
        "first": index == 0, "last": index == last, "length": length,
    }  # fmt: skip


def _as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _faults(values: Any, export: Export, name: str = "") -> Iterator[str]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _faults(value, export, f"{name}.{key}" if name else key)
    elif isinstance(values, list):
        for value in values:
            yield from _faults(value, export, f"{name}[]")
    elif isinstance(values, int) and abs(values) > LARGEST_EXACT:
        yield f"{name} is a whole number that JSON does not keep exactly"
    elif isinstance(values, str) and export.target == "hubl" and any(sign in values for sign in CODE):
        yield f"{name} holds what HubSpot would run as code"
