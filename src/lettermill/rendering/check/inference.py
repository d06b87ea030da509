"""The values of expressions, inferred from the declared inputs; what does not fit becomes findings.

A null that nobody guards is told at the place where it would be printed or computed with, once: behind that place it
is taken as there, so that one mistake is one finding.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from lettermill.rendering.check import applying, operators
from lettermill.rendering.check.facts import Facts
from lettermill.rendering.check.findings import Findings
from lettermill.rendering.check.values import SPOKEN, Value, either, of_constant, present
from lettermill.rendering.check.wording import words
from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Arithmetic,
    Captured,
    Compare,
    Concat,
    Conditional,
    Cycle,
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
    Place,
    Range,
    Rules,
    Signed,
    Slice,
    Statement,
    Test,
)  # fmt: skip

NO_ELSE = "it has no else"
UNBOUND = "not every branch sets it"
LOGICAL = Value(pa.bool_())
COUNTED = Value(pa.int64())
WRITTEN = Value(pa.string())


@dataclass
class Inference:
    """Values of one part's expressions. `enter` walks statements that stand inside an expression.

    `read` collects the paths that are read, `doubts` those a template asks about before it reads them, by place.
    """

    inputs: Mapping[str, Value]
    rules: Rules
    findings: Findings
    doubts: dict[str, Place]
    read: set[str]
    enter: Callable[[tuple[Statement, ...], Facts], Facts]
    slots: dict[int, Value] = field(default_factory=dict)
    loops: dict[int, Value] = field(default_factory=dict)

    def value(self, expr: Expr, facts: Facts) -> Value:
        """The value of `expr` where `facts` hold."""
        infer = INFER.get(type(expr))
        value = infer(self, expr, facts) if infer else Value()
        if value.path is not None:
            self.read.add(value.path)
            if value.path in self.doubts and not value.declared:
                value = replace(value, doubted=True)
        fact = facts.of(expr)
        if fact.present is True or fact.truth is True:
            return present(value)
        if fact.present is False:
            value = replace(value, null=True, declared=True, why=value.why or f"{words(expr)} was asked to be null")
        return replace(value, missing=False) if fact.defined else value

    def needed(self, expr: Expr, facts: Facts, use: str) -> Value:
        """The value of `expr` where a null or an undefined one would be a fault: `use` says of what."""
        value = self.value(expr, facts)
        self.tell_absent(expr, value, "LM302", f"{use} of a null is a fault")
        return present(value)

    def defined(self, expr: Expr, facts: Facts) -> Value:
        """The value of `expr` where a null is fine, but not what is undefined."""
        value = self.value(expr, facts)
        self._tell_undefined(expr, value)
        return replace(value, missing=False)

    def doubt(self, expr: Expr, facts: Facts) -> None:
        """Note that a template asks whether `expr` is there."""
        value = self.value(expr, facts)
        if value.path is not None and not value.declared:
            self.doubts.setdefault(value.path, self.findings.begin(expr))

    def tell_absent(self, expr: Expr, value: Value, rule: str, consequence: str) -> None:
        """Report a value that may be null, undefined, or that is guarded elsewhere, where it must be there."""
        self._tell_undefined(expr, value)
        if value.missing or not (value.null or value.doubted):
            return
        name, at = words(expr), self.findings.begin(expr)
        guard = f"guard it: {{% if {name} is not none %}}"
        if isinstance(expr, Apply) and expr.filter == "default":
            mend = "write default(..., true): without true only what is undefined is replaced, a null stays"
        else:
            fallback = f"write {name} or '...', " if value.kind == "text" else ""
            mend = f"{value.why}: give it one, {fallback}or {guard}" if value.path and value.declared else guard
        if value.null:
            self.findings.once(rule, at, name, f"{name} may be null, and {consequence}", mend)
            return
        asked = self.doubts.get(value.path or "")
        where = f" at {self.findings.file_of(asked)}:{asked.line}" if asked else ""
        message = f"{name} is asked for{where} as if it may be null, but not here, and {consequence}"
        self.findings.once("LM305", at, name, message, mend)

    def _tell_undefined(self, expr: Expr, value: Value) -> None:
        if not value.missing or self.rules.missing == "nil":
            return
        name = words(expr)
        if value.declared:
            guard = f"guard it: {{% if {name} is defined %}}, or write {name} | default(...)"
            mend = {NO_ELSE: "add else '...'", UNBOUND: "set it in every branch, or before them"}.get(value.why, guard)
            self.findings.once("LM303", self.findings.begin(expr), name, f"{name} may be undefined: {value.why}", mend)
        else:
            self.findings.add(
                "LM304", self.findings.begin(expr), f"{name} may be undefined: {value.why}", "ask for the length first"
            )

    def _input(self, expr: Input, facts: Facts) -> Value:  # noqa: ARG002 (one shape for all)
        value = self.inputs.get(expr.name, Value())
        if value.missing:
            return replace(value, why=f"inputs.{expr.name} is left out where it is null (missing: skip_block)")
        return value

    def _local(self, expr: Local, facts: Facts) -> Value:
        if expr.slot not in self.slots and expr.slot < 0:
            return Value(missing=True, declared=True, why=UNBOUND)
        bound = facts.bound.get(expr.slot)
        value = self.slots.get(expr.slot, Value())
        fact = facts.of(bound) if bound is not None else None
        return present(value) if fact and (fact.present or fact.truth) else value

    def _item(self, expr: Item, facts: Facts) -> Value:
        of = self.needed(expr.of, facts, f"the field {expr.name!r}")
        return self._field(of, expr.name, expr)

    def _field(self, of: Value, name: str, expr: Expr) -> Value:
        found = of.field(name)
        if found is None:
            self.tell_no_field(of, name, expr.place)
        return found or Value()

    def tell_no_field(self, of: Value, name: str, at: Place) -> None:
        """Report a field that a value does not have."""
        fields = of.fields()
        near = difflib.get_close_matches(name, fields, n=1)
        mend = f"it has {', '.join(fields)}" if fields else "loop over it, or take | first" if of.kind == "list" else ""
        called = of.path or SPOKEN[of.kind]
        message = f"{called} has no field {name!r}" + ("" if fields else f": it is {SPOKEN[of.kind]}")
        self.findings.add("LM103", at, message, f"did you mean {near[0]!r}?" if near else mend)

    def _index(self, expr: Index, facts: Facts) -> Value:
        of = self.needed(expr.of, facts, "a place")
        if not isinstance(expr.at, Literal):
            self.needed(expr.at, facts, "a place")
            return Value() if of.kind in ("struct", "map", "unknown") else of.element()
        at = expr.at.value
        if isinstance(at, str):
            return self._field(of, at, expr)
        if of.kind not in ("list", "text") or not isinstance(at, int):
            return Value()
        needed = -at if at < 0 else at + 1
        fact = facts.of(expr.of)
        sure = fact.least >= needed or (needed == 1 and fact.truth is True)
        why = f"{words(expr.of)} may have fewer than {needed} items"
        return of.element() if sure else replace(of.element(), missing=True, why=why)

    def _slice(self, expr: Slice, facts: Facts) -> Value:
        for bound in (expr.start, expr.stop, expr.step):
            if bound is not None:
                self.needed(bound, facts, "a place")
        return replace(self.needed(expr.of, facts, "a stretch"), one_of=None)

    def _choice(self, expr: And | Or, facts: Facts) -> Value:
        left = self.defined(expr.left, facts)
        right = self.value(expr.right, facts.assume(expr.left, isinstance(expr, And)))
        return either((present(left) if isinstance(expr, Or) else left, right))

    def _conditional(self, expr: Conditional, facts: Facts) -> Value:
        self.defined(expr.test, facts)
        then = self.value(expr.then, facts.assume(expr.test, True))
        if expr.otherwise is None:
            return replace(then, missing=True, declared=True, why=NO_ELSE)
        return either((then, self.value(expr.otherwise, facts.assume(expr.test, False))))

    def _not(self, expr: Not, facts: Facts) -> Value:
        self.defined(expr.of, facts)
        return LOGICAL

    def _concat(self, expr: Concat, facts: Facts) -> Value:
        for part in expr.parts:
            self.tell_absent(part, self.value(part, facts), "LM301", "prints as None")
        return WRITTEN

    def _list(self, expr: ListOf, facts: Facts) -> Value:
        items = [self.defined(item, facts) for item in expr.items]
        return Value(pa.list_(either(items).type if items else pa.null()))

    def _loop_state(self, expr: LoopState, facts: Facts) -> Value:  # noqa: ARG002 (one shape for all)
        if expr.name in ("previtem", "nextitem"):
            why = f"loop.{expr.name} is undefined at the {'first' if expr.name == 'previtem' else 'last'} step"
            return replace(self.loops.get(expr.loop, Value()), missing=True, why=why)
        return LOGICAL if expr.name in ("first", "last") else COUNTED

    def _cycle(self, expr: Cycle, facts: Facts) -> Value:
        return either([self.value(one, facts) for one in expr.values]) if expr.values else Value()

    def _range(self, expr: Range, facts: Facts) -> Value:
        for bound in (expr.start, expr.stop, expr.step):
            self.needed(bound, facts, "a range")
        return Value(pa.list_(pa.int64()))

    def _captured(self, expr: Captured, facts: Facts) -> Value:
        self.enter(expr.body, facts)
        return WRITTEN


INFER: Mapping[type, Callable[..., Value]] = {
    Literal: lambda _, expr, __: of_constant(expr.value),
    Input: Inference._input,
    Local: Inference._local,
    Item: Inference._item,
    Index: Inference._index,
    Slice: Inference._slice,
    Apply: applying.applied,
    Test: applying.tested,
    Compare: operators.compared,
    Arithmetic: operators.computed,
    Signed: operators.signed,
    And: Inference._choice,
    Or: Inference._choice,
    Not: Inference._not,
    Conditional: Inference._conditional,
    Concat: Inference._concat,
    ListOf: Inference._list,
    LoopState: Inference._loop_state,
    Cycle: Inference._cycle,
    Range: Inference._range,
    Captured: Inference._captured,
}
