"""Examples that together take every branch of a template: of messages there are, then of made-up inputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pyarrow as pa

from lettermill.rendering.preview.branches import Way, Ways, branches_of, plans_of, ways_of
from lettermill.rendering.preview.variations import Change, changed, changes_for
from lettermill.rendering.rowwise import renderer
from lettermill.rendering.templates import Template

TRIES = 600
"""Renderings that one branch may cost."""
BASES = 3
"""Examples from which a branch is looked for: those that come nearest to it."""


@dataclass(frozen=True)
class Made:
    """Inputs that nobody has: another example's, with `changes`."""

    inputs: Mapping[str, Any]
    branches: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Covered:
    """What was made up beside the bases given. `taken` are the branches of each base, then of each made-up one."""

    taken: tuple[tuple[str, ...], ...]
    made: tuple[Made, ...]
    unreached: tuple[str, ...]


def chosen(taken: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Few of the messages that together take every branch that any takes: message -> the branches that it adds.

    `taken` are branch ids by message. The message that adds most comes first; of equals, the first by id.
    """
    left = {branch for branches in taken.values() for branch in branches}
    picked: dict[str, tuple[str, ...]] = {}
    while left:
        best = min(taken, key=lambda message: (-len(left.intersection(taken[message])), message))
        picked[best] = tuple(branch for branch in taken[best] if branch in left)
        left.difference_update(taken[best])
    return picked


def cover(
    template: Template,
    *,
    types: Mapping[str, pa.DataType],
    nullable: Mapping[str, Sequence[object]],
    bases: Sequence[Mapping[str, Any]],
) -> Covered:
    """Make up inputs for the branches that no rendering of `bases` takes, by changing what conditions turn on.

    `types` are the declared inputs'; `nullable` says which of them may be None or ABSENT. Raises TemplateError where
    the template is outside the language.
    """
    plans = plans_of(template, types=types)
    search = Search(template, types, nullable, [], set())
    noted = [search.note(base, ()) for base in bases]
    made: list[Made] = []
    for plan in plans.values():
        ways = ways_of(plan, types=types)
        for branch in plan.branches:
            if branch in ways.to and branch not in search.covered:
                found = search.look_for(branch, ways)
                made += [found] if found else []
    taken = tuple(one.branches if one else () for one in (*noted, *made))
    return Covered(taken, tuple(made), tuple(one for one in branches_of(plans) if one not in search.covered))


@dataclass
class Search:
    """The examples so far, with the branches that they take."""

    template: Template
    types: Mapping[str, pa.DataType]
    nullable: Mapping[str, Sequence[object]]
    examples: list[Made]
    covered: set[str]

    def note(self, inputs: Mapping[str, Any], changes: tuple[Change, ...]) -> Made | None:
        """Render inputs and keep them as an example; faulty ones are none."""
        rendered = renderer(self.template).render(inputs)
        if rendered.fault is not None:
            return None
        example = Made(inputs, rendered.branches, changes)
        self.examples.append(example)
        self.covered.update(rendered.branches)
        return example

    def look_for(self, branch: str, ways: Ways) -> Made | None:
        """Inputs that take the branch."""
        way = ways.to[branch]
        changes = changes_for(way.conditions, ways, nullable=self.nullable)
        for _, (base, some) in zip(range(TRIES), self._tries(way, changes), strict=False):
            inputs = changed(base.inputs, some, types=self.types)
            rendered = renderer(self.template).render(inputs)
            if rendered.fault is None and branch in rendered.branches:
                return self.note(inputs, (*base.changes, *some))
        return None

    def _tries(self, way: Way, changes: Sequence[Change]) -> Iterator[tuple[Made, tuple[Change, ...]]]:
        """One change at a time from the nearest examples, then two at a time."""
        near = sorted(self.examples, key=lambda one: -len({*way.branches}.intersection(one.branches)))[:BASES]
        for base in near:
            yield from ((base, (one,)) for one in changes)
        for base in near:
            yield from ((base, pair) for pair in combinations(changes, 2) if pair[0].path != pair[1].path)
