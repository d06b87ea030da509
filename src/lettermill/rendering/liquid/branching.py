"""Liquid's branches as those of a plan: if, unless, case, and what names stand for behind them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from liquid.ast import Node
from liquid.builtin.expressions import primitive as basic
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode

from lettermill.rendering.liquid.arms import Arm as Block
from lettermill.rendering.liquid.arms import arms_of
from lettermill.rendering.liquid.scopes import UNBOUND, Binding, Scope
from lettermill.rendering.plan.nodes import (
    Arm,
    Branch,
    Expr,
    Input,
    Literal,
    Local,
    Merge,
    Not,
    Or,
    Place,
    Statement,
)  # fmt: skip

if TYPE_CHECKING:
    from lettermill.rendering.liquid.frontend import FrontEnd

Body = tuple[Statement, ...]


class Branches:
    """Translates branches; `writer` writes their blocks."""

    def __init__(self, writer: "FrontEnd") -> None:
        self.writer = writer

    def conditional(self, node: IfNode | UnlessNode, scope: Scope) -> Body:
        """`if` and `unless`."""
        conditions = [node.condition, *(one.expression for one in node.alternatives)]
        inner = scope.inner(steady=False)
        before, after, arms = dict(scope.local.names), [], []
        blocks = list(arms_of(node))
        for number, (block, condition) in enumerate(zip(blocks, conditions, strict=False)):
            scope.local.names = dict(before)
            test = self.writer.expr(condition, inner)
            if number == 0 and isinstance(node, UnlessNode):
                test = Not(test, place=test.place)
            arms.append(Arm(test, self.writer.block(block.block, inner), self.writer.branch_of(block, scope)))
            after.append(scope.local.names)
        return self.branched(node, arms, after, before, blocks[len(conditions) :], scope)

    def branched(
        self,
        node: Node,
        arms: list[Arm],
        after: list[dict[str, Binding]],
        before: dict[str, Binding],
        otherwise: list[Block],
        scope: Scope,
    ) -> Body:
        """A Branch, with what names stand for behind it."""
        scope.local.names = dict(before)
        branch: str | None = None
        body: Body = ()
        if otherwise:
            branch = self.writer.branch_of(otherwise[0], scope)
            body = self.writer.block(otherwise[0].block, scope.inner(steady=False))
        merges = self._merged(node, before, [*after, scope.local.names], scope)
        return (Branch(tuple(arms), body, branch, merges, place=scope.at(node.token)),)

    def _merged(
        self, node: Node, before: dict[str, Binding], after: list[dict[str, Binding]], scope: Scope
    ) -> tuple[Merge, ...]:
        """One slot for each name that an arm bound, whichever arm it was."""
        changed = dict.fromkeys(name for names in after for name in names if names[name] is not before.get(name))
        scope.local.names, merges = dict(before), []
        for name in changed:
            values = tuple(self._value_of(name, names, scope.at(node.token)) for names in after)
            slot = self.writer.draft.slot(name, scope)
            merges.append(Merge(slot.slot, name, values))
            scope.local.names[name] = slot
        return tuple(merges)

    def _value_of(self, name: str, names: Mapping[str, Binding], at: Place) -> Expr:
        found = names.get(name)
        if isinstance(found, Expr):
            return found
        return Input(name, place=at) if name in self.writer.draft.schema else Local(UNBOUND, name, place=at)

    def case(self, node: CaseNode, scope: Scope) -> Body:
        """`case`."""
        if not _exclusive(node):
            return self._cases(node, scope)
        inner = scope.inner(steady=False)
        before, after, arms = dict(scope.local.names), [], []
        blocks = list(arms_of(node))
        cases = [one for one in node.blocks if isinstance(one, MultiExpressionBlockNode)]
        for block, case in zip(blocks, cases, strict=False):
            scope.local.names = dict(before)
            test = _any(self._whens(node, case, scope))
            arms.append(Arm(test, self.writer.block(block.block, inner), self.writer.branch_of(block, scope)))
            after.append(scope.local.names)
        return self.branched(node, arms, after, before, blocks[len(cases) :], scope)

    def _cases(self, node: CaseNode, scope: Scope) -> Body:
        """Python-liquid renders every `when` that fits, as often as it fits, and `else` where none before it did."""
        written: list[Statement] = []
        tests: list[Expr] = []
        inner = scope.inner(steady=False)
        for block, case in zip(arms_of(node), node.blocks, strict=True):
            if isinstance(case, MultiExpressionBlockNode):
                fitting = self._whens(node, case, scope)
                tests += fitting
            else:
                fitting = [Not(_any(tests)) if tests else Literal(True)]
            for test in fitting:
                before = dict(scope.local.names)
                arm = Arm(test, self.writer.block(block.block, inner), self.writer.branch_of(block, scope))
                written += self.branched(node, [arm], [scope.local.names], before, [], scope)
        return tuple(written)

    def _whens(self, node: CaseNode, case: MultiExpressionBlockNode, scope: Scope) -> list[Expr]:
        of = case.expression
        return [self.writer.expressions.equal(node.expression, one, case.token, scope) for one in of.expressions]


def _any(tests: list[Expr]) -> Expr:
    *before, last = tests
    for one in reversed(before):
        last = Or(one, last, place=one.place)
    return last


def _exclusive(node: CaseNode) -> bool:
    """Whether at most one `when` can fit, and `else` comes last and once."""
    cases = [one for one in node.blocks if isinstance(one, MultiExpressionBlockNode)]
    if not cases or len(node.blocks) - len(cases) > 1 or node.blocks[: len(cases)] != cases:
        return False
    whens: list[Any] = [one for case in cases for one in case.expression.expressions]
    if not all(isinstance(one, basic.Literal | basic.Nil) for one in whens):
        return len(whens) == 1
    values = [(type(one.value) is bool, one.value) if isinstance(one, basic.Literal) else () for one in whens]
    return len(set(values)) == len(values)
