"""What a plan reads: the paths of its inputs with their types, and the type of an expression as far as it is known."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from lettermill.rendering.plan.nodes import (
    Bind,
    Expr,
    Index,
    Input,
    Item,
    Literal,
    Local,
    Loop,
    Node,
    Plan,
    Slice,
)  # fmt: skip
from lettermill.rendering.plan.walking import children

PARTS_OF_A_DATE = ("year", "month", "day")


@dataclass(frozen=True)
class Known:
    """What a chain of fields stands for: its path into the inputs (`picks[].price`) and its type; None is not known."""

    path: str | None = None
    type: pa.DataType | None = None

    def field(self, name: str) -> "Known":
        """A field of a struct, or a part of a date."""
        if self.type is None:
            return Known()
        if pa.types.is_struct(self.type) and self.type.get_field_index(name) >= 0:
            return Known(self.path and f"{self.path}.{name}", self.type.field(name).type)
        if is_date(self.type) and name in PARTS_OF_A_DATE:
            return Known(self.path and f"{self.path}.{name}", pa.int64())
        return Known()

    def element(self) -> "Known":
        """An item of a list."""
        if self.type is None or not is_list(self.type):
            return Known()
        return Known(self.path and f"{self.path}[]", self.type.value_type)

    def fields(self) -> tuple[str, ...] | None:
        """The names that `field` knows; None where any name may be there."""
        if self.type is None or pa.types.is_map(self.type):
            return None
        if pa.types.is_struct(self.type):
            return tuple(self.type.field(index).name for index in range(self.type.num_fields))
        return PARTS_OF_A_DATE if is_date(self.type) else ()


@dataclass
class Reader:
    """Follows chains of fields from inputs, through slots that were bound to such chains."""

    schema: Mapping[str, pa.DataType]
    slots: dict[int, Known] = field(default_factory=dict)

    def known(self, expr: Expr) -> Known:
        """What `expr` stands for; nothing for anything but a chain of fields."""
        if isinstance(expr, Input):
            return Known(expr.name, self.schema.get(expr.name))
        if isinstance(expr, Local):
            return self.slots.get(expr.slot, Known())
        if isinstance(expr, Item):
            return self.known(expr.of).field(expr.name)
        if isinstance(expr, Slice):
            return self.known(expr.of)
        if isinstance(expr, Index) and isinstance(expr.at, Literal):
            base = self.known(expr.of)
            return base.field(expr.at.value) if isinstance(expr.at.value, str) else base.element()
        return Known()


def inputs_of(plan: Plan, *, schema: Mapping[str, pa.DataType]) -> dict[str, pa.DataType | None]:
    """The paths into the inputs that the plan reads, sorted, each with its type (None: not known)."""
    reader = Reader(schema)
    found: dict[str, pa.DataType | None] = {}
    for statement in plan.body:
        _note(statement, reader, found)
    return dict(sorted(found.items()))


def _note(node: Node, reader: Reader, found: dict[str, pa.DataType | None]) -> None:
    if isinstance(node, Expr):
        known = reader.known(node)
        if known.path is not None:
            found[known.path] = known.type
            if not isinstance(node, Slice):
                return
    if isinstance(node, Bind):
        reader.slots[node.slot] = reader.known(node.value)
    elif isinstance(node, Loop):
        reader.slots[node.item] = reader.known(node.items).element()
    for child in children(node):
        _note(child, reader, found)


def is_list(type_: pa.DataType) -> bool:
    """Whether values are lists of any layout."""
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def is_date(type_: pa.DataType) -> bool:
    """Whether values have a year, a month and a day."""
    return bool(pa.types.is_date(type_) or pa.types.is_timestamp(type_))
