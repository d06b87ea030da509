"""The plan of a Jinja2 template with mistakes: what cannot be planned becomes opaque, and a problem with a place."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from jinja2 import nodes

from lettermill.errors import TemplateError
from lettermill.rendering.filters import FILTERS, TESTS
from lettermill.rendering.jinja.expressions import ALIASES, Expressions
from lettermill.rendering.jinja.frontend import RULES, FrontEnd
from lettermill.rendering.jinja.parsing import parsed
from lettermill.rendering.jinja.scopes import Draft, Scope
from lettermill.rendering.plan.branches import branch_order
from lettermill.rendering.plan.nodes import Expr, Opaque, OpaqueValue, Place, Plan, Statement

Body = tuple[Statement, ...]
NAMING = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


@dataclass(frozen=True)
class Problem:
    """What the front end refuses, by the rule that it breaks."""

    rule: str
    place: Place
    message: str
    suggestion: str
    word: str = ""


@dataclass
class Lenient:
    """A plan as far as it goes, and every problem on the way."""

    draft: Draft
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, error: TemplateError, node: nodes.Node, scope: Scope) -> Place:
        """Note an error at the node that it arose from."""
        at = scope.at(node) if node.lineno else Place(scope.place, int(error.place.rpartition(":")[2] or 1))
        rule, suggestion = self._judged(node, error, scope)
        template = getattr(getattr(node, "template", None), "value", "")
        word = template or getattr(node, "attr", "") or getattr(node, "name", "")
        self.problems.append(Problem(rule, at, error.problem, suggestion, word))
        return at

    def _judged(self, node: nodes.Node, error: TemplateError, scope: Scope) -> tuple[str, str]:
        if isinstance(node, nodes.Name) and scope.sees_inputs:
            near = difflib.get_close_matches(node.name, [*self.draft.schema, *scope.names], n=1)
            declare = f"declare {node.name!r} under inputs in campaign.yml"
            return "LM102", f"did you mean {near[0]!r}? Or {declare}" if near else declare
        if isinstance(node, nodes.Getattr | nodes.Getitem) and "has no field" in error.problem:
            mend = error.mend.removeprefix("declare it in campaign.yml, or ")
            return "LM103", "it has no fields: loop over a list, print a value" if "none here" in mend else mend
        if isinstance(node, nodes.Filter) and ALIASES.get(node.name, node.name) not in (*FILTERS, "safe"):
            near = difflib.get_close_matches(node.name, FILTERS, n=1)
            return "LM104", f"did you mean {near[0]!r}?" if near else f"filters are {', '.join(sorted(FILTERS))}"
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            return "LM105", error.mend.removeprefix("declare it in campaign.yml, or ")
        named = isinstance(node, NAMING) and getattr(node.template, "value", None)
        if named and named in scope.within:
            return "LM108", error.mend
        if named and named not in self.draft.partials:
            near = difflib.get_close_matches(named, self.draft.partials, n=1)
            return "LM107", f"did you mean {near[0]!r}?" if near else error.mend
        return "LM109", error.mend


class _Expressions(Expressions):
    def __init__(self, draft: Draft, called: Any, lenient: Lenient) -> None:
        super().__init__(draft, called)
        self.lenient = lenient

    def expr(self, node: nodes.Node, scope: Scope) -> Expr:
        try:
            return super().expr(node, scope)
        except TemplateError as error:
            at = self.lenient.refuse(error, node, scope)
            for child in node.iter_child_nodes():
                if isinstance(child, nodes.Expr) and not isinstance(node, nodes.Call):
                    self.expr(child, scope)
            self.draft.slots += 1
            return OpaqueValue(error.problem, self.draft.slots, place=at)


class _FrontEnd(FrontEnd):
    def __init__(self, draft: Draft, lenient: Lenient) -> None:
        super().__init__(draft)
        self.lenient = lenient
        self.expressions = _Expressions(draft, self.called, lenient)
        self.expr = self.expressions.expr

    def statement(self, node: nodes.Node, scope: Scope) -> Body:
        try:
            return super().statement(node, scope)
        except TemplateError as error:
            at = self.lenient.refuse(error, node, scope)
            beneath: list[Statement] = []
            for name in ("body", "else_"):
                beneath += self.body(getattr(node, name, None) or [], scope.inner())
            return (Opaque(error.problem, place=at), *beneath)


def lenient_plan(
    source: str, *, part: str, file: str, schema: Mapping[str, pa.DataType], partials: Mapping[str, str]
) -> tuple[Plan, list[Problem]]:
    """The plan of a part, and what the front end refuses in it. The sources can be read: `mended` made them so."""
    draft = Draft(part, part == "html", partials, schema)
    lenient = Lenient(draft)
    writer = _FrontEnd(draft, lenient)
    scope = Scope(part, part, within=(part, file))
    template = parsed(source, file=part)
    try:
        body = writer.template(template, scope)
    except TemplateError as error:
        extends = template.find(nodes.Extends) or template
        lenient.refuse(error, extends, scope)
        body = writer.body([one for one in template.body if not isinstance(one, nodes.Extends)], scope)
    branches = tuple(sorted(draft.branches, key=branch_order))
    return Plan("jinja2", RULES, body, branches, draft.slots, draft.loops), lenient.problems
