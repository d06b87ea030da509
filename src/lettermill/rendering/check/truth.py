"""Whether a condition is the same in every message that reaches it, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal as OneOf

from lettermill.rendering.check.facts import COMPARING, Facts
from lettermill.rendering.check.values import Value
from lettermill.rendering.plan.nodes import And, Compare, Expr, ListOf, Literal, Not, Or, Place, Test

Why = OneOf["guard", "enumeration", "declaration", "literal"]


@dataclass(frozen=True)
class Truth:
    """A condition that is constant: its truth, the reason, and where a guard around it asked."""

    holds: bool
    why: Why
    words: str = ""
    at: Place | None = None


def truth_of(expr: Expr, facts: Facts, value_of: Callable[[Expr], Value]) -> Truth | None:
    """The truth of a condition, where it is known."""
    fact = facts.of(expr)
    if fact.truth is not None:
        return Truth(fact.truth, "guard", at=fact.at)
    if isinstance(expr, Literal):
        return Truth(bool(expr.value), "literal")
    if isinstance(expr, Not):
        of = truth_of(expr.of, facts, value_of)
        return of and Truth(not of.holds, of.why, of.words, of.at)
    if isinstance(expr, And | Or):
        return _both(expr, facts, value_of)
    if isinstance(expr, Test) and expr.test in COMPARING and expr.arguments:
        return _link(expr.of, COMPARING[expr.test], expr.arguments[0], facts, value_of)
    if isinstance(expr, Test):
        return _test(expr, facts, value_of)
    if isinstance(expr, Compare) and len(expr.links) == 1:
        return _link(expr.of, *expr.links[0], facts, value_of)
    value = value_of(expr)
    always = value.declared and not value.null and not value.missing
    if always and (value.kind in ("struct", "date", "instant") or (value.one_of and all(value.one_of))):
        return Truth(True, "declaration", f"{value.path} is declared as never null, and a {value.kind} is never empty")
    return None


def _both(expr: And | Or, facts: Facts, value_of: Callable[[Expr], Value]) -> Truth | None:
    decisive = isinstance(expr, Or)
    left = truth_of(expr.left, facts, value_of)
    right = truth_of(expr.right, facts.assume(expr.left, not decisive), value_of)
    known = [one for one in (left, right) if one is not None]
    for one in known:
        if one.holds == decisive:
            return one
    return known[0] if len(known) == 2 else None


def _test(expr: Test, facts: Facts, value_of: Callable[[Expr], Value]) -> Truth | None:
    fact, value = facts.of(expr.of), value_of(expr.of)
    if expr.test == "none":
        if fact.present is not None:
            return Truth(not fact.present, "guard", at=fact.at)
        if value.declared and not value.null and value.path and not value.missing:
            return Truth(False, "declaration", f"{value.path} is declared as never null")
    if expr.test in ("defined", "undefined"):
        if fact.defined is not None:
            return Truth(fact.defined == (expr.test == "defined"), "guard", at=fact.at)
        if value.declared and not value.missing and value.path:
            why = "only an input with missing: skip_block can be undefined"
            return Truth(expr.test == "defined", "declaration", why)
    return None


def _link(left: Expr, sign: str, right: Expr, facts: Facts, value_of: Callable[[Expr], Value]) -> Truth | None:
    if isinstance(left, Literal) and not isinstance(right, Literal) and sign in ("eq", "ne"):
        left, right = right, left
    others = right.items if isinstance(right, ListOf) else (right,)
    if sign not in ("eq", "ne", "in", "notin") or not all(isinstance(one, Literal) for one in others):
        return None
    asked = frozenset(one.value for one in others if isinstance(one, Literal))
    negated = sign in ("ne", "notin")
    if asked == {None}:
        truth = _test(Test(left, "none"), facts, value_of)
        return truth and Truth(truth.holds != negated, truth.why, truth.words, truth.at)
    fact, value = facts.of(left), value_of(left)
    if fact.only is not None and not fact.only & asked:
        return Truth(negated, "guard", at=fact.at)
    if fact.only is not None and fact.only <= asked:
        return Truth(not negated, "guard", at=fact.at)
    if asked <= fact.never:
        return Truth(negated, "guard", at=fact.at)
    if value.one_of is not None and not value.one_of & asked:
        allowed = ", ".join(repr(one) for one in sorted(value.one_of, key=str))
        return Truth(negated, "enumeration", f"{value.path} is one of {allowed}")
    return None
