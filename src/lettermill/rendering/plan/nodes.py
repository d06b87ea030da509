"""The nodes of a plan: what a template says, in no template language.

A front end (one for each language) writes a plan once; evaluators, the type check and the exports read it. Names are
resolved already: what is no input is a slot that is bound once (static single assignment), so that equal expressions
have equal values wherever they stand. Includes, macros and inheritance are resolved too: their bodies stand where they
are rendered. How a language tells true from false, prints a null or treats what is missing is said by the plan's
`Rules`, not by its nodes.
"""

from dataclasses import dataclass, field
from typing import Literal as OneOf


@dataclass(frozen=True)
class Place:
    """Where a node was written: the file as branch ids call it, line and column from 1 on (column 0: not known)."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Place("", 0)


@dataclass(frozen=True, kw_only=True)
class Node:
    """Anything with a place. Places do not count when nodes are compared."""

    place: Place = field(default=NOWHERE, compare=False, repr=False)


# Expressions: a value for each row.


@dataclass(frozen=True, kw_only=True)
class Expr(Node):
    """Something with a value."""


@dataclass(frozen=True)
class Literal(Expr):
    """A constant: None, bool, int, float or str. `markup` says that a text is markup and needs no escaping."""

    value: object = field(compare=False)
    markup: bool = False
    key: str = field(init=False)  # 1, 1.0 and True are three things

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{type(self.value).__name__}:{self.value!r}")


@dataclass(frozen=True)
class Input(Expr):
    """A column of the batch."""

    name: str


@dataclass(frozen=True)
class Local(Expr):
    """What was bound to `slot`, by the template under `name`, inside `depth` loops. An unbound slot is undefined."""

    slot: int
    name: str = field(compare=False)
    depth: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Item(Expr):
    """The field `name` of a struct, or a part of a date."""

    of: Expr
    name: str


@dataclass(frozen=True)
class Index(Expr):
    """What stands at a position of a list or text, or under a key of a struct."""

    of: Expr
    at: Expr


@dataclass(frozen=True)
class Slice(Expr):
    """A stretch of a list or text, with Python's rules."""

    of: Expr
    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None


@dataclass(frozen=True)
class Apply(Expr):
    """A filter of the language on a value."""

    of: Expr
    filter: str
    arguments: tuple[Expr, ...] = ()
    options: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True)
class Test(Expr):
    """A named test of the language on a value: `is none`, `is divisibleby 3`."""

    of: Expr
    test: str
    arguments: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Compare(Expr):
    """A chain of comparisons, each of two neighbours. Operators: eq ne lt le gt ge in notin."""

    of: Expr
    links: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class And(Expr):
    """The left value where it counts as false, else the right one."""

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Or(Expr):
    """The left value where it counts as true, else the right one."""

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Not(Expr):
    """Whether the value counts as false."""

    of: Expr


@dataclass(frozen=True)
class Arithmetic(Expr):
    """Operators + - * / // %."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Signed(Expr):
    """A number with the sign + or - before it."""

    sign: str
    of: Expr


@dataclass(frozen=True)
class Conditional(Expr):
    """`then` where `test` counts as true, else `otherwise` (None: undefined there)."""

    test: Expr
    then: Expr
    otherwise: Expr | None


@dataclass(frozen=True)
class Concat(Expr):
    """The texts of several values, one after the other."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class ListOf(Expr):
    """A list written in the template."""

    items: tuple[Expr, ...]


@dataclass(frozen=True)
class LoopState(Expr):
    """What a loop knows of its current step: index, index0, revindex, revindex0, first, last, length, depth, depth0,
    previtem, nextitem."""

    loop: int
    name: str
    depth: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Cycle(Expr):
    """One of several values, by the step of the loop."""

    loop: int
    values: tuple[Expr, ...]
    depth: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Range(Expr):
    """A list of whole numbers from `start` up to, not including, `stop`."""

    start: Expr
    stop: Expr
    step: Expr


@dataclass(frozen=True)
class Captured(Expr):
    """The text that statements write: a macro's call, or a filtered block. Evaluated where it is reached only, since
    its branches leave their ids."""

    body: tuple["Statement", ...]
    markup: bool


@dataclass(frozen=True)
class OpaqueValue(Expr):
    """A value that the plan cannot express: rows that need it are rendered by the library. `reads` is what it is of."""

    why: str
    number: int
    reads: tuple[Expr, ...] = ()


# Statements: a text for each row.


@dataclass(frozen=True, kw_only=True)
class Statement(Node):
    """Something that writes, branches or binds."""


@dataclass(frozen=True)
class Text(Statement):
    """Written as it is."""

    text: str


@dataclass(frozen=True)
class Show(Statement):
    """The text of a value, escaped where `escape` says so and it is no markup. `null_branch` is left by a null."""

    value: Expr
    escape: bool
    words: str
    null_branch: str | None


@dataclass(frozen=True)
class Arm:
    """One way through a Branch: its condition, what it writes and the id it leaves."""

    test: Expr
    body: tuple[Statement, ...]
    branch: str | None


@dataclass(frozen=True)
class Merge:
    """After a Branch, `slot` is what each arm bound, in the order of the arms; the last is for no arm taken."""

    slot: int
    name: str
    values: tuple[Expr, ...]


@dataclass(frozen=True)
class Branch(Statement):
    """The first arm whose condition counts as true; else `otherwise`."""

    arms: tuple[Arm, ...]
    otherwise: tuple[Statement, ...] = ()
    otherwise_branch: str | None = None
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True)
class Carry:
    """A name that a loop takes from step to step.

    In the body `inside` is what the step before made of it (`after`, `before` in the first step); behind the loop
    `outside` is what the last step made of it (`before` where there was none).
    """

    name: str
    inside: int
    before: Expr
    after: Expr
    outside: int


@dataclass(frozen=True)
class Loop(Statement):
    """`body` for each item of a list that `condition` lets through; `otherwise` for a list of none.

    `loop` is the number that LoopState and Cycle refer to; `item` the slot of the item.
    """

    loop: int
    item: int
    name: str
    items: Expr
    body: tuple[Statement, ...]
    condition: Expr | None = None
    otherwise: tuple[Statement, ...] = ()
    branch: str | None = None
    otherwise_branch: str | None = None
    carried: tuple[Carry, ...] = ()


@dataclass(frozen=True)
class Bind(Statement):
    """`slot` is the value from here on."""

    slot: int
    name: str
    value: Expr


@dataclass(frozen=True)
class Capture(Statement):
    """`slot` is the text that `body` writes."""

    slot: int
    name: str
    body: tuple[Statement, ...]
    markup: bool


@dataclass(frozen=True)
class Mark(Statement):
    """A branch id that is left where this is reached."""

    branch: str


@dataclass(frozen=True)
class Section(Statement):
    """A named part of the template: an include, block or macro. The diff hashes each on its own."""

    kind: OneOf["include", "block", "macro", "scope"]
    name: str
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Opaque(Statement):
    """What the plan cannot express: rows that reach it are rendered by the library. `reads` is what it is of."""

    why: str
    reads: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Rules:
    """What a language makes of values.

    `falsy`: python (null, false, zero, empty) or nil (null and false alone). `null_text`, `true_text`, `false_text`:
    how these print. `missing`: fault (reading what is not there is an error) or nil (it is a null). `of_null`: what a
    loop over a null and the order of a null are: fault, or nothing (no item, and neither less nor more than anything).
    """

    falsy: OneOf["python", "nil"]
    null_text: str
    true_text: str
    false_text: str
    missing: OneOf["fault", "nil"]
    of_null: OneOf["fault", "nothing"] = "fault"


@dataclass(frozen=True)
class Plan:
    """A template as statements. `branches` are the ids it can leave, in the order of the template."""

    language: str
    rules: Rules
    body: tuple[Statement, ...]
    branches: tuple[str, ...]
    slots: int
    loops: int
