"""Writing one lowered template in a target language."""

from collections.abc import Sequence

import pyarrow as pa

from lettermill.rendering.exports.attributes import Record
from lettermill.rendering.exports.dialect import Dialect, Piece
from lettermill.rendering.exports.problems import Problems
from lettermill.rendering.exports.readings import CONDITIONS, Readings
from lettermill.rendering.plan.nodes import (
    And,
    Apply,
    Branch,
    Expr,
    Input,
    Literal,
    Loop,
    LoopState,
    Not,
    Show,
    Statement,
    Test,
    Text,
)  # fmt: skip
from lettermill.rendering.plan.walking import walk

Body = tuple[Statement, ...]
BRACE_MEND = "put something between the two, or write the brace as an entity"


def written(body: Body, *, dialect: Dialect, record: Record, schema: pa.Schema, problems: Problems) -> str:
    """The template in the target's language; what it reads goes to `record`, what it cannot say to `problems`."""
    readings = Readings(dialect, record, schema)
    writer = Writer(dialect, readings, problems)
    writer.body(body)
    source = dialect.join(writer.pieces)
    prelude = dialect.prelude(tuple(readings.used.values()))
    # A subject is one line where it is edited, too.
    return (prelude if "\n" in source else prelude.replace("\n", " ")) + source


class Writer:
    """Writes the statements of one part."""

    def __init__(self, dialect: Dialect, readings: Readings, problems: Problems) -> None:
        self.dialect, self.readings, self.problems = dialect, readings, problems
        self.pieces: list[Piece] = []
        self.given: list[Expr] = []

    def body(self, statements: Body, *given: Expr) -> None:
        """Statements where `given` are known not to be null."""
        if self.dialect.keeps_blanks and _is_blank(statements) and any(isinstance(one, Text) for one in statements):
            self.pieces.append(Piece("value", self.dialect.keeps_blanks))
        self.given += given
        for statement in statements:
            with self.problems.noting(statement.place):
                self.statement(statement)
        del self.given[len(self.given) - len(given) :]

    def statement(self, node: Statement) -> None:
        """One statement as pieces."""
        if isinstance(node, Text):
            self.text(node)
        elif isinstance(node, Show):
            self.pieces.append(Piece("value", self.shown(node)))
        elif isinstance(node, Branch):
            self.branch(node)
        else:
            assert isinstance(node, Loop)
            self.loop(node)

    def text(self, node: Text) -> None:
        for pattern, construct in self.dialect.unwritable.items():
            if pattern.search(node.text):
                self.problems.note(construct, node.place, mend=BRACE_MEND)
        self.pieces.append(Piece("text", node.text))

    def shown(self, node: Show) -> str:
        value, through = node.value, ""
        state = self.state(value) if isinstance(value, LoopState) else None
        if state is not None:
            return state
        if node.escape and _may_be_markup(value):
            return self.dialect.show(self.readings.fragment(node, value, escapes=True), escape=False)
        if isinstance(value, Apply) and self.is_native(value):
            through, value = self.dialect.cases[value.filter], value.of
        return self.dialect.show(self.readings.text(value), escape=node.escape, through=through)

    def state(self, value: LoopState) -> str | None:
        """The tag that prints what a loop knows of its step, where the language has one."""
        depth = self.readings.position(value)
        if depth is None or value.name not in self.dialect.states or (depth and not self.dialect.sees_outer):
            return None
        return self.dialect.states[value.name].replace("LOOP", self.readings.frames[-1 - depth].variable)

    def is_native(self, value: Apply) -> bool:
        """Whether the language has this filter. Jinja2 prints NONE for a null in upper case, so there must be none."""
        if value.filter not in self.dialect.cases or value.arguments or self.readings.kind(value.of) != "text":
            return False
        declared = isinstance(value.of, Input) and not self.readings.schema.field(value.of.name).nullable
        return declared or value.of in self.given

    def branch(self, node: Branch) -> None:
        conditions = [self.condition(arm.test, node) for arm in node.arms]
        *tags, last = self.dialect.branch(conditions, otherwise=bool(node.otherwise))
        bodies = [(arm.body, _given_by(arm.test)) for arm in node.arms] + [(node.otherwise, ())]
        for tag, (body, given) in zip(tags, bodies, strict=False):
            self.pieces.append(Piece("block", tag))
            self.body(body, *given)
        self.pieces.append(Piece("block", last))

    def condition(self, test: Expr, node: Branch) -> str:
        """A condition; where it cannot be said, that is noted, and what it leads to is written all the same."""
        with self.problems.noting(node.place):
            return self.dialect.condition(test, self.readings)
        return ""

    def loop(self, node: Loop) -> None:
        if "rows" not in self.dialect.types:
            escapes = any(isinstance(one, Show) and one.escape for one in walk(node))
            read = self.readings.fragment(node, node.items, escapes=escapes)
            self.pieces.append(Piece("value", self.dialect.show(read, escape=False)))
            return
        frame = self.readings.entered(node)
        *tags, last = self.dialect.loop(frame, otherwise=bool(node.otherwise))
        self.pieces.append(Piece("block", tags[0]))
        self.readings.frames.append(frame)
        self.body(node.body)
        self.readings.frames.pop()
        if node.otherwise:
            self.pieces.append(Piece("block", tags[1]))
            self.body(node.otherwise)
        self.pieces.append(Piece("block", last))


def _is_blank(body: Body) -> bool:
    """Whether a body can write nothing but white space."""
    for one in body:
        if isinstance(one, Branch):
            bodies = [arm.body for arm in one.arms] + [one.otherwise]
        elif isinstance(one, Loop):
            bodies = [one.body, one.otherwise]
        else:
            bodies = []
        if not all(map(_is_blank, bodies)) or isinstance(one, Show) or (isinstance(one, Text) and one.text.strip()):
            return False
    return True


def _may_be_markup(expr: Expr) -> bool:
    return any(isinstance(one, Apply) and one.filter == "escape" for one in walk(expr))


def _given_by(test: Expr) -> Sequence[Expr]:
    """What is certainly no null where `test` counts as true."""
    if isinstance(test, And):
        return [*_given_by(test.left), *_given_by(test.right)]
    if isinstance(test, Not) and isinstance(test.of, Test) and test.of.test == "none":
        return [test.of.of]
    return [] if isinstance(test, (Literal, *CONDITIONS)) else [test]
