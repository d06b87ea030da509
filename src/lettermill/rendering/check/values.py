"""What is known of a value before there is data: its type, whether it may be null or undefined, what it can be."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal as OneOf

import pyarrow as pa

from lettermill.rendering.check.declarations import Known
from lettermill.rendering.plan.reading import PARTS_OF_A_DATE, is_list

Kind = OneOf["text", "number", "truth", "date", "instant", "list", "struct", "map", "bytes", "unknown"]
SPOKEN: dict[Kind, str] = {
    "text": "a text", "number": "a number", "truth": "true or false", "date": "a date", "instant": "an instant",
    "list": "a list", "struct": "a struct", "map": "a map", "bytes": "bytes", "unknown": "a value",
}  # fmt: skip


UNKNOWN = pa.null()


@dataclass(frozen=True)
class Value:
    """An expression's value in any message.

    `path` leads to it from the inputs (`picks[].price`). `declared` says that the campaign decides whether it may be
    null; of fields nothing is declared, so that they are taken as there unless a template doubts it somewhere.
    """

    type: pa.DataType = UNKNOWN
    path: str | None = None
    null: bool = False
    missing: bool = False
    declared: bool = False
    one_of: frozenset[object] | None = None
    limit: int | None = None
    why: str = ""
    doubted: bool = False

    @property
    def kind(self) -> Kind:
        """What may be done with it."""
        return kind_of(self.type)

    def field(self, name: str) -> "Value | None":
        """The field of a struct, or a part of a date; None where there is none of this name."""
        path = self.path and f"{self.path}.{name}"
        if self.kind in ("unknown", "map"):
            return Value(path=None)
        if self.kind in ("date", "instant") and name in PARTS_OF_A_DATE:
            return Value(pa.int64(), path)
        if self.kind == "struct" and self.type.get_field_index(name) >= 0:
            return Value(self.type.field(name).type, path)
        return None

    def element(self) -> "Value":
        """An item of a list."""
        if self.kind == "list":
            return Value(self.type.value_type, self.path and f"{self.path}[]")
        return Value(pa.string()) if self.kind == "text" else Value()

    def fields(self) -> tuple[str, ...]:
        """The names that `field` knows."""
        if self.kind == "struct":
            return tuple(self.type.field(index).name for index in range(self.type.num_fields))
        return PARTS_OF_A_DATE if self.kind in ("date", "instant") else ()


def of_input(known: Known) -> Value:
    """The value of a declared input."""
    return Value(
        known.type, known.name, known.null, known.missing, True, known.one_of, known.limit, known.why
    )  # fmt: skip


def of_constant(constant: object) -> Value:
    """The value of a literal."""
    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    type_ = types.get(type(constant), pa.null())
    return Value(type_, null=constant is None, declared=True, why="None is a null" if constant is None else "")


def either(values: Iterable[Value]) -> Value:
    """What is known of a value that is one of several."""
    listed = list(values)
    first = listed[0]
    if all(value == first for value in listed):
        return first
    typed = [value for value in listed if value.type != pa.null() or not value.null]
    types = {kind_of(value.type): value.type for value in typed}
    absent = next((value for value in listed if value.null or value.missing), first)
    return Value(
        next(iter(types.values())) if len(types) == 1 else pa.null(),
        null=any(value.null for value in listed),
        missing=any(value.missing for value in listed),
        declared=all(value.declared for value in listed),
        why=absent.why,
        doubted=absent.doubted,
    )


def present(value: Value) -> Value:
    """The value where it is known to be no null and not undefined."""
    return replace(value, null=False, missing=False, doubted=False)


def kind_of(type_: pa.DataType) -> Kind:
    """The kind of an Arrow type; `unknown` for the type of nothing."""
    if pa.types.is_boolean(type_):
        return "truth"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        return "number"
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return "text"
    if pa.types.is_date(type_):
        return "date"
    if pa.types.is_timestamp(type_):
        return "instant"
    if is_list(type_):
        return "list"
    if pa.types.is_struct(type_):
        return "struct"
    if pa.types.is_map(type_):
        return "map"
    return "bytes" if pa.types.is_binary(type_) else "unknown"
