"""A plan made smaller before it is written in another language: texts, values, branches and loops are left.

Slots are replaced by what they were bound to, sections by their bodies, and what can be said by a branch (a default,
an inline if) becomes one. Expressions have no effects, so that it does not matter where they are evaluated.
"""

from collections.abc import Mapping
from dataclasses import fields, replace

from markupsafe import escape

from lettermill.rendering.exports.problems import Inexpressible, Problems
from lettermill.rendering.plan.nodes import (
    NOWHERE,
    Apply,
    Arithmetic,
    Arm,
    Bind,
    Branch,
    Capture,
    Captured,
    Compare,
    Conditional,
    Cycle,
    Expr,
    Index,
    ListOf,
    Literal,
    Local,
    Loop,
    LoopState,
    Merge,
    Opaque,
    OpaqueValue,
    Or,
    Plan,
    Section,
    Show,
    Statement,
    Test,
    Text,
)  # fmt: skip

Body = tuple[Statement, ...]
MAX_NODES = 20_000
CHARACTERS = 64  # of a text count as one node more
COMPARISONS: Mapping[str, str] = {
    "eq": "eq", "equalto": "eq", "ne": "ne", "lt": "lt", "lessthan": "lt", "le": "le", "gt": "gt",
    "greaterthan": "gt", "ge": "ge",
}  # fmt: skip


def lowered(plan: Plan, problems: Problems) -> Body:
    """The statements of `plan` as Text, Show, Branch and Loop alone; what it cannot say goes to `problems`."""
    if plan.language != "jinja2":
        # Its filters, and what counts as true, are computed by Jinja2 at the hand-over.
        place = plan.body[0].place if plan.body else NOWHERE
        problems.note(f"a template in {plan.language}", place, mend="write the part in Jinja2")
        return ()
    return joined_texts(_Lowering(problems).body(plan.body))


def joined_texts(body: Body) -> Body:
    """The same statements with neighbouring texts made one, so that each text sees the tags around it."""
    joined: list[Statement] = []
    for one in body:
        if isinstance(one, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(joined[-1].text + one.text, place=joined[-1].place)
        elif not isinstance(one, Text) or one.text:
            joined.append(one)
    return tuple(joined)


class _Lowering:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.slots: dict[int, Expr] = {}
        self.sizes: dict[int, int] = {}
        self.carried: set[int] = set()  # slots of what loops take from step to step

    def body(self, statements: Body) -> Body:
        lowered: list[Statement] = []
        for statement in statements:
            with self.problems.noting(statement.place):
                lowered += self.statement(statement)
        return joined_texts(tuple(lowered))

    def statement(self, node: Statement) -> Body:
        if isinstance(node, Text):
            return (node,)
        if isinstance(node, Show):
            return self.shown(self.expr(node.value), node)
        if isinstance(node, Branch):
            return self.branch(node)
        if isinstance(node, Loop):
            return self.loop(node)
        if isinstance(node, Section):
            return self.body(node.body)
        if isinstance(node, Opaque):
            raise Inexpressible(node.why, node, mend="write it with if, for and set, or leave it out of this part")
        if isinstance(node, Bind):
            self.bind(node.slot, self.expr(node.value), node)
        elif isinstance(node, Capture):
            self.bind(node.slot, Captured(self.body(node.body), node.markup, place=node.place), node)
        return ()

    def shown(self, value: Expr, show: Show) -> Body:
        """What shows `value`: choices between values become branches, which every language has."""
        if isinstance(value, Literal):
            text = str(value.value)
            return (Text(str(escape(text)) if show.escape and not value.markup else text, place=show.place),)
        if isinstance(value, Captured):
            return value.body
        if isinstance(value, Conditional):
            otherwise = self.shown(value.otherwise, show) if value.otherwise else ()
            arm = Arm(value.test, joined_texts(self.shown(value.then, show)), None)
            return (Branch((arm,), joined_texts(otherwise), place=show.place),)
        choice = _default(value) or value
        if isinstance(choice, Or):
            arm = Arm(choice.left, joined_texts(self.shown(choice.left, show)), None)
            return (Branch((arm,), joined_texts(self.shown(choice.right, show)), place=show.place),)
        return (replace(show, value=value),)

    def branch(self, node: Branch) -> Body:
        arms = tuple(Arm(self.condition(arm.test, node), self.body(arm.body), None) for arm in node.arms)
        otherwise = self.body(node.otherwise)
        for merge in node.merges:
            self.merge(merge, arms, node)
        return (Branch(arms, otherwise, place=node.place),)

    def condition(self, test: Expr, node: Branch) -> Expr:
        """A condition; where it cannot be said, that is noted, and what it leads to is looked through all the same."""
        with self.problems.noting(node.place):
            return self.expr(test)
        return Literal(False)

    def merge(self, merge: Merge, arms: tuple[Arm, ...], node: Branch) -> None:
        *values, value = (self.expr(value) for value in merge.values)
        for arm, taken in reversed(list(zip(arms, values, strict=True))):
            value = Conditional(arm.test, taken, value, place=node.place)
        self.bind(merge.slot, value, node)

    def loop(self, node: Loop) -> Body:
        self.carried |= {slot for one in node.carried for slot in (one.inside, one.outside)}
        items = self.expr(node.items)
        condition = self.expr(node.condition) if node.condition is not None else None
        body, otherwise = self.body(node.body), self.body(node.otherwise)
        return (replace(node, items=items, condition=condition, body=body, otherwise=otherwise),)

    def bind(self, slot: int, value: Expr, node: Statement) -> None:
        # A text doubled by each of forty assignments would be 2 ** 40 nodes once they are written out.
        self.sizes[slot] = size = _size(value)
        if size > MAX_NODES:
            self.slots[slot] = Literal("")
            raise Inexpressible("an assignment this long", node, mend="compute it as an input of the campaign")
        self.slots[slot] = value

    def expr(self, node: Expr) -> Expr:
        if isinstance(node, Local):
            if node.slot in self.carried:
                raise Inexpressible("what a loop takes from step to step", node, mend="compute it as an input")
            return self.slots.get(node.slot, node)
        if isinstance(node, Literal):
            return node
        if isinstance(node, OpaqueValue):
            raise Inexpressible(node.why, node, mend="write it with loop.index, first or last, or as an input")
        if isinstance(node, Captured):
            return replace(node, body=self.body(node.body))
        changed = {one.name: self._value(getattr(node, one.name)) for one in fields(node) if one.name != "place"}
        rebuilt = replace(node, **changed)  # type: ignore[arg-type]
        if isinstance(rebuilt, Test) and rebuilt.test in COMPARISONS and len(rebuilt.arguments) == 1:
            return Compare(rebuilt.of, ((COMPARISONS[rebuilt.test], rebuilt.arguments[0]),), place=node.place)
        if isinstance(rebuilt, Cycle):
            step = LoopState(rebuilt.loop, "index0", rebuilt.depth, place=node.place)
            turn = Arithmetic("%", step, Literal(len(rebuilt.values)), place=node.place)
            return Index(ListOf(rebuilt.values, place=node.place), turn, place=node.place)
        return rebuilt

    def _value(self, value: object) -> object:
        if isinstance(value, Expr):
            return self.expr(value)
        if isinstance(value, tuple):
            return tuple(self._value(one) for one in value)
        return value


def _default(value: Expr) -> Or | None:
    """`x | default(y, true)`, which takes y where x counts as false."""
    if not isinstance(value, Apply) or value.filter != "default":
        return None
    options = dict(value.options)
    other = value.arguments[0] if value.arguments else options.get("default_value")
    boolean = value.arguments[1] if len(value.arguments) > 1 else options.get("boolean")
    if other is None or not isinstance(boolean, Literal) or boolean.value is not True:
        return None
    return Or(value.of, other, place=value.place)


def _size(value: object) -> int:
    """How many nodes there are, counted up to MAX_NODES."""
    pending, size = [value], 0
    while pending and size <= MAX_NODES:
        one = pending.pop()
        if isinstance(one, Expr | Statement | Arm):
            size += 1 + (len(one.text) // CHARACTERS if isinstance(one, Text) else 0)
            pending += [getattr(one, each.name) for each in fields(one) if each.name != "place"]
        elif isinstance(one, tuple):
            pending += one
    return size
