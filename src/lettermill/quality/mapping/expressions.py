"""Mapped values as Spark expressions over the parsed payload."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add, and_, mul, sub

from pyspark.sql import Column
from pyspark.sql import functions as F

from lettermill.quality.mapping.conversions import converted, derived_id, worded
from lettermill.quality.mapping.language import (
    NUMBER,
    TEXT,
    Calculated,
    Cases,
    Constant,
    Expression,
    First,
    Hashed,
    Joined,
    Listed,
    Looked,
    Read,
    Total,
    Worded,
)  # fmt: skip
from lettermill.quality.mapping.paths import Field, Index, Keyed, Path, Step
from lettermill.quality.mapping.shape import Node
from lettermill.quality.mapping.targets import element_of, fields_of

ARITHMETIC = {"add": add, "subtract": sub, "multiply": mul}


@dataclass(frozen=True)
class Scope:
    """What paths start from: a parsed object with its shape; `instead` holds objects for where it has none."""

    node: Node
    column: Column
    instead: Mapping[str, Column] = field(default_factory=dict)

    def at(self, path: Path) -> tuple[Column, Node]:
        """The value at a path, and how it was parsed."""
        reached = _reached(self.column, path.steps)
        first = path.steps[0]
        if isinstance(first, Field) and first.name in self.instead and len(path.steps) > 1:
            reached = F.coalesce(reached, _reached(self.instead[first.name], path.steps[1:]))
        return reached, self.node.at(path.steps)


def value(expression: Expression, *, need: str, scope: Scope) -> Column:
    """The column that an expression gives, of the type `need`."""
    match expression:
        case Read(path, cast):
            column, node = scope.at(path)
            return column if cast is None and node.leaf == need else converted(column, to=need, cast=cast)
        case Constant(constant):
            return F.lit(constant).cast(need)
        case First(of):
            return F.coalesce(*(value(one, need=need, scope=scope) for one in of))
        case Hashed(of):
            return derived_id([value(one, need=TEXT, scope=scope) for one in of])
        case Joined(of, by):
            parts = [value(one, need=TEXT, scope=scope) for one in of]
            return F.concat(*[piece for part in parts for piece in (F.lit(by), part)][1:])
        case Calculated(operation, of):
            numbers = [value(one, need=NUMBER, scope=scope) for one in of]
            return reduce(ARITHMETIC[operation], numbers).cast(need)
        case Looked():
            return _looked(expression, scope)
        case Worded(of, wording):
            return worded(value(of, need=TEXT, scope=scope), wording)
        case Cases():
            return _case(expression, need, scope)
        case Total(path, of):
            return _total(path, of, scope).cast(need)
        case Listed():
            return _listed(expression, need, scope)


def _reached(column: Column, steps: tuple[Step, ...]) -> Column:
    for step in steps:
        match step:
            case Field(name):
                column = column.getField(name)
            case Index(place):
                column = F.get(column, place)
            case Keyed(key, wanted):
                column = F.get(F.filter(column, _where(key, wanted)), 0)
    return column


def _where(key: str, wanted: str) -> Callable[[Column], Column]:
    return lambda one: one.getField(key) == wanted


def _looked(looked: Looked, scope: Scope) -> Column:
    word = value(looked.of, need=TEXT, scope=scope)
    table = F.create_map(*(F.lit(text) for pair in looked.table.items() for text in pair))
    found = F.try_element_at(table, word)
    if looked.otherwise == "none":
        return found
    return F.coalesce(found, word if looked.otherwise == "keep" else worded(word, "snake_case"))


def _case(cases: Cases, need: str, scope: Scope) -> Column:
    chosen = None
    for case in cases.of:
        holds = [scope.at(path)[0].cast("string").isin(*words) for path, words in case.when]
        holds += [_is_there(*scope.at(path)) for path in case.present]
        then = value(case.then, need=need, scope=scope)
        met = reduce(and_, holds) if holds else F.lit(True)
        chosen = F.when(met, then) if chosen is None else chosen.when(met, then)
    return F.lit(None).cast(need) if chosen is None else chosen


def _is_there(column: Column, node: Node) -> Column:
    """Whether a value came, and an empty text or list did not."""
    if node.element is not None:
        return F.coalesce(F.size(column) > 0, F.lit(False))
    return column.isNotNull()


def _total(path: Path, of: Expression, scope: Scope) -> Column:
    elements, node = scope.at(path)
    assert node.element is not None  # the shape made it a list
    inner = node.element
    numbers = F.transform(elements, lambda one: value(of, need=NUMBER, scope=Scope(inner, one)))
    zero = F.lit(0).cast("decimal(28,4)")
    return F.aggregate(numbers, zero, lambda sum_, one: (sum_ + F.coalesce(one, F.lit(0))).cast("decimal(28,4)"))


def _listed(listed: Listed, need: str, scope: Scope) -> Column:
    elements, node = scope.at(listed.path)
    assert node.element is not None  # the shape made it a list
    inner, types = node.element, fields_of(element_of(need))
    if _is_plain(listed, types, inner):
        return elements.cast(need)  # parsed as it is stored: element by element there is nothing to do
    return F.transform(elements, lambda one: structure(listed.fields, types, Scope(inner, one)))


def structure(fields: Mapping[str, Expression], types: Mapping[str, str], scope: Scope) -> Column:
    """A struct of every field of `types`; null where nothing is mapped."""
    filled = {
        name: value(fields[name], need=type_, scope=scope) if name in fields else F.lit(None).cast(type_)
        for name, type_ in types.items()
    }
    return F.struct(*(column.alias(name) for name, column in filled.items()))


def _is_plain(listed: Listed, types: Mapping[str, str], element: Node) -> bool:
    """Whether the elements, as they are parsed, differ from the target in names at most."""
    parsed = [(name, child.leaf) for name, child in element.children.items()]
    wanted = [
        (one.path.steps[0].name, types[name])
        for name, one in listed.fields.items()
        if isinstance(one, Read) and one.cast is None and len(one.path.steps) == 1
        and isinstance(one.path.steps[0], Field)
    ]  # fmt: skip
    return parsed == wanted and [*listed.fields] == [*types]
