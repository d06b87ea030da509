"""The expressions of a plan: a value for each row; and the place that every node has."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lettermill.rendering.plan.statements import Statement


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
