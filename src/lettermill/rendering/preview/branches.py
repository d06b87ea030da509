"""The branches of a template: their ids, the conditions on the way to each, and the line that each stands in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from lettermill.rendering.languages import language_of
from lettermill.rendering.plan.branches import BRANCH, branch_order, null_printed
from lettermill.rendering.plan.nodes import Bind, Branch, Expr, Loop, Mark, Node, Plan, Statement
from lettermill.rendering.plan.reading import Known, Reader
from lettermill.rendering.plan.walking import children
from lettermill.rendering.templates import Template

TAG = re.compile(r"\{%.*?%\}")


@dataclass(frozen=True)
class Way:
    """The way to one branch: the ids that are left on it, and the conditions that decide, its own last."""

    branches: tuple[str, ...] = ()
    conditions: tuple[Expr, ...] = ()

    def through(self, *conditions: Expr, branch: str | None) -> "Way":
        return Way((*self.branches, branch) if branch else self.branches, (*self.conditions, *conditions))


@dataclass
class Ways:
    """What a walk over the plans of a template found: the way to each branch, and what its conditions read."""

    reader: Reader
    to: dict[str, Way] = field(default_factory=dict)
    bound: dict[int, tuple[Expr, ...]] = field(default_factory=dict)
    loops: dict[int, Known] = field(default_factory=dict)


def plans_of(template: Template, *, types: Mapping[str, pa.DataType]) -> dict[str, Plan]:
    """The plan of each part. Raises TemplateError where a part is outside the language."""
    plan_of = language_of(template.language).plan_of
    return {
        part: plan_of(source, name=part, schema=types, autoescape=part == "html", partials=template.partials)
        for part, source in template.parts.items()
    }


def branches_of(plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """The ids of all branches, in the order of the template's parts."""
    return tuple(branch for plan in plans.values() for branch in plan.branches if null_printed(branch) is None)


def ways_of(plan: Plan, *, types: Mapping[str, pa.DataType]) -> Ways:
    """The way to each branch of one plan."""
    ways = Ways(Reader(types))
    for statement in plan.body:
        _walk(statement, Way(), ways)
    return ways


def line_of(branch: str, template: Template) -> str | None:
    """The tag that a branch id stands for, as the compiled template has it; None where it has no such line."""
    found = BRANCH.fullmatch(branch)
    if found is None:
        return None
    part, _, file = found["file"].partition(":")
    if not found["line"]:
        return f"{{% include '{file}' %}}"
    source = template.partials.get(file) if file else template.parts.get(part)
    lines = (source or "").splitlines()
    number = int(found["line"])
    return _tag(lines[number - 1], found["kind"]) if 0 < number <= len(lines) else None


def in_order(branches: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(branches, key=branch_order))


def _tag(line: str, kind: str) -> str:
    """The tags of the kind in a line (`else` belongs to the if before it, so its line stands whole)."""
    tags = [tag for tag in TAG.findall(line) if re.match(rf"\{{%[-+]?\s*{kind}\b", tag)]
    return " ".join(tags) if tags and kind != "else" else line.strip()


def _walk(node: Node, way: Way, ways: Ways) -> None:
    if isinstance(node, Branch):
        _walk_branch(node, way, ways)
    elif isinstance(node, Loop):
        _walk_loop(node, way, ways)
    else:
        if isinstance(node, Mark):
            ways.to.setdefault(node.branch, way)
        if isinstance(node, Bind):
            ways.reader.slots[node.slot] = ways.reader.known(node.value)
            ways.bound[node.slot] = (node.value,)
        for child in children(node):
            _walk(child, way, ways)


def _walk_branch(node: Branch, way: Way, ways: Ways) -> None:
    asked: list[Expr] = []
    for arm in node.arms:
        asked.append(arm.test)
        _body(arm.body, way, asked, arm.branch, ways)
    _body(node.otherwise, way, asked, node.otherwise_branch, ways)
    for merge in node.merges:
        ways.bound[merge.slot] = merge.values


def _walk_loop(node: Loop, way: Way, ways: Ways) -> None:
    known = ways.reader.known(node.items)
    ways.reader.slots[node.item], ways.loops[node.loop] = known.element(), known
    asked = [node.items, *([node.condition] if node.condition else [])]
    _body(node.body, way, asked, node.branch, ways)
    _body(node.otherwise, way, asked, node.otherwise_branch, ways)


def _body(body: tuple[Statement, ...], way: Way, asked: list[Expr], branch: str | None, ways: Ways) -> None:
    inner = way.through(*asked, branch=branch)
    if branch:
        ways.to.setdefault(branch, inner)
    for statement in body:
        _walk(statement, inner, ways)


def read_in(expr: Expr, ways: Ways) -> Iterator[Known]:
    """The inputs that a condition depends on: chains of fields, lists whose loop it asks about."""
    yield from _read(expr, ways, frozenset())


def _read(node: Node, ways: Ways, seen: frozenset[int]) -> Iterator[Known]:
    known = ways.reader.known(node) if isinstance(node, Expr) else Known()
    if known.path is not None:
        yield known
        return
    loop, slot = getattr(node, "loop", None), getattr(node, "slot", None)
    if loop in ways.loops:
        yield ways.loops[loop]
    if slot in ways.bound and slot not in seen:
        for value in ways.bound[slot]:
            yield from _read(value, ways, seen | {slot})
    for child in children(node):
        yield from _read(child, ways, seen)
