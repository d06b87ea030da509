"""Exported templates, run where their languages are spoken, beside the message that Jinja2 itself renders."""

import json
import re
from dataclasses import dataclass

import jinja2
import liquid

from lettermill.rendering.exports.export import Export, export_plan
from lettermill.rendering.exports.handover import Handover
from lettermill.rendering.jinja.frontend import plan_of
from lettermill.rendering.jinja.rowwise import run
from lettermill.rendering.jinja.sandbox import Sandbox
from lettermill.rendering.plan.branches import null_printed
from tests.rendering.exports.ampscript_evaluator import evaluate

BRAZE_NAME = re.compile(r"api_trigger_properties\.\$\{(\w+)\}")
ENTITIES = {
    "handlebars": {"&quot;": "&#34;", "&#x27;": "&#39;", "&#x60;": "`", "&#x3D;": "="},
    "python-liquid": {"&#x27;": "&#39;"},  # Liquid itself and liquidjs write &#39;
}
"""What an engine writes, by Jinja2's way."""


@dataclass(frozen=True)
class Engines:
    """Where exports are run: a name for each engine, with its target and what runs it. `node` renders by name."""

    node: object

    def all(self):
        named = {
            "python-liquid": ("braze", python_liquid),
            "hubl, by Jinja2": ("hubl", hubl_by_jinja),
            "ampscript, by our evaluator": ("ampscript", lambda source, values: evaluate(source, values)),
        }
        if self.node is not None:
            named["liquidjs"] = (
                "braze",
                lambda source, values: self.node("liquidjs", plain_liquid(source), {"api_trigger_properties": values}),
            )
            named["handlebars"] = ("handlebars", lambda source, values: self.node("handlebars", source, values))
        return named


def plain_liquid(source):
    """Braze names properties between ${ and }, which no other Liquid reads."""
    return BRAZE_NAME.sub(r"api_trigger_properties.\1", source)


def python_liquid(source, values):
    return liquid.Environment().from_string(plain_liquid(source)).render(api_trigger_properties=values)


def hubl_by_jinja(source, values):
    """HubL's documented differences from Jinja2 in what an export uses: no autoescape, `escape` writes &quot;, a null
    prints nothing, and neither tags nor the end lose their line breaks."""
    environment = jinja2.Environment(keep_trailing_newline=True, finalize=lambda value: "" if value is None else value)
    environment.filters["escape"] = lambda text: str(jinja2.filters.escape(text)).replace("&#34;", "&quot;")
    return environment.from_string(source).render(contact=values)


def alike(text, *, engine):
    """`text`, where the engine writes entities of its own, with those of Jinja2."""
    for theirs, ours in ENTITIES.get(engine, {}).items():
        text = text.replace(theirs, ours)
    return text


class Tried:
    """A template exported to every target, to be run for persons."""

    def __init__(self, source, *, schema, autoescape, partials=None, engines, but=()):
        self.engines = {name: one for name, one in engines.all().items() if one[0] not in but}
        types = {field.name: field.type for field in schema}
        partials = partials or {}
        plan = plan_of(source, name="html", schema=types, autoescape=autoescape, partials=partials)
        targets = {target for target, _ in self.engines.values()}
        self.exports: dict[str, Export] = {one: export_plan(plan, to=one, schema=schema) for one in sorted(targets)}
        self.handovers = {target: Handover(export) for target, export in self.exports.items()}
        self.template = Sandbox("html", source=source, partials=partials, autoescape=autoescape).get_template("html")

    def expected(self, person):
        """What Jinja2 renders; None for whom it faults or prints a null, who is handed over to nobody."""
        outcome = run(self.template, person)
        return None if any(map(null_printed, outcome.branches)) else outcome.text

    def printed(self, person, *, held_back=()):
        """What each engine prints for a person, in Jinja2's entities; targets that hold the person back are left
        out, and must be among `held_back`."""
        texts = {}
        for engine, (target, render) in self.engines.items():
            handed = self.handovers[target].values(person)
            if handed.fault is not None:
                assert target in held_back, handed.fault
                continue
            values = json.loads(json.dumps(handed.values))
            texts[engine] = alike(render(self.exports[target].source, values), engine=engine)
        return texts

    def wanted(self, person, printed):
        """What each of those engines should print."""
        expected = self.expected(person)
        return {engine: alike(expected, engine=engine) for engine in printed}
