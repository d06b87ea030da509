"""Walking a plan along its branches: each statement is judged by what the conditions around it have established."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from lettermill.rendering.check.conditions import Conditions
from lettermill.rendering.check.facts import Facts, joined
from lettermill.rendering.check.findings import Findings
from lettermill.rendering.check.inference import WRITTEN, Inference
from lettermill.rendering.check.rules import Severity
from lettermill.rendering.check.values import SPOKEN, Value, either, present
from lettermill.rendering.check.wording import words
from lettermill.rendering.plan.nodes import (
    Arm,
    Bind,
    Branch,
    Capture,
    Captured,
    Expr,
    Input,
    Item,
    Literal,
    Loop,
    Place,
    Plan,
    Section,
    Show,
    Statement,
)  # fmt: skip

UNPRINTABLE = {
    "list": "loop over it, or | join(', ')",
    "struct": "print one of its fields",
    "map": "print a value of it",
    "truth": "write the words: {% if ... %}yes{% else %}no{% endif %}",
    "bytes": "print something else",
}
UNFORMATTED = {"date": "date('long', locale)", "instant": "datetime('long', locale, timezone)"}
Body = tuple[Statement, ...]


@dataclass(frozen=True)
class Shown:
    """A value that a part prints: the place of its statement, and where it begins."""

    place: Place
    begins: Place
    value: Value
    expr: Expr


@dataclass
class Flow:
    """Walks one part. `doubts` are the paths that some part asks about; `shown` is what the part prints."""

    inputs: Mapping[str, Value]
    plan: Plan
    findings: Findings
    doubts: dict[str, Place]
    conditions: Conditions
    read: set[str] = field(default_factory=set)
    shown: list[Shown] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inference = Inference(self.inputs, self.plan.rules, self.findings, self.doubts, self.read, self.body)

    def walk(self) -> None:
        """Walk the whole plan."""
        self.body(self.plan.body, Facts())

    def body(self, statements: Body, facts: Facts) -> Facts:
        """Walk statements; what is known behind them."""
        for statement in statements:
            facts = self._statement(statement, facts)
        return facts

    def _statement(self, statement: Statement, facts: Facts) -> Facts:
        self.findings.near = statement.place
        if isinstance(statement, Show):
            self._show(statement, facts)
        elif isinstance(statement, Branch):
            return self._branch(statement, facts)
        elif isinstance(statement, Loop):
            self._loop(statement, facts)
        elif isinstance(statement, Bind):
            return self._bind(statement, facts)
        elif isinstance(statement, Capture):
            self.body(statement.body, facts)
            self.inference.slots[statement.slot] = WRITTEN
        elif isinstance(statement, Section):
            with self.conditions.of_macro(statement.kind == "macro"):
                return self.body(statement.body, facts)
        return facts

    def _show(self, show: Show, facts: Facts) -> None:
        value = self.inference.value(show.value, facts)
        null_text = self.plan.rules.null_text
        if null_text:
            self.inference.tell_absent(show.value, value, "LM301", "a printed null is a fault")
        at, name = self.findings.begin(show.value), words(show.value)
        self.shown.append(Shown(show.place, at, value, show.value))
        if value.kind in UNPRINTABLE:
            severity: Severity = "warning" if value.kind == "truth" else "error"
            message = f"{name} is {SPOKEN[value.kind]}, which prints as Python writes it"
            self.findings.add("LM206", at, message, UNPRINTABLE[value.kind], severity=severity)
        elif pa.types.is_decimal(value.type):
            mend = f"write {{{{ {name} | money(currency, locale) }}}}, or | number(locale)"
            self.findings.add("LM207", at, f"{name} is a decimal, printed as 1234.50 is", mend)
        elif value.kind in UNFORMATTED:
            self.findings.add(
                "LM207",
                at,
                f"{name} is {SPOKEN[value.kind]}, printed as 2024-12-31 is",
                f"write {{{{ {name} | {UNFORMATTED[value.kind]} }}}}",
            )

    def _branch(self, branch: Branch, facts: Facts) -> Facts:
        ends, before, asked = [], facts, list[Expr]()
        for arm in branch.arms:
            self.findings.near = _place_of(arm, branch)
            self.inference.defined(arm.test, before)
            self._note_doubts(arm.test, before)
            self.conditions.judge(arm.test, before, asked=asked, value_of=self._quietly(before))
            asked.append(arm.test)
            ends.append(self.body(arm.body, before.assume(arm.test, True)))
            before = before.assume(arm.test, False)
        ends.append(self.body(branch.otherwise, before))
        for merge in branch.merges:
            ways = zip(merge.values, ends, strict=True)
            self.inference.slots[merge.slot] = either([self.inference.value(value, end) for value, end in ways])
        return replace(joined(ends), bound=facts.bound) if branch.otherwise else facts

    def _note_doubts(self, test: Expr, facts: Facts) -> None:
        """A field that a condition asks for its truth may be null."""
        for term in self.conditions.terms(test):
            if isinstance(term, Item) and self.inference.value(term, facts).kind not in ("truth", "list"):
                self.inference.doubt(term, facts)

    def _quietly(self, facts: Facts) -> "_Quietly":
        return _Quietly(self.inference, facts)

    def _loop(self, loop: Loop, facts: Facts) -> None:
        items = self.inference.needed(loop.items, facts, "a loop")
        name = words(loop.items)
        if items.kind not in ("list", "unknown"):
            mend = {"text": "split it before it reaches the template, or print it", "struct": "read its fields"}
            message = f"{name} is {SPOKEN[items.kind]}, and a loop needs a list"
            self.findings.add(
                "LM204",
                self.findings.begin(loop.items),
                message,
                mend.get(items.kind, "loop over a list, or range(...)"),
            )
        element = items.element()
        self.inference.slots[loop.item] = self.inference.loops[loop.loop] = element
        inside = facts.learn(loop.items, present=True, defined=True, truth=True)
        if loop.condition is not None:
            self.inference.defined(loop.condition, inside)
            inside = inside.assume(loop.condition, True)
        self.body(loop.body, inside)
        if not isinstance(loop.items, Literal):
            self.body(loop.otherwise, facts)

    def _bind(self, bind: Bind, facts: Facts) -> Facts:
        self.inference.slots[bind.slot] = self.inference.value(bind.value, facts)
        if isinstance(bind.value, Captured):
            return facts
        return facts.bind(bind.slot, bind.value)


def _place_of(arm: Arm, branch: Branch) -> Place:
    """Where an arm's condition stands: its branch id holds the line."""
    line = re.search(r":(\d+)\.(?:el)?if$", arm.branch or "")
    return replace(branch.place, line=int(line[1]), column=0) if line else branch.place


@dataclass(frozen=True)
class _Quietly:
    """Values without findings: what the judgement of a condition asks for."""

    inference: Inference
    facts: Facts

    def __call__(self, expr: Expr) -> Value:
        known = replace(self.inference, findings=Findings({}, {}), doubts=dict(self.inference.doubts), read=set())
        value = known.value(expr, self.facts)
        return present(value) if isinstance(expr, Input) and self.facts.of(expr).present else value
