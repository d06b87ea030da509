"""Frames: rows that stand at one point of a template together, and the values that expressions have for them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lettermill.rendering.columnar.library import Library
from lettermill.rendering.columnar.lookups import Lookups
from lettermill.rendering.columnar.values import Constant, Data, Mask, Rows, Value, either
from lettermill.rendering.plan.nodes import Captured, Cycle, Expr, Local, LoopState, OpaqueValue, Plan
from lettermill.rendering.plan.walking import children, live_carries, walk

MAX_STEPS = 20_000
MAX_CHILD_ROWS = 2_000_000


class TooLarge(Exception):  # noqa: N818 (a signal to work on fewer rows)
    """A frame would have too many rows."""


@dataclass
class Program:
    """A plan made ready: equal expressions share a number, and each knows the innermost loop that it depends on."""

    plan: Plan
    library: Library
    autoescape: bool
    memory: dict[Any, dict[Any, Any]] = field(default_factory=dict)
    uses: "Uses | None" = None

    def __post_init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.depths: dict[int, int] = {}
        self.moving: set[int] = set()  # expressions that leave branch ids, and so are evaluated where they stand
        self.branches = {branch: number for number, branch in enumerate(self.plan.branches)}
        self.lookups = Lookups(self.plan.rules.null_text)
        self.live = live_carries(*self.plan.body)
        known: dict[Expr, int] = {}
        self.places: Counter[int] = Counter()  # at how many places each expression stands
        for node in walk(*self.plan.body):
            if isinstance(node, Expr):
                number = self.numbers[id(node)] = known.setdefault(node, len(known))
                self.places[number] += 1
                if any(isinstance(below, Captured | OpaqueValue) for below in walk(node)):
                    self.moving.add(id(node))
                self._depth(node)

    def _depth(self, expr: Expr) -> int:
        known = self.depths.get(id(expr))
        if known is not None:
            return known
        own = expr.depth if isinstance(expr, Local | LoopState | Cycle) else 0
        depth = max((own, *(self._depth(child) for child in children(expr) if isinstance(child, Expr))))
        return self.depths.setdefault(id(expr), depth)


@dataclass
class Uses:
    """Which expressions had no kernel: filled while a plan is tried out."""

    why: dict[int, str] = field(default_factory=dict)  # id of an expression without a kernel -> for what there is none


@dataclass
class Chunk:
    """The messages that are rendered at once, with what is found out about each of them on the way.

    `absent` holds, for each input, the rows whose source did not have it.
    """

    program: Program
    size: int
    inputs: dict[str, Data]
    absent: dict[str, Mask]

    def __post_init__(self) -> None:
        self.deferred = np.zeros(self.size, np.bool_)
        self.steps = np.zeros(self.size, np.int64)
        self.taken = np.zeros((len(self.program.branches), self.size), np.bool_)

    def frame(self) -> "Frame":
        """All messages, at the start of the template."""
        return Frame(self, self.size, np.arange(self.size, dtype=np.int64))


Kernel = Callable[["Frame", Any], Value]
KERNELS: dict[type, Kernel] = {}
"""How each kind of expression is evaluated; filled by the modules that hold the kernels."""


@dataclass(frozen=True)
class LoopRows:
    """For each row of a loop's frame its position in its list, and for each row before the loop the list's length."""

    position: Rows
    length: Rows
    offsets: Rows
    item: int


class Frame:
    """Rows at one point. `root` gives each row's message; `rows` the row of the parent frame that each row is from.

    `depth` counts the loops around.
    """

    def __init__(
        self,
        chunk: Chunk,
        size: int,
        root: Rows,
        *,
        parent: "Frame | None" = None,
        rows: Rows | None = None,
        depth: int = 0,
    ) -> None:
        self.chunk, self.size, self.root = chunk, size, root
        self.parent, self.rows, self.depth = parent, rows, depth
        self.slots: dict[int, Value] = {}  # bound here
        self.borrowed: dict[int, Value] = {}  # bound further out
        self.loops: dict[int, LoopRows] = {}
        self.known: dict[Any, Any] = {}

    def part(self, rows: Rows) -> "Frame":
        """Some of the rows, in their order."""
        return Frame(self.chunk, len(rows), self.root[rows], parent=self, rows=rows, depth=self.depth)

    def steps(self, rows: Rows) -> "Frame":
        """One row for each step of a loop; `rows` says which row each step belongs to."""
        if len(rows) > MAX_CHILD_ROWS and self.chunk.size > 1:
            raise TooLarge
        root = self.root[rows]
        self.chunk.steps += np.bincount(root, minlength=self.chunk.size)
        self.chunk.deferred |= self.chunk.steps > MAX_STEPS
        return Frame(self.chunk, len(rows), root, parent=self, rows=rows, depth=self.depth + 1)

    def defer(self, mask: Mask | None) -> None:
        """Leave the messages of these rows to the library."""
        if mask is not None:
            self.chunk.deferred[self.root[mask]] = True

    def leave(self, branch: str | None, mask: Mask | None = None) -> None:
        """Note that the messages of these rows (all of the frame's by default) came through a branch."""
        if branch is not None:
            taken = self.chunk.taken[self.chunk.program.branches[branch]]
            taken[self.root if mask is None else self.root[mask]] = True

    def value(self, expr: Expr) -> Value:
        """What an expression gives for each row, computed once in the outermost frame that it can be."""
        return self.remembered(("value", self.chunk.program.numbers[id(expr)]), expr, lambda frame: _value(frame, expr))

    def remembered(self, key: Any, expr: Expr, compute: Callable[["Frame"], Any]) -> Any:
        """What `compute` gives for the frame, or for a frame around it and taken from there.

        What it gives has a method `take`. `expr` is what it depends on.
        """
        found = self.known.get(key)
        if found is None:
            home = None if id(expr) in self.chunk.program.moving else self._home(expr)
            if home is None:
                found = compute(self)
            else:
                assert self.rows is not None
                found = home.remembered(key, expr, compute).take(self.rows)
            self.known[key] = found
        return found

    def _home(self, expr: Expr) -> "Frame | None":
        """The parent, where the value is the same for every step of a loop, or is used in several branches."""
        program = self.chunk.program
        if self.parent is None or program.depths[id(expr)] < self.depth:
            return self.parent
        shared = program.places[program.numbers[id(expr)]] > 1 and self.parent.depth == self.depth
        return self.parent if shared and self._is_bound_outside(expr) else None

    def _is_bound_outside(self, expr: Expr) -> bool:
        """Whether the parent knows every slot that the expression reads."""
        return not self.slots or not any(isinstance(one, Local) and one.slot in self.slots for one in walk(expr))

    def local(self, slot: int) -> Value:
        """What a slot was bound to."""
        found = self.slots.get(slot) or self.borrowed.get(slot)
        if found is None:
            if self.parent is None:
                return Value(Constant(None), np.ones(self.size, np.bool_))
            assert self.rows is not None
            found = self.borrowed[slot] = self.parent.local(slot).take(self.rows)
        return found

    def loop(self, number: int) -> tuple["Frame", LoopRows, Rows | None]:
        """The frame of a loop around, its rows, and which of them the rows of this frame are (None: all)."""
        if number in self.loops:
            return self, self.loops[number], None
        assert self.parent is not None
        frame, found, rows = self.parent.loop(number)
        return frame, found, self.rows if rows is None else rows[self.rows]


def _value(frame: Frame, expr: Expr) -> Value:
    kernel = KERNELS.get(type(expr))
    if kernel is None:
        raise NotImplementedError(type(expr).__name__)
    value = kernel(frame, expr)
    for mask in (value.undefined, value.faulty):
        assert mask is None or len(mask) == frame.size
    return value


def faulty(frame: Frame, *operands: Value) -> Value:
    """A value that no row can use."""
    masks = either(*(one.faulty for one in operands))
    return Value(Constant(None), None, np.ones(frame.size, np.bool_) if masks is None else np.ones_like(masks))
