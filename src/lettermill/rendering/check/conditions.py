"""Conditions that are the same in every message: judged wherever a template's line is reached, reported where all
visits agree, since a block may be included, or a macro called, in several places."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lettermill.rendering.check.facts import Facts
from lettermill.rendering.check.findings import Findings
from lettermill.rendering.check.truth import Truth, truth_of
from lettermill.rendering.check.values import Value
from lettermill.rendering.check.wording import words
from lettermill.rendering.plan.nodes import And, Expr, Not, Or, Place

ValueOf = Callable[[Expr], Value]


@dataclass(frozen=True)
class Verdict:
    """What one visit of a condition tells: None where it is open."""

    rule: str
    message: str
    suggestion: str


@dataclass
class Conditions:
    """Collects verdicts of all parts. Conditions of a macro depend on its arguments, and are left alone."""

    findings: Findings
    verdicts: dict[tuple[str, int, int, str], list[tuple[Place, Verdict | None]]] = field(default_factory=dict)
    macros: int = 0

    @contextmanager
    def of_macro(self, is_macro: bool) -> Iterator[None]:
        """Statements of a macro's call."""
        self.macros += is_macro
        yield
        self.macros -= is_macro

    def judge(self, test: Expr, facts: Facts, *, asked: Sequence[Expr], value_of: ValueOf) -> None:
        """Judge a condition of a branch; `asked` are those of the arms above."""
        if self.macros:
            return
        if facts.canonical(test) in [facts.canonical(one) for one in asked]:
            first = self.findings.begin(asked[[facts.canonical(one) for one in asked].index(facts.canonical(test))])
            message = f"{words(test)} was asked at line {first.line} already, so that this branch is never taken"
            self._note(test, Verdict("LM404", message, "ask something else, or take the branch out"))
            return
        is_whole = True
        for term, known in self._judged(test, facts, value_of):
            verdict = _verdict(term, known) if known else None
            is_whole = is_whole and verdict is None
            self._note(term, verdict)
        whole = truth_of(test, facts, value_of) if is_whole and not _is_atom(test) else None
        if whole is not None:
            self._note(test, _verdict(test, whole))

    def terms(self, test: Expr) -> Iterator[Expr]:
        """The conditions that a condition is made of."""
        if isinstance(test, Not):
            yield from self.terms(test.of)
        elif isinstance(test, And | Or):
            yield from self.terms(test.left)
            yield from self.terms(test.right)
        else:
            yield test

    def report(self) -> None:
        """Write the verdicts on which all visits agree."""
        for visits in self.verdicts.values():
            place, first = visits[0]
            if first is not None and all(verdict is not None and verdict.rule == first.rule for _, verdict in visits):
                self.findings.add(first.rule, place, first.message, first.suggestion)

    def _judged(self, test: Expr, facts: Facts, value_of: ValueOf) -> Iterator[tuple[Expr, Truth | None]]:
        """Each term with its truth, given those before it."""
        if isinstance(test, And | Or):
            yield from self._judged(test.left, facts, value_of)
            yield from self._judged(test.right, facts.assume(test.left, isinstance(test, And)), value_of)
        elif isinstance(test, Not) and isinstance(test.of, And | Or):
            yield from self._judged(test.of, facts, value_of)
        else:
            yield test, truth_of(test, facts, value_of)

    def _note(self, expr: Expr, verdict: Verdict | None) -> None:
        at = self.findings.begin(expr)
        key = (self.findings.file_of(at), at.line, at.column, words(expr))
        self.verdicts.setdefault(key, []).append((at, verdict))


def _verdict(term: Expr, known: Truth) -> Verdict | None:
    if known.why == "enumeration":
        return None  # told where the value is compared
    why = f", since line {known.at.line} asked already" if known.why == "guard" and known.at else ""
    why = f": {known.words}" if known.words else why
    if known.holds:
        return Verdict("LM402", f"{words(term)} always holds{why}", "leave the condition out")
    return Verdict("LM401", f"{words(term)} never holds{why}", "correct the condition, or take the branch out")


def _is_atom(test: Expr) -> bool:
    return not isinstance(test, Not | And | Or)
