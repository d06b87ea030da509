"""What the names of a template stand for while its plan is written."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
from liquid import Token

from lettermill.errors import TemplateError
from lettermill.rendering.liquid.parsing import position
from lettermill.rendering.plan.nodes import Expr, Local, OpaqueValue, Place
from lettermill.rendering.plan.reading import Known, Reader

UNBOUND = -1
"""The slot that nothing is ever bound to."""
MAX_DEPTH = 30  # scopes within scopes: python-liquid stops there too
FIRST_DEPTH = 5  # those that it has when it begins


@dataclass(frozen=True)
class LoopVariable:
    """The name `forloop` or `tablerowloop`.

    `number` is its loop's, `depth` how many loops are around the body, `name` what the loop calls itself, `around` the
    `forloop` outside. A tablerow has `columns` (0: all items stand in one row).
    """

    number: int
    depth: int
    name: str = ""
    around: "LoopVariable | None" = None
    columns: int | None = None


Binding = Expr | LoopVariable


@dataclass
class Locals:
    """What `assign` and `capture` have bound so far: one namespace for a template and all that it includes."""

    names: dict[str, Binding] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """A stretch of a template.

    `file` is what errors call the file, `place` what branch ids call it. `front` are the names that hide those that are
    assigned: loop variables and what an include is given. `loops` counts the loops around. A `silent` stretch writes no
    text, an `isolated` one is rendered by `render`.
    """

    file: str
    place: str
    local: Locals
    front: Mapping[str, Binding] = field(default_factory=dict)
    loops: int = 0
    loop: LoopVariable | None = None
    within: tuple[str, ...] = ()
    silent: bool = False
    isolated: bool = False
    depth: int = FIRST_DEPTH
    steady: bool = True  # what stands here is rendered once in each step of the loop around
    stoppable: bool = False  # a `break` or `continue` here can be followed

    def inner(self, **changes: object) -> "Scope":
        """A scope within this one."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def lookup(self, name: str) -> Binding | None:
        """What a name stands for, if the template gave it a meaning."""
        return self.front.get(name) or self.local.names.get(name)

    def at(self, token: Token) -> Place:
        """Where a token stands."""
        return Place(self.place, *position(token))


@dataclass
class Draft:
    """A plan in the making: its counters, the branch ids in their order, and what its slots are known to hold."""

    name: str
    autoescape: bool
    partials: Mapping[str, str]
    schema: Mapping[str, pa.DataType]
    slots: int = 0
    loops: int = 0
    branches: dict[str, None] = field(default_factory=dict)
    counters: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.reader = Reader(self.schema)

    def branch(self, name: str) -> str:
        """Note a branch id in the order of the template."""
        self.branches.setdefault(name)
        return name

    def slot(self, name: str, scope: Scope, known: Known | None = None) -> Local:
        """A new slot."""
        local = Local(self.slots, name, scope.loops)
        self.slots += 1
        if known:
            self.reader.slots[local.slot] = known
        return local

    def loop(self) -> int:
        """The number of a new loop."""
        self.loops += 1
        return self.loops - 1

    def opaque(self, why: str, at: Place, *reads: Expr) -> OpaqueValue:
        """A value that the plan cannot express, and what it is of."""
        self.slots += 1
        return OpaqueValue(why, self.slots, reads, place=at)


def refused(problem: str, token: Token, scope: Scope, mend: str = "") -> TemplateError:
    """An error at the file and line of a token."""
    mend = mend or "use if, unless, case, for, assign, capture, include, render and filters"
    return TemplateError(problem, place=f"{scope.file}:{position(token)[0]}", mend=mend)


def suggest(name: str, known: Iterable[str]) -> str:
    """The nearest right name."""
    listed = sorted(known)
    nearest = difflib.get_close_matches(name, listed, n=1)
    if nearest:
        return f"did you mean {nearest[0]!r}?"
    return f"declare it in campaign.yml, or use one of: {', '.join(listed) or 'none here'}"
