"""Expressions and statements of a plan written as Jinja2 again.

That is what an attribute that was computed beforehand is told by, and what computes it at the hand-over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lettermill.rendering.exports.problems import Inexpressible
from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Arithmetic,
    Branch,
    Compare,
    Concat,
    Conditional,
    Expr,
    Index,
    Input,
    Item,
    ListOf,
    Literal,
    Local,
    Loop,
    LoopState,
    Not,
    Or,
    Range,
    Show,
    Signed,
    Slice,
    Statement,
    Test,
    Text,
)  # fmt: skip
from lettermill.rendering.plan.walking import walk

OPERATORS: Mapping[str, str] = {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in", "notin": "not in",
}  # fmt: skip
OPENS_A_TAG = re.compile(r"\{(?=[{%#]|\Z)")
ATOMS = (Literal, Input, Local, Item, Index, Slice, LoopState, ListOf, Range)
CONSTANTS: Mapping[object, str] = {None: "none", True: "true", False: "false"}


@dataclass(frozen=True)
class Wording:
    """What the items and the states of loops are called, by their slots and loop numbers."""

    items: Mapping[int, str] = field(default_factory=dict)
    loops: Mapping[int, str] = field(default_factory=dict)

    def expression(self, node: Expr) -> str:
        """`node` as a Jinja2 expression. Raises Inexpressible for the text of a macro within one."""
        write = WRITERS.get(type(node))
        if write is None or (isinstance(node, Literal) and node.markup):
            construct = "markup within an expression" if isinstance(node, Literal) else "a macro within an expression"
            raise Inexpressible(construct, node, mend="show it by itself, without filter or operator")
        return write(self, node)  # type: ignore[no-any-return,operator]

    def statements(self, body: tuple[Statement, ...]) -> str:
        """Lowered statements as the source of a template, whatever its settings for whitespace."""
        return "".join(self._statement(one) for one in body)

    def _statement(self, node: Statement) -> str:
        if isinstance(node, Text):
            return OPENS_A_TAG.sub("{{ '{' }}", node.text)
        if isinstance(node, Show):
            return f"{{{{ {self.expression(node.value)} }}}}"
        if isinstance(node, Branch):
            return self._branch(node)
        assert isinstance(node, Loop)
        return self._loop(node)

    def _branch(self, node: Branch) -> str:
        arms = "".join(
            f"{{%+ {word} {self._condition(arm.test)} +%}}{self.statements(arm.body)}"
            for word, arm in zip(("if", *["elif"] * len(node.arms)), node.arms, strict=False)
        )
        otherwise = f"{{%+ else +%}}{self.statements(node.otherwise)}" if node.otherwise else ""
        return f"{arms}{otherwise}{{%+ endif +%}}"

    def _loop(self, node: Loop) -> str:
        seen_within = any(
            isinstance(one, LoopState) and one.loop == node.loop
            for inner in walk(*node.body) if isinstance(inner, Loop) for one in walk(inner)
        )  # fmt: skip
        taken = {*self.items.values(), *(one.name for one in walk(node) if isinstance(one, Input))}
        name = free(node.name, taken)
        own = f"loop_{node.loop}" if seen_within else "loop"
        inner = Wording({**self.items, node.item: name}, {**self.loops, node.loop: own})
        condition = f" if {inner.expression(node.condition)}" if node.condition is not None else ""
        alias = f"{{%+ set {own} = loop +%}}" if seen_within else ""
        otherwise = f"{{%+ else +%}}{self.statements(node.otherwise)}" if node.otherwise else ""
        head = f"{{%+ for {name} in {self._operand(node.items)}{condition} +%}}"
        return f"{head}{alias}{inner.statements(node.body)}{otherwise}{{%+ endfor +%}}"

    def _condition(self, node: Expr) -> str:
        return f"({self.expression(node)})" if isinstance(node, Conditional) else self.expression(node)

    def _atom(self, node: Expr) -> str:
        return self.expression(node) if isinstance(node, ATOMS) else f"({self.expression(node)})"

    def _operand(self, node: Expr) -> str:
        return self.expression(node) if isinstance(node, (*ATOMS, Apply)) else f"({self.expression(node)})"

    def _side(self, node: Expr) -> str:
        return self.expression(node) if isinstance(node, Compare | Test) else self._operand(node)

    def _literal(self, node: Literal) -> str:
        plain = isinstance(node.value, str | int | float) and not isinstance(node.value, bool)
        return repr(node.value) if plain else CONSTANTS[node.value]

    def _input(self, node: Input) -> str:
        return node.name

    def _local(self, node: Local) -> str:
        return self.items.get(node.slot, f"undefined_{node.name}")

    def _slice(self, node: Slice) -> str:
        start, stop = (self.expression(one) if one is not None else "" for one in (node.start, node.stop))
        step = f":{self.expression(node.step)}" if node.step is not None else ""
        return f"{self._atom(node.of)}[{start}:{stop}{step}]"

    def _apply(self, node: Apply) -> str:
        given = [self.expression(one) for one in node.arguments]
        given += [f"{name}={self.expression(one)}" for name, one in node.options]
        return f"{self._operand(node.of)} | {node.filter}" + (f"({', '.join(given)})" if given else "")

    def _test(self, node: Test, word: str = "is") -> str:
        given = ", ".join(self.expression(one) for one in node.arguments)
        return f"{self._operand(node.of)} {word} {node.test}" + (f"({given})" if given else "")

    def _not(self, node: Not) -> str:
        return self._test(node.of, "is not") if isinstance(node.of, Test) else f"not {self._side(node.of)}"

    def _compare(self, node: Compare) -> str:
        links = "".join(f" {OPERATORS[operator]} {self._operand(one)}" for operator, one in node.links)
        return self._operand(node.of) + links

    def _conditional(self, node: Conditional) -> str:
        otherwise = f" else {self._side(node.otherwise)}" if node.otherwise is not None else ""
        # Jinja2 takes the `if` behind `x is none` for an argument of the test.
        return f"{self._operand(node.then)} if {self._side(node.test)}{otherwise}"


def free(name: str, taken: set[str]) -> str:
    """`name`, or with a number behind it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


WRITERS = {
    Literal: Wording._literal,
    Input: Wording._input,
    Local: Wording._local,
    Item: lambda words, node: f"{words._atom(node.of)}.{node.name}",
    Index: lambda words, node: f"{words._atom(node.of)}[{words.expression(node.at)}]",
    Slice: Wording._slice,
    Apply: Wording._apply,
    Test: Wording._test,
    Not: Wording._not,
    Compare: Wording._compare,
    And: lambda words, node: f"{words._side(node.left)} and {words._side(node.right)}",
    Or: lambda words, node: f"{words._side(node.left)} or {words._side(node.right)}",
    Arithmetic: lambda words, node: f"{words._operand(node.left)} {node.operator} {words._operand(node.right)}",
    Signed: lambda words, node: f"{node.sign}{words._atom(node.of)}",
    Conditional: Wording._conditional,
    Concat: lambda words, node: " ~ ".join(words._operand(part) for part in node.parts),
    ListOf: lambda words, node: f"[{', '.join(words.expression(item) for item in node.items)}]",
    Range: lambda words, node: f"range({', '.join(map(words.expression, (node.start, node.stop, node.step)))})",
    LoopState: lambda words, node: f"{words.loops.get(node.loop, 'loop')}.{node.name}",
}
