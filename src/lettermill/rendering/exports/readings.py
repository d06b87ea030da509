"""What a template reads while it is written: each value finds its attribute, and each attribute its record."""

from collections.abc import Sequence

import pyarrow as pa

from lettermill.rendering.exports.attributes import Draft, Kind, Record
from lettermill.rendering.exports.dialect import Dialect, Frame, Reading, Reads
from lettermill.rendering.exports.problems import Inexpressible
from lettermill.rendering.exports.wording import Wording, free
from lettermill.rendering.plan.nodes import (
    And,
    Compare,
    Expr,
    Input,
    Item,
    Local,
    Loop,
    LoopState,
    Not,
    Or,
    Show,
    Test,
)  # fmt: skip
from lettermill.rendering.plan.reading import Known, Reader
from lettermill.rendering.plan.walking import walk

CONDITIONS = (And, Or, Not, Compare, Test)


class Readings(Reads):
    """The attributes of one part. `record` gathers those of a person, and may be shared by the parts of a campaign;
    `used` are the ones that this part reads."""

    def __init__(self, dialect: Dialect, record: Record, schema: pa.Schema) -> None:
        self.dialect, self.record, self.schema = dialect, record, schema
        self.reader = Reader({field.name: field.type for field in schema})
        self.frames: list[Frame] = []
        self.used: dict[str, Draft] = {}

    def flag(self, expr: Expr) -> Reading:
        words = self.wording().expression(expr)
        plain = pa.types.is_boolean(self._type(expr))
        named = words if plain or isinstance(expr, CONDITIONS) else f"{words} given"
        return self._value("flag", expr, words, named, plain=plain)

    def kind(self, expr: Expr) -> Kind | None:
        type_ = self._type(expr)
        if pa.types.is_boolean(type_):
            return "flag"
        if pa.types.is_string(type_) or pa.types.is_large_string(type_):
            return "text"
        return "whole" if pa.types.is_integer(type_) and "whole" in self.dialect.types else None

    def plain(self, expr: Expr) -> Reading:
        return self.flag(expr) if self.kind(expr) == "flag" else self.text(expr)

    def position(self, expr: Expr) -> int | None:
        if not isinstance(expr, LoopState):
            return None
        return next((depth for depth, one in enumerate(reversed(self.frames)) if one.number == expr.loop), None)

    def text(self, expr: Expr) -> Reading:
        """What prints `expr`: an input as it is, or a text computed beforehand."""
        words = self.wording().expression(expr)
        if self.kind(expr) == "flag":  # true and false are not printed alike everywhere
            return self._value("text", expr, words, f"{words} text", plain=False)
        return self._value("whole" if self.kind(expr) == "whole" else "text", expr, words, words, plain=_is_path(expr))

    def fragment(self, node: Show | Loop, named_by: Expr, *, escapes: bool) -> Reading:
        """A stretch of the template, rendered beforehand."""
        words = self.wording().statements((node,))
        named = f"{self.wording().expression(named_by)} {'html' if escapes else 'text'}"
        exprs = [one for one in walk(node) if isinstance(one, Expr)]
        return self._held(self.home(*exprs, but=node), Draft("", "fragment", words, node, escapes=escapes), named)

    def entered(self, node: Loop) -> Frame:
        """The frame of a loop, its list noted among the attributes."""
        self.reader.slots[node.item] = self.reader.known(node.items).element()
        exprs = [node.items, *([node.condition] if node.condition is not None else [])]
        home = self.home(*exprs, but=node)
        taken = {
            name
            for one in self.lineage(home)
            for name in (self.frames[one - 1].draft.item, self.frames[one - 1].draft.loop)
        }
        item, state = free(node.name, taken | {*self.schema.names, "loop"}), free("loop", taken)
        words, outer = self.wording().expression(node.items), self.wording()
        inner = Wording({**outer.items, node.item: item}, outer.loops)
        condition = inner.expression(node.condition) if node.condition is not None else None
        plain = _is_path(node.items) and condition is None
        meaning = self.meaning(node.items)
        draft = Draft("", "rows", words, node, plain, meaning, item, state, condition, Record())
        source = self._held(home, draft, words if condition is None else f"{words} if {condition}")
        draft = self._record(home).hold(draft)
        variable = free(draft.item, {*(frame.variable for frame in self.frames), *self.used})
        return Frame(node.loop, node.item, draft, source, (*self.lineage(home), len(self.frames) + 1), variable)

    def home(self, *exprs: Expr, but: Loop | Show | None = None) -> int:
        """Where a value belongs: to the item of the innermost loop that it depends on (its place among the frames,
        from 1), or to the person (0). Loops within `but` are its own matter."""
        own = {one.item for one in walk(but) if isinstance(one, Loop)} if but is not None else set()
        nodes = [node for expr in exprs for node in walk(expr)]
        slots = {node.slot for node in nodes if isinstance(node, Local)} - own
        loops = {node.loop for node in nodes if isinstance(node, LoopState)}
        read = [place for place, one in enumerate(self.frames, 1) if one.slot in slots or one.number in loops]
        home = read[-1] if read else 0
        if not set(read) <= set(self.lineage(home)):
            mend = "put the one list into the items of the other, or compute it as an input of the campaign"
            raise Inexpressible("a value of two loops over lists of their own", exprs[0], mend=mend)
        return home

    def lineage(self, home: int) -> Sequence[int]:
        """The frames that a record hangs from, itself the last."""
        return self.frames[home - 1].lineage if home else ()

    def wording(self) -> Wording:
        """What the loops around are called."""
        items = {frame.slot: frame.draft.item for frame in self.frames}
        return Wording(items, {frame.number: frame.draft.loop for frame in self.frames})

    def meaning(self, expr: Expr) -> str | None:
        """What the schema says of an input or field, in the metadata of its declaration."""
        declared = self._field(expr)
        told = (declared.metadata or {}).get(b"meaning") if declared is not None else None
        return told.decode() if told else None

    def _field(self, expr: Expr) -> pa.Field | None:
        if isinstance(expr, Input):
            return self.schema.field(expr.name)
        struct = self.reader.known(expr.of).type if isinstance(expr, Item) else None
        if struct is None or not pa.types.is_struct(struct):
            return None
        return struct.field(struct.get_field_index(expr.name))  # type: ignore[attr-defined]

    def _type(self, expr: Expr) -> pa.DataType:
        """The type of an input as it is; null for what is not one, or not known."""
        known = self.reader.known(expr) if _is_path(expr) else Known()
        return pa.null() if known.type is None else known.type

    def _value(self, kind: Kind, expr: Expr, words: str, named: str, *, plain: bool) -> Reading:
        meaning = self.meaning(expr) if plain else None
        return self._held(self.home(expr), Draft("", kind, words, expr, plain, meaning), named)

    def _held(self, home: int, draft: Draft, named: str) -> Reading:
        if home:
            item = self.frames[home - 1].draft.item
            named = "value" if draft.stands_for == item else named.replace(f"{item}.", "")
        kept = self._record(home).hold(draft, words=named)
        if home == 0:
            self.used[kept.name] = kept
        return Reading(kept.name, kept.kind, home, tuple(self.frames))

    def _record(self, home: int) -> Record:
        return self.frames[home - 1].record if home else self.record


def _is_path(expr: Expr) -> bool:
    """Whether this is an input, the item of a loop, or a field of either."""
    while isinstance(expr, Item):
        expr = expr.of
    return isinstance(expr, Input | Local)
