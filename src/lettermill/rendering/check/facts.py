"""What a condition tells about values where it held or failed: the narrowing of types along a template's branches.

Slots of a plan are bound once, so a fact about an expression holds wherever the branch reaches.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Compare,
    Expr,
    Index,
    Item,
    ListOf,
    Literal,
    Local,
    Not,
    Or,
    Place,
    Test,
)  # fmt: skip

COMPARING = {
    "eq": "eq", "equalto": "eq", "==": "eq", "sameas": "eq", "ne": "ne", "!=": "ne", "lt": "lt", "<": "lt",
    "lessthan": "lt", "le": "le", "<=": "le", "gt": "gt", ">": "gt", "greaterthan": "gt", "ge": "ge", ">=": "ge",
    "in": "in",
}  # fmt: skip
"""Tests that compare, by the operator they stand for."""
OPPOSITE = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "in": "notin", "notin": "in"}
MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
OF_VALUES = ("string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable", "even", "odd",
             "divisibleby", "true", "false")  # fmt: skip
"""Tests that no null passes."""


@dataclass(frozen=True)
class Fact:
    """What is known of one expression; None, empty and 0 say nothing. `at` is where it was asked."""

    present: bool | None = None
    defined: bool | None = None
    truth: bool | None = None
    only: frozenset[object] | None = None
    never: frozenset[object] = frozenset()
    least: int = 0
    at: Place | None = None


NOTHING = Fact()


@dataclass(frozen=True)
class Facts:
    """What is known at one place of a template. `bound` says which expression a slot stands for."""

    known: Mapping[Expr, Fact] = field(default_factory=dict)
    bound: Mapping[int, Expr] = field(default_factory=dict)

    def of(self, expr: Expr) -> Fact:
        """What is known of `expr`."""
        return self.known.get(self.canonical(expr), NOTHING)

    def bind(self, slot: int, expr: Expr) -> "Facts":
        """From here on the slot stands for `expr`."""
        return replace(self, bound={**self.bound, slot: self.canonical(expr)})

    def canonical(self, expr: Expr) -> Expr:
        """`expr` with slots replaced by what they stand for."""
        if isinstance(expr, Local):
            return self.bound.get(expr.slot, expr)
        if isinstance(expr, Item | Not):
            return replace(expr, of=self.canonical(expr.of))
        if isinstance(expr, Index):
            return replace(expr, of=self.canonical(expr.of), at=self.canonical(expr.at))
        if isinstance(expr, And | Or):
            return replace(expr, left=self.canonical(expr.left), right=self.canonical(expr.right))
        if isinstance(expr, Test | Apply):
            arguments = tuple(self.canonical(one) for one in expr.arguments)
            return replace(expr, of=self.canonical(expr.of), arguments=arguments)
        if isinstance(expr, Compare):
            links = tuple((sign, self.canonical(one)) for sign, one in expr.links)
            return replace(expr, of=self.canonical(expr.of), links=links)
        return expr

    def learn(self, expr: Expr, **told: Any) -> "Facts":
        """Add to what is known of `expr`; where it was asked is the first place that told."""
        if isinstance(expr, Literal):
            return self
        key = self.canonical(expr)
        fact = self.known.get(key, NOTHING)
        if "never" in told:
            told["never"] = fact.never | told["never"]
        if "only" in told and fact.only is not None:
            told["only"] = fact.only & told["only"]
        told["least"] = max(fact.least, told.get("least", 0))
        told["at"] = fact.at or expr.place
        return replace(self, known={**self.known, key: replace(fact, **told)})

    def assume(self, expr: Expr, holds: bool) -> "Facts":
        """What is known where `expr` counted as true, or as false."""
        if isinstance(expr, Not):
            return self.assume(expr.of, not holds)
        if isinstance(expr, And | Or):
            both = self.assume(expr.left, isinstance(expr, And)).assume(expr.right, holds)
            if isinstance(expr, And) == holds:
                return both.learn(expr, truth=holds)
            return joined((self.assume(expr.left, holds), both)).learn(expr, truth=holds)
        told = self.learn(expr, truth=holds)
        if isinstance(expr, Test):
            return told._test(expr, holds)
        if isinstance(expr, Compare):
            return told._compare(expr, holds)
        if isinstance(expr, Apply) and expr.filter == "length":
            told = told._length(expr.of, "gt" if holds else "le", 0)
        if isinstance(expr, Apply) and expr.filter == "default" and holds and not _falls_back_to_true(expr):
            told = told.assume(expr.of, True)
        return told.learn(expr, present=True, defined=True) if holds else told.learn(expr, defined=True)

    def _test(self, expr: Test, holds: bool) -> "Facts":
        if expr.test == "none":
            return self.learn(expr.of, present=not holds, defined=True)
        if expr.test in ("defined", "undefined"):
            return self.learn(expr.of, defined=holds == (expr.test == "defined"))
        if expr.test in COMPARING and expr.arguments:
            return self._link(expr.of, COMPARING[expr.test], expr.arguments[0], holds)
        if expr.test in OF_VALUES and holds:
            return self.learn(expr.of, present=True, defined=True)
        return self

    def _compare(self, expr: Compare, holds: bool) -> "Facts":
        if len(expr.links) > 1 and not holds:
            return self
        told, left = self, expr.of
        for sign, right in expr.links:
            told = told._link(left, sign, right, holds)
            left = right
        return told

    def _link(self, left: Expr, sign: str, right: Expr, holds: bool) -> "Facts":
        sign = sign if holds else OPPOSITE[sign]
        if isinstance(left, Literal) and sign in MIRRORED and not isinstance(right, Literal):
            left, right, sign = right, left, MIRRORED[sign]
        told = self
        if sign in ("lt", "le", "gt", "ge"):  # whatever the answer: a null would have been a fault
            told = told.learn(left, present=True, defined=True).learn(right, present=True, defined=True)
        if isinstance(left, Apply) and left.filter == "length" and isinstance(right, Literal):
            told = told._length(left.of, sign, right.value)
        values = _literals(right)
        if values is None:
            return told
        if sign in ("eq", "in"):
            absent = values == {None}
            return told.learn(left, only=values, defined=True, present=(None not in values and not absent) or None)
        if sign in ("ne", "notin"):
            return told.learn(left, never=values, defined=True, **({"present": True} if None in values else {}))
        return told

    def _length(self, of: Expr, sign: str, number: object) -> "Facts":
        if not isinstance(number, int):
            return self
        told = self.learn(of, present=True, defined=True)
        least = {"gt": number + 1, "ge": number, "eq": number}.get(sign, 1 if (sign, number) == ("ne", 0) else 0)
        if least > 0:
            return told.learn(of, least=least, truth=True)
        return told.learn(of, truth=False) if (sign, number) in (("le", 0), ("lt", 1), ("eq", 0)) else told


def joined(several: Iterable[Facts]) -> Facts:
    """What is known whichever of several ways was taken."""
    first, *others = several
    known = {key: fact for key, fact in first.known.items() if all(key in other.known for other in others)}
    for other in others:
        known = {key: _common(fact, other.known[key]) for key, fact in known.items()}
    return Facts({key: fact for key, fact in known.items() if replace(fact, at=None) != NOTHING}, first.bound)


def _common(one: Fact, other: Fact) -> Fact:
    only = one.only | other.only if one.only is not None and other.only is not None else None
    return Fact(
        one.present if one.present == other.present else None,
        one.defined if one.defined == other.defined else None,
        one.truth if one.truth == other.truth else None,
        only,
        one.never & other.never,
        min(one.least, other.least),
        one.at,
    )


def _literals(expr: Expr) -> frozenset[object] | None:
    listed = expr.items if isinstance(expr, ListOf) else (expr,)
    if not all(isinstance(one, Literal) for one in listed):
        return None
    return frozenset(one.value for one in listed if isinstance(one, Literal))


def _falls_back_to_true(expr: Apply) -> bool:
    fallback = next((value for name, value in expr.options if name == "default_value"), None)
    fallback = expr.arguments[0] if expr.arguments else fallback
    return fallback is not None and not (isinstance(fallback, Literal) and not fallback.value)
