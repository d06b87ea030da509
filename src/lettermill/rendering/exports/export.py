"""Exports: a plan in the language of an ESP, with what the ESP must hold for each person."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

import pyarrow as pa

from lettermill.rendering.exports.ampscript import Ampscript
from lettermill.rendering.exports.attributes import Attribute, Record, every
from lettermill.rendering.exports.braze import Braze
from lettermill.rendering.exports.dialect import Dialect
from lettermill.rendering.exports.handlebars import Handlebars
from lettermill.rendering.exports.hubl import Hubl
from lettermill.rendering.exports.lowering import lowered
from lettermill.rendering.exports.problems import Problems
from lettermill.rendering.exports.writer import written
from lettermill.rendering.plan.nodes import Plan

Target = OneOf["ampscript", "braze", "hubl", "handlebars"]
DIALECTS: Mapping[str, Dialect] = {one.name: one for one in (Ampscript(), Braze(), Hubl(), Handlebars())}


@dataclass(frozen=True)
class Export:
    """A template in the target's language, and what it reads.

    `attributes` are what the ESP must hold for each person before it sends; lists have `fields`. `differences` name
    where a message may differ in bytes from the one rendered here.
    """

    target: Target
    source: str = field(repr=False)
    attributes: tuple[Attribute, ...]
    differences: tuple[str, ...] = ()

    @property
    def precomputed(self) -> tuple[Attribute, ...]:
        """What the target cannot say and is computed per person (or item) at the hand-over, fields of lists too."""
        return tuple(one for one in every(self.attributes) if not one.plain and one.kind != "flag")

    @property
    def flags(self) -> tuple[Attribute, ...]:
        """Conditions that are computed at the hand-over, since languages differ on what counts as true."""
        return tuple(one for one in every(self.attributes) if one.kind == "flag")


def export_plan(plan: Plan, *, to: Target, schema: pa.Schema) -> Export:
    """Write `plan` in the language `to`.

    `schema` holds the inputs that the plan was made for; `meaning` in a field's metadata goes into the attributes.
    Raises ExportError, which names every construct that cannot be said there, with file, line and a mend.
    """
    return export_parts({"": plan}, to=to, schema=schema)[""]


def export_parts(parts: Mapping[str, Plan], *, to: Target, schema: pa.Schema) -> dict[str, Export]:
    """Write the plans of a campaign's parts, by part, over one set of attributes that each export carries whole."""
    dialect, record, problems = DIALECTS[to], Record(), Problems(DIALECTS[to].title)
    sources = {}
    for part, plan in parts.items():
        body = lowered(plan, problems)
        sources[part] = written(body, dialect=dialect, record=record, schema=schema, problems=problems)
    problems.raise_if_any()
    attributes = record.attributes(dialect.types)
    return {part: Export(to, source, attributes, dialect.differences) for part, source in sources.items()}


def exported_campaign(parts: Mapping[str, Plan], *, to: Target, schema: pa.Schema) -> dict[str, str]:
    """The files of a campaign's export, name to text: one for each part, and `attributes.json`.

    `parts` are the plans by part (subject, preheader, html, text). Raises ExportError for all parts together.
    """
    exports = export_parts(parts, to=to, schema=schema)
    suffix = DIALECTS[to].suffix
    files = {f"{part}.{suffix}": export.source for part, export in exports.items()}
    any_part = next(iter(exports.values()), None)
    told = {
        "target": to,
        "parts": {part: f"{part}.{suffix}" for part in exports},
        "attributes": [_told(one) for one in any_part.attributes] if any_part else [],
        "differences": list(DIALECTS[to].differences),
    }
    return files | {"attributes.json": json.dumps(told, indent=2, ensure_ascii=False) + "\n"}


def _told(attribute: Attribute) -> dict[str, object]:
    """An attribute as attributes.json has it; what is not given is left out."""
    told: dict[str, object] = {
        "name": attribute.name,
        "type": attribute.type,
        "length": attribute.length,
        "format": attribute.format,
        "meaning": attribute.meaning,
        "is": "input" if attribute.plain else "flag" if attribute.kind == "flag" else "computed",
        "stands_for": attribute.stands_for,
        "only_if": attribute.condition,
        "each": attribute.item or None,
        "fields": [_told(one) for one in attribute.fields] or None,
    }
    return {key: value for key, value in told.items() if value is not None}
