"""Expressions of a plan in words."""

from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Arithmetic,
    Compare,
    Conditional,
    Expr,
    Index,
    Input,
    Item,
    ListOf,
    Literal,
    Local,
    LoopState,
    Not,
    Or,
    Slice,
    Test,
)  # fmt: skip

SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in", "notin": "not in"}


def words(expr: Expr) -> str:
    """An expression as a template would write it, where that is short."""
    if isinstance(expr, Input | Local):
        return expr.name
    if isinstance(expr, Literal):
        return repr(expr.value)
    if isinstance(expr, Item):
        return f"{words(expr.of)}.{expr.name}"
    if isinstance(expr, Index):
        return f"{words(expr.of)}[{words(expr.at)}]"
    if isinstance(expr, Slice):
        return f"{words(expr.of)}[:]"
    if isinstance(expr, Apply):
        return f"{words(expr.of)} | {expr.filter}"
    if isinstance(expr, LoopState):
        return f"loop.{expr.name}"
    return _condition(expr)


def _condition(expr: Expr) -> str:
    if isinstance(expr, Test):
        arguments = f"({', '.join(map(words, expr.arguments))})" if expr.arguments else ""
        return f"{words(expr.of)} is {expr.test}{arguments}"
    if isinstance(expr, Compare):
        return words(expr.of) + "".join(f" {SIGNS[sign]} {words(other)}" for sign, other in expr.links)
    if isinstance(expr, And | Or):
        return f"{words(expr.left)} {type(expr).__name__.lower()} {words(expr.right)}"
    if isinstance(expr, Not) and isinstance(expr.of, Test):
        return words(expr.of).replace(" is ", " is not ", 1)
    if isinstance(expr, Not):
        return f"not {words(expr.of)}"
    if isinstance(expr, Conditional):
        otherwise = f" else {words(expr.otherwise)}" if expr.otherwise else ""
        return f"{words(expr.then)} if {words(expr.test)}{otherwise}"
    if isinstance(expr, ListOf):
        return f"[{', '.join(map(words, expr.items))}]"
    if isinstance(expr, Arithmetic):
        return f"{words(expr.left)} {expr.operator} {words(expr.right)}"
    return "this expression"
