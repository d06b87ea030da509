"""What the names of a template stand for while its plan is written."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from jinja2 import nodes
from jinja2.idtracking import VAR_LOAD_UNDEFINED, Symbols

from lettermill.errors import TemplateError
from lettermill.rendering.plan.nodes import Local, Place
from lettermill.rendering.plan.reading import Known, Reader

Binding = Any
"""What a name stands for: an expression, a Macro, a Module or a LoopVariable."""
UNBOUND = -1
"""The slot that nothing is ever bound to."""


@dataclass
class Scope:
    """A stretch of a template with names of its own.

    `file` is what errors call the file, `place` what branch ids call it; `loops` counts the loops around. A scope
    that sees no inputs is that of a file imported without context.
    """

    file: str
    place: str
    names: dict[str, Binding] = field(default_factory=dict)
    sees_inputs: bool = True
    loops: int = 0
    within: tuple[str, ...] = ()
    symbols: Symbols | None = None

    def inner(self, node: nodes.Node | None = None, **branch: str) -> "Scope":
        """A scope within this one, that `node` opens; what it binds is not seen outside."""
        names = dict(self.names)
        scope = Scope(self.file, self.place, names, self.sees_inputs, self.loops, self.within, self.symbols)
        return scope if node is None else scope.open(node, **branch)

    def open(self, node: nodes.Node, **branch: str) -> "Scope":
        """Begin with `node`, as Jinja2 does: a name that is set here, and not read here before, is undefined until then
        for macros and blocks inside, whatever the input of that name holds. Gives the scope itself."""
        self.symbols = Symbols(parent=self.symbols)
        self.symbols.analyze_node(node, **branch)
        for name, target in self.symbols.refs.items():
            if self.symbols.loads.get(target, ("",))[0] == VAR_LOAD_UNDEFINED:
                self.names[name] = Local(UNBOUND, name, place=self.at(node))
        return self

    def seen(self) -> dict[str, Binding]:
        """What other files and blocks see: the names that are bound by now."""
        return {name: value for name, value in self.names.items() if getattr(value, "slot", None) != UNBOUND}

    def at(self, node: nodes.Node) -> Place:
        """Where `node` stands."""
        return Place(self.place, int(node.lineno or 1), getattr(node.lineno, "column", 0))


@dataclass(frozen=True)
class LoopVariable:
    """The name `loop`: the number of its loop, and how many loops are around the body."""

    number: int
    depth: int


@dataclass(frozen=True)
class Macro:
    """A macro and the scope it was defined in, whose names it sees as they are when it is called."""

    name: str
    node: nodes.Macro | nodes.CallBlock
    scope: Scope


@dataclass(frozen=True)
class Module:
    """The macros and variables of an imported file."""

    file: str
    names: Mapping[str, Binding]


@dataclass
class Blocks:
    """The blocks of a chain of inheritance: for each name its definitions, the most derived first."""

    definitions: dict[str, list[tuple[nodes.Block, Scope]]] = field(default_factory=dict)
    exports: Scope | None = None
    open: list[tuple[str, int]] = field(default_factory=list)


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
    calls: list[str] = field(default_factory=list)
    blocks: Blocks = field(default_factory=Blocks)

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

    @contextmanager
    def calling(self, macro: str, at: Place) -> Iterator[None]:
        """Refuse a macro that calls itself, and what nests too deep."""
        if macro in self.calls or len(self.calls) > 50:
            raise TemplateError(
                f"macro {macro.split('/')[-1]!r} calls itself", place=str(at), mend="write a loop, or a second macro"
            )
        self.calls.append(macro)
        yield
        self.calls.pop()


def suggest(name: str, known: Iterable[str]) -> str:
    """The nearest right name."""
    listed = sorted(known)
    nearest = difflib.get_close_matches(name, listed, n=1)
    if nearest:
        return f"did you mean {nearest[0]!r}?"
    return f"declare it in campaign.yml, or use one of: {', '.join(listed) or 'none here'}"
