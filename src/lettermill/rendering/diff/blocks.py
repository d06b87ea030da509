"""The blocks of a part: its includes and named blocks, and the stretches of its own text between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from lettermill.rendering.columnar.frames import Program
from lettermill.rendering.columnar.inputs import seen_type
from lettermill.rendering.diff.canonical import digest_of
from lettermill.rendering.mail import MISSING, Part
from lettermill.rendering.plan.nodes import Bind, Branch, Capture, Local, Loop, Node, Section, Statement
from lettermill.rendering.plan.reading import inputs_of
from lettermill.rendering.plan.walking import walk

Body = tuple[Statement, ...]
NAMED = ("include", "block")


@dataclass(frozen=True)
class Block:
    """One block: its name (`html` for the part's own text, `html:blocks/coupon.html.j2`), and what it writes.

    `digest` is of what it writes, with what it needs bound before; `reads` are paths into the inputs.
    """

    name: str
    body: Body
    digest: str
    reads: frozenset[str]

    @property
    def roots(self) -> frozenset[str]:
        """The inputs that are read, without what is read of them."""
        return frozenset(path.split(".")[0].removesuffix("[]") for path in self.reads)


@dataclass(frozen=True)
class Selection:
    """Some blocks of a part made ready to render: a program, its bodies, and which of these are the blocks."""

    program: Program
    bodies: tuple[Body, ...]
    shown: tuple[int, ...]
    inputs: tuple[str, ...]


@dataclass
class PartBlocks:
    """A part of a mail in blocks, in their order. All of them together are the part."""

    part: Part
    source: str
    selections: dict[frozenset[int], Selection] = field(default_factory=dict, repr=False)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self._block(place, name) for place, (name, _) in enumerate(self._split))

    def selected(self, places: Iterable[int]) -> Selection:
        """The blocks at `places`, with what the others bind for them; the others are not rendered."""
        wanted = frozenset(places)
        if wanted not in self.selections:
            self.selections[wanted] = self._selection(wanted)
        return self.selections[wanted]

    @cached_property
    def _split(self) -> tuple[tuple[str, Body], ...]:
        plan = self.part.renderer.plan
        if self.part.is_every_page_checked:  # its links can be judged as a whole only
            return ((self.part.name, plan.body),)
        return tuple(_blocks(plan.body, own=self.part.name, part=self.part.name))

    def _bodies(self, wanted: frozenset[int]) -> dict[int, Body]:
        """The bodies of the wanted blocks, and of those before them what binds a slot that they read."""
        kept: dict[int, Body] = {}
        read: set[int] = set()
        for place in reversed(range(len(self._split))):
            body = self._split[place][1]
            kept[place] = body if place in wanted else _binders(body, read)
            read |= _slots(kept[place])
        return {place: kept[place] for place in sorted(kept) if kept[place] or place in wanted}

    def _block(self, place: int, name: str) -> Block:
        bodies = self._bodies(frozenset([place]))
        body = tuple(statement for one in bodies.values() for statement in one)
        plan, schema = self.part.renderer.plan, self.part.renderer.schema
        types = {one.name: seen_type(one.type) for one in schema if one.name != MISSING}
        reads = frozenset(inputs_of(replace(plan, body=body), schema=types))
        return Block(name, self._split[place][1], digest_of(body, source=self.source), reads)

    def _selection(self, wanted: frozenset[int]) -> Selection:
        bodies = self._bodies(wanted)
        of = self.part.renderer.program
        plan = replace(of.plan, body=tuple(statement for body in bodies.values() for statement in body))
        shown = tuple(number for number, place in enumerate(bodies) if place in wanted)
        inputs = sorted({name for place in wanted for name in self.blocks[place].roots})
        return Selection(Program(plan, of.library, of.autoescape), tuple(bodies.values()), shown, tuple(inputs))


def _blocks(body: Body, *, own: str, part: str) -> Iterator[tuple[str, Body]]:
    """Blocks by name. A statement that holds named ones is one block, called after them; a named one that holds others
    is told in these, and its own text between them."""
    stretch: list[Statement] = []
    for statement in body:
        names = list(dict.fromkeys(_named_in(statement)))
        if not names:
            stretch.append(statement)
            continue
        if stretch:
            yield own, tuple(stretch)
            stretch = []
        if isinstance(statement, Section) and statement.kind in NAMED:
            yield from _blocks(statement.body, own=f"{part}:{statement.name}", part=part)
        else:
            yield ", ".join(f"{part}:{name}" for name in names), (statement,)
    if stretch:
        yield own, tuple(stretch)


def _named_in(statement: Node) -> Iterator[str]:
    """The outermost named sections at or within a statement."""
    if isinstance(statement, Section) and statement.kind in NAMED:
        yield statement.name
    elif isinstance(statement, Section):
        for within in statement.body:
            yield from _named_in(within)
    elif isinstance(statement, Branch):
        for body in (*(arm.body for arm in statement.arms), statement.otherwise):
            for within in body:
                yield from _named_in(within)
    elif isinstance(statement, Loop):
        for within in (*statement.body, *statement.otherwise):
            yield from _named_in(within)


def _slots(body: Sequence[Node]) -> set[int]:
    return {node.slot for node in walk(*body) if isinstance(node, Local)}


def _binders(body: Body, read: set[int]) -> Body:
    """The statements that bind a slot of `read`, or one that such a statement reads; later ones are looked at first."""
    kept: list[Statement] = []
    needed = set(read)
    for statement in reversed(body):
        if isinstance(statement, Section):
            inner = _binders(statement.body, needed)
            if inner:
                kept.append(replace(statement, body=inner))
                needed |= _slots(inner)
        elif _bound(statement) & needed:
            kept.append(statement)
            needed |= _slots([statement])
    return tuple(reversed(kept))


def _bound(statement: Statement) -> set[int]:
    if isinstance(statement, Bind | Capture):
        return {statement.slot}
    if isinstance(statement, Branch):
        return {merge.slot for merge in statement.merges}
    return {carry.outside for carry in statement.carried} if isinstance(statement, Loop) else set()
