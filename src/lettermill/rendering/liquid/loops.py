"""Liquid's loops as those of a plan: for, tablerow, cycle."""

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from liquid.ast import Node
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions import primitive as basic
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.builtin.tags.for_tag import BreakNode, ForNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.expression import Expression

from lettermill.rendering.liquid.arms import Arm as Block
from lettermill.rendering.liquid.arms import arms_of
from lettermill.rendering.liquid.cells import cell_of
from lettermill.rendering.liquid.scopes import MAX_DEPTH, UNBOUND, LoopVariable, Scope, refused
from lettermill.rendering.liquid.stops import BROKEN, SKIPPED, stops
from lettermill.rendering.plan.nodes import (
    Arm,
    Carry,
    Cycle,
    Expr,
    Input,
    Literal,
    Local,
    Loop,
    Not,
    Opaque,
    Show,
    Slice,
    Statement,
)  # fmt: skip
from lettermill.rendering.plan.reading import is_list

if TYPE_CHECKING:
    from lettermill.rendering.liquid.frontend import FrontEnd

Body = tuple[Statement, ...]


class Loops:
    """Translates loops; `writer` writes their bodies."""

    def __init__(self, writer: "FrontEnd") -> None:
        self.writer = writer
        self.draft = writer.draft
        self.cycles: dict[object, int] = {}  # how many tags go through the values of each group

    def repeated(self, node: ForNode, scope: Scope) -> Body:
        """`for`, with its `else`."""
        block, *otherwise = arms_of(node)
        at = scope.at(node.token)
        items = self._items(node.expression, scope)
        branch = self.writer.branch_of(block, scope)
        name = f"{node.expression.identifier}-{node.expression.iterable}"
        loop = LoopVariable(self.draft.loop(), scope.loops + 1, name, scope.loop)
        inner = self.step(node, loop, items, "forloop", scope).inner(loop=loop)
        item = inner.front[str(node.expression.identifier)]
        assert isinstance(item, Local)
        body, carried = self._body(node, inner, scope)
        loop_of = partial(Loop, loop.number, item.slot, item.name, items, body, place=at)
        if not otherwise:
            return (loop_of(branch=branch, carried=carried),)
        other_branch = self.writer.branch_of(otherwise[0], scope)
        if not self.writer.files.assigned(otherwise[0].block.nodes) and not stops(otherwise[0].block.nodes):
            other = self.writer.block(otherwise[0].block, scope.inner(steady=False))
            return (loop_of(otherwise=other, branch=branch, otherwise_branch=other_branch, carried=carried),)
        ran = Carry("", self.draft.slot("", scope).slot, Literal(False), Literal(True), self.draft.slot("", scope).slot)
        test = Not(Local(ran.outside, "", scope.loops), place=at)
        return (loop_of(branch=branch, carried=(*carried, ran)), *self._else(node, otherwise[0], test, scope))

    def _body(self, node: ForNode, inner: Scope, scope: Scope) -> tuple[Body, tuple[Carry, ...]]:
        """A loop's body, and what it takes from step to step: a `break` is taken to all steps behind it."""
        nodes, names = node.block.nodes, scope.local.names
        around = {name: names[name] for name in (SKIPPED, BROKEN) if name in names}
        assigned = self.writer.files.assigned(nodes)
        if stops(nodes, BreakNode):
            names[BROKEN] = Literal(False)
            assigned = [*assigned, BROKEN]
        names[SKIPPED] = Literal(False)
        entered = self.enter(assigned, scope)
        before = dict(scope.local.names)
        body = self.writer.block(node.block, inner.inner(stoppable=stops(nodes)))
        broken = before.get(BROKEN)
        if assigned[-1:] == [BROKEN] and isinstance(broken, Expr):
            arm = Arm(Not(broken), body, None)
            body = self.writer.branches.branched(node, [arm], [scope.local.names], before, [], inner)
        carried = self.leave(entered, scope)
        for name in (SKIPPED, BROKEN):
            scope.local.names.pop(name, None)
        scope.local.names |= around
        return body, carried

    def _else(self, node: ForNode, block: Block, test: Expr, scope: Scope) -> Body:
        """A loop's `else` that assigns: what it assigns holds behind it."""
        before = dict(scope.local.names)
        other = self.writer.block(block.block, scope.inner(steady=False))
        arm = Arm(test, other, self.writer.branch_of(block, scope))
        return self.writer.branches.branched(node, [arm], [scope.local.names], before, [], scope)

    def table(self, node: TablerowNode, scope: Scope) -> Body:
        """`tablerow`: a loop that writes the rows and cells of a table around what its body writes."""
        columns = self._columns(node.expression)
        at = scope.at(node.token)
        (block,) = arms_of(node)
        items = self._items(node.expression, scope)
        branch = self.writer.branch_of(block, scope)
        loop = LoopVariable(self.draft.loop(), scope.loops + 1, columns=columns or 0)
        inner = self.step(node, loop, items, "tablerowloop", scope)
        item = inner.front[str(node.expression.identifier)]
        assert isinstance(item, Local)
        entered = self.enter(self.writer.files.assigned(node.block.nodes), scope)
        cell = self.writer.block(node.block, inner)
        carried = self.leave(entered, scope)
        body = cell_of(cell, loop, at)
        if columns is None:
            assert node.expression.cols is not None
            body = (Opaque("a tablerow's columns", (self.writer.expr(node.expression.cols, scope),), place=at), *cell)
        return (Loop(loop.number, item.slot, item.name, items, body, branch=branch, carried=carried, place=at),)

    def enter(self, names: list[str], scope: Scope) -> list[tuple[Local, Expr]]:
        """Names that a loop takes from step to step: the slot of each in the loop, and what it was before."""
        entered = []
        for name in names:
            found = scope.local.names.get(name)
            if not isinstance(found, Expr):
                found = Input(name) if name in self.draft.schema else Local(UNBOUND, name)
            slot = self.draft.slot(name, scope.inner(loops=scope.loops + 1))
            scope.local.names[name] = slot
            entered.append((slot, found))
        return entered

    def leave(self, entered: list[tuple[Local, Expr]], scope: Scope) -> tuple[Carry, ...]:
        """What the names of `enter` came to, in slots that hold behind the loop."""
        carried = []
        for inside, before in entered:
            after = scope.local.names[inside.name]
            assert isinstance(after, Expr)
            outside = self.draft.slot(inside.name, scope)
            scope.local.names[inside.name] = outside
            carried.append(Carry(inside.name, inside.slot, before, after, outside.slot))
        return tuple(carried)

    def cycle(self, node: CycleNode, scope: Scope) -> Body:
        """`cycle`: by the step of the loop, where it is in one loop, is reached in each step and alone in its group.

        Elsewhere what it writes depends on how often the group was reached before.
        """
        group = self._group(node)
        self.cycles[group] = self.cycles.get(group, 0) + 1
        at = scope.at(node.token)
        values = tuple(self.writer.expr(one, scope) for one in node.args)
        loop = scope.loop
        alone = group is not None and self.cycles[group] == 1
        if loop is None or loop.depth != 1 or not scope.steady or not alone or scope.isolated:
            group_name = (self.writer.expr(node.group, scope),) if node.group is not None else ()
            return (Opaque("the tag cycle", (*values, *group_name), place=at),)
        shown = Cycle(loop.number, values, loop.depth, place=at)
        return (Show(shown, self.draft.autoescape, "an expression", None, place=at),)

    def step(self, node: Node, loop: LoopVariable, items: Expr, variable: str, scope: Scope) -> Scope:
        """The scope of a loop's body."""
        if scope.depth >= MAX_DEPTH:
            raise refused("loops and includes nest too deep", node.token, scope, "take one out")
        name = str(node.expression.identifier)  # type: ignore[attr-defined]
        steady = scope.loops == 0
        inner = scope.inner(loops=scope.loops + 1, depth=scope.depth + 1, steady=steady, stoppable=False)
        item = self.draft.slot(name, inner, self.draft.reader.known(items).element())
        return inner.inner(front={**scope.front, variable: loop, name: item})

    def _items(self, node: LoopExpression, scope: Scope) -> Expr:
        at = scope.at(node.token)
        items = self.writer.expressions.items(node.iterable, scope)
        type_ = self.draft.reader.known(items).type
        bounds = [self.writer.expr(one, scope) for one in (node.limit, node.offset) if one is not None]
        if isinstance(items, Literal) or (type_ is not None and not (is_list(type_) or pa.types.is_null(type_))):
            return self.draft.opaque("a loop over what is no list", at, items, *bounds)
        stretch = _stretch(node)
        if stretch is None:
            return self.draft.opaque("a loop's limit or offset that is no number of the template", at, items, *bounds)
        if stretch != (0, 0):
            start, stop = (Literal(one, place=at) for one in stretch)
            items = Slice(items, start, stop if stop.value else None, place=at)
        if node.reversed:
            items = Slice(items, None, None, Literal(-1, place=at), place=at)
        return items

    def _columns(self, node: LoopExpression) -> int | None:
        """The columns of a tablerow: 0 for as many as there are items, None where the template does not say."""
        if node.cols is None:
            return 0
        return _number(node.cols) or None

    def _group(self, node: CycleNode) -> object:
        """What tells groups apart; None where data does."""
        if node.group is not None:
            return ("group", node.group.value) if isinstance(node.group, basic.Literal) else None
        if all(isinstance(one, basic.Literal) for one in node.args):
            return ("values", str([one.evaluate(_PLAIN) for one in node.args]))  # type: ignore[arg-type]
        return None


class _Plain:
    autoescape = False


_PLAIN: Any = _Plain()


def _stretch(node: LoopExpression) -> tuple[int, int] | None:
    """Where a loop begins, and where it stops (0: at the end); None where the template does not say in numbers.

    A `limit: 0` without an offset is none to python-liquid.
    """
    limit, offset = (None if one is None else _number(one) for one in (node.limit, node.offset))
    if (limit is None and node.limit is not None) or (offset is None and node.offset is not None):
        return None
    start = offset or 0
    return start, 0 if limit is None else start + limit


def _number(node: Expression) -> int | None:
    """A whole number of the template, from 0 on."""
    return node.value if isinstance(node, basic.IntegerLiteral) and node.value >= 0 else None
