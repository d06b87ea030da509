"""The statements of a plan: a text for each row; and the plan itself."""

from dataclasses import dataclass
from typing import Literal as OneOf

from lettermill.rendering.plan.expressions import Expr, Node


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
