"""Values that a condition may turn on, and inputs changed to have them."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from lettermill.rendering.plan.nodes import Expr, Literal
from lettermill.rendering.plan.reading import PARTS_OF_A_DATE, Known
from lettermill.rendering.plan.walking import walk
from lettermill.rendering.preview.branches import Ways, read_in

LONGEST = 200
"""Characters or items that a generated value has at the most."""


class Length(int):
    """How many items a list gets."""


ABSENT = object()
"""The value of an input that is not there at all."""
SAMPLES = {"currency": "USD", "locale": "en_US", "email": "sample@shop.example"}
ADDRESSES = ("url", "image", "link", "href", "src")


@dataclass(frozen=True)
class Change:
    """`path` (`segment`; `picks[].price`: of every item) gets the value, counted from the field `like`, if any."""

    path: str
    value: Any
    like: str | None = None

    def words(self) -> str:
        if self.value is ABSENT:
            return f"{self.path} missing"
        if self.like is not None:
            return f"{self.path} = {self.like}{f' {self.value:+}' if self.value else ''}"
        if isinstance(self.value, Length):
            return f"{self.value} {self.path}"
        told = "null" if self.value is None else repr(self.value) if isinstance(self.value, str) else str(self.value)
        return f"{self.path} = {told:.60}"


def changes_for(
    conditions: Sequence[Expr], ways: Ways, *, nullable: Mapping[str, Sequence[object]]
) -> tuple[Change, ...]:
    """What the conditions may turn on. `nullable`: per input, which of None and ABSENT it can be."""
    found: dict[tuple[str, str, str | None], Change] = {}
    for condition in conditions:
        literals = [node.value for node in walk(condition) if isinstance(node, Literal)]
        read = list(read_in(condition, ways))
        for known in read:
            for change in _changes(known, literals, read, nullable):
                found.setdefault((change.path, repr(change.value), change.like), change)
    return tuple(found.values())


def changed(
    inputs: Mapping[str, Any], changes: Sequence[Change], *, types: Mapping[str, pa.DataType]
) -> dict[str, Any]:
    """A copy of `inputs` with the changes; what lies on a path and is null or empty is made."""
    made = copy.deepcopy(dict(inputs))
    for change in changes:
        root, *steps = change.path.replace("[]", ".[]").split(".")
        made[root] = _put(made.get(root), types[root], steps, change, root)
        if made[root] is ABSENT:
            del made[root]
    return made


def sample(type_: pa.DataType, name: str) -> Any:
    """A value of a type for somebody who does not exist; `name` says what the field is called."""
    if pa.types.is_struct(type_):
        return {field.name: sample(field.type, field.name) for field in type_}
    if pa.types.is_list(type_):
        return [sample(type_.value_type, name) for _ in range(2)]
    if pa.types.is_string(type_):
        told = next((text for word, text in SAMPLES.items() if word in name), name.replace("_", " ").capitalize())
        return f"https://shop.example/{name}" if any(word in name for word in ADDRESSES) else told
    return next((value for fits, value in _SCALARS if fits(type_)), None)


_SCALARS = (
    (pa.types.is_boolean, True),
    (pa.types.is_integer, 3),
    (pa.types.is_floating, 3.0),
    (pa.types.is_decimal, Decimal("3.00")),
    (pa.types.is_date, date(2018, 1, 2)),
    (pa.types.is_timestamp, datetime(2018, 1, 2, tzinfo=UTC)),
)


def _changes(
    known: Known, literals: Sequence[object], read: Sequence[Known], nullable: Mapping[str, Sequence[object]]
) -> Iterator[Change]:
    path, type_ = known.path, known.type
    if path is None or type_ is None:
        return
    head, _, last = path.rpartition(".")
    if last in PARTS_OF_A_DATE and pa.types.is_integer(type_) and head:
        for number in _whole(literals):
            yield Change(head, _day(last, number))
    if not path.endswith("[]"):
        yield from (Change(path, value) for value in nullable.get(path, (None,) if "." in path else ()))
    yield from (Change(path, value) for value in _values(type_, literals))
    for other in read:
        if other.path and other.path != path and other.type == type_ and _is_number(type_):
            yield from (Change(path, step, like=other.path) for step in (-1, 0, 1))


def _values(type_: pa.DataType, literals: Sequence[object]) -> Iterator[Any]:
    numbers = [number for literal in _whole(literals) for number in (literal - 1, literal, literal + 1)]
    lengths = [number for number in numbers if 0 <= number <= LONGEST]
    if pa.types.is_list(type_):
        yield from map(Length, dict.fromkeys([0, 1, 2, 3, *lengths]))
    elif pa.types.is_string(type_):
        texts = [literal for literal in literals if isinstance(literal, str)]
        yield from dict.fromkeys([*texts, "Sample", "", *("x" * length for length in lengths)])
    elif pa.types.is_boolean(type_):
        yield from (True, False)
    elif _is_number(type_):
        exact: list[int | Decimal] = [Decimal(str(one)) for one in literals if isinstance(one, float)]
        yield from dict.fromkeys(_number(number, type_) for number in [*numbers, *exact, 1, 0])
    elif pa.types.is_date(type_) or pa.types.is_timestamp(type_) or pa.types.is_struct(type_):
        yield sample(type_, "")


def _whole(literals: Sequence[object]) -> list[int]:
    return [literal for literal in literals if isinstance(literal, int) and not isinstance(literal, bool)]


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _number(number: int | Decimal, type_: pa.DataType) -> Any:
    if pa.types.is_integer(type_):
        return int(number)
    if pa.types.is_floating(type_):
        return float(number)
    return Decimal(number).quantize(Decimal(1).scaleb(-type_.scale))


def _day(part: str, number: int) -> date:
    base = date(2018, 1, 2)
    if part == "year" and 1 <= number <= 9999:
        return base.replace(year=number)
    if part == "month" and 1 <= number <= 12:
        return base.replace(month=number)
    return base.replace(day=1) + timedelta(days=max(0, min(number, 28) - 1))


def _put(value: Any, type_: pa.DataType, steps: Sequence[str], change: Change, name: str, within: Any = None) -> Any:
    """`value` with the change made where `steps` lead; `within` is the struct around it, which `like` may refer to."""
    if not steps:
        return _made(value, type_, change, name, within)
    step, *rest = steps
    if step == "[]":
        items = value or [sample(type_.value_type, name)]
        return [_put(item, type_.value_type, rest, change, name, within) for item in items]
    struct = dict(value) if value is not None else sample(type_, name)
    struct[step] = _put(struct.get(step), type_.field(step).type, rest, change, step, struct)
    return struct


def _made(value: Any, type_: pa.DataType, change: Change, name: str, within: Any) -> Any:
    if change.value in (None, ABSENT):
        return change.value
    if change.like is not None:
        other = (within or {}).get(change.like.rpartition(".")[2])
        return value if other is None else other + _number(change.value, type_)
    if pa.types.is_list(type_):
        items = value or [sample(type_.value_type, name)]
        return [copy.deepcopy(items[place % len(items)]) for place in range(change.value)]
    return copy.deepcopy(change.value)
