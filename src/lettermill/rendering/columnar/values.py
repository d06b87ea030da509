"""Values of a frame's rows, one for each row. Structs and lists are taken lazily: only their positions move."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from markupsafe import Markup

from lettermill.rendering.plan.reading import is_list

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Constant:
    """The same Python value in every row."""

    value: Any


@dataclass(frozen=True)
class Structs:
    """Rows of a struct array; all of them in their order where `rows` is None."""

    array: pa.StructArray
    rows: Rows | None = None

    def field(self, name: str) -> "Data":
        """One field; what it holds where the struct is null has no meaning."""
        data = as_data(self.array.field(self.array.type.get_field_index(name)))
        return data if self.rows is None else take(data, self.rows)


@dataclass(frozen=True)
class Lists:
    """For each row a stretch of `items`. Null rows have length 0. A stream can be run over once and is always true."""

    starts: Rows
    lengths: Rows
    null: Mask | None
    items: "Data"
    stream: bool = False
    markup: bool = False

    def positions(self) -> Rows:
        """Where the items of all rows stand, row by row."""
        starts, lengths = self.starts, self.lengths
        if len(starts) and (starts[1:] == starts[:-1] + lengths[:-1]).all():
            return np.arange(starts[0], starts[-1] + lengths[-1])
        return ragged(starts, lengths)

    def offsets(self) -> Rows:
        """Where each row begins among the items of all rows, and their number."""
        return np.concatenate(([0], np.cumsum(self.lengths)))


@dataclass(frozen=True)
class Mixed:
    """`then` in the rows of `test`, `otherwise` in the others, where one type cannot hold both."""

    test: Mask
    then: "Data"
    otherwise: "Data"


Data: TypeAlias = Constant | pa.Array | Structs | Lists | Mixed


@dataclass(frozen=True)
class Value:
    """What an expression gives for each row of a frame.

    `undefined`: rows where it is what the library calls undefined; `faulty`: rows where evaluating it is a fault, or
    where the library alone can tell. None means no row. `markup`: texts are markup and need no escaping; where only
    some are, `marked` says which rows.
    """

    data: Data
    undefined: Mask | None = None
    faulty: Mask | None = None
    markup: bool = False
    marked: Mask | None = None

    def take(self, rows: Rows) -> "Value":
        """The values of some rows."""
        undefined, faulty = (mask if mask is None else mask[rows] for mask in (self.undefined, self.faulty))
        markup, marked = evened(self.markup, None if self.marked is None else self.marked[rows])
        return Value(take(self.data, rows), undefined, faulty, markup, marked)

    @property
    def wrong(self) -> Mask | None:
        """Rows where using the value is a fault."""
        return either(self.undefined, self.faulty)


def either(*masks: Mask | None) -> Mask | None:
    """Rows of any of the masks."""
    some = [mask for mask in masks if mask is not None]
    return reduce(np.logical_or, some) if some else None


def evened(markup: bool, marked: Mask | None) -> tuple[bool, Mask | None]:
    """Whether texts are markup, and which rows are where only some are."""
    if marked is None:
        return markup, None
    return (False, marked) if marked.any() and not marked.all() else (bool(marked.any()), None)


def within(mask: Mask | None, limits: Mask) -> Mask | None:
    """Rows of a mask that are also within `limits`."""
    return None if mask is None else mask & limits


def ragged(starts: Rows, lengths: Rows) -> Rows:
    """`starts[i], starts[i] + 1, ...`, `lengths[i]` of them, for each i."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)


def as_data(array: pa.Array) -> Data:
    """An Arrow array as what kernels work on."""
    if pa.types.is_struct(array.type):
        return Structs(array)
    if pa.types.is_list(array.type):
        offsets = array.offsets.to_numpy().astype(np.int64)
        null = nulls(array)
        lengths = np.diff(offsets)
        return Lists(offsets[:-1], lengths if null is None else np.where(null, 0, lengths), null, as_data(array.values))
    return array


def take(data: Data, rows: Rows) -> Data:
    """The data of some rows."""
    if isinstance(data, Constant):
        return data
    if isinstance(data, Structs):
        return Structs(data.array, rows if data.rows is None else data.rows[rows])
    if isinstance(data, Lists):
        null = None if data.null is None else data.null[rows]
        return replace(data, starts=data.starts[rows], lengths=data.lengths[rows], null=null)
    if isinstance(data, Mixed):
        return Mixed(data.test[rows], take(data.then, rows), take(data.otherwise, rows))
    return data.take(pa.array(rows))


def nulls(data: Data) -> Mask | None:
    """Rows that are null; None means no row. A constant null is told apart by the caller."""
    if isinstance(data, Lists):
        return data.null
    if isinstance(data, Mixed):
        size = len(data.test)
        return np.where(data.test, null_mask(data.then, size), null_mask(data.otherwise, size))
    array = data.array if isinstance(data, Structs) else data
    if isinstance(array, Constant) or array.null_count == 0:
        return None
    mask = array.is_null().to_numpy(zero_copy_only=False)
    return mask[data.rows] if isinstance(data, Structs) and data.rows is not None else mask


def null_mask(data: Data, size: int) -> Mask:
    """Rows that are null, as a mask that is always there."""
    if isinstance(data, Constant):
        return np.full(size, data.value is None)
    mask = nulls(data)
    return np.zeros(size, np.bool_) if mask is None else mask


def as_array(data: Data, size: int) -> pa.Array | None:
    """A column of scalars as an Arrow array; None for structs, lists and what Arrow has no type for."""
    if isinstance(data, Constant):
        try:
            return pa.array([data.value]).take(pa.array(np.zeros(size, np.int64)))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
            return None
    return data if isinstance(data, pa.Array) else None


def to_python(data: Data, size: int, *, markup: bool = False) -> list[Any]:
    """The values as the template library sees them."""
    if isinstance(data, Constant):
        return [Markup(data.value) if markup else data.value] * size
    if isinstance(data, Structs):
        array = data.array if data.rows is None else data.array.take(pa.array(data.rows))
        return in_python(array.to_pylist(maps_as_pydicts="lossy"), array.type)
    if isinstance(data, Lists):
        items = to_python(take(data.items, data.positions()), int(data.lengths.sum()), markup=data.markup)
        offsets, null = data.offsets(), null_mask(data, size)
        return [None if null[row] else items[offsets[row] : offsets[row + 1]] for row in range(size)]
    if isinstance(data, Mixed):
        sides = (to_python(side, size, markup=markup) for side in (data.then, data.otherwise))
        return [one if first else other for first, one, other in zip(data.test, *sides, strict=True)]
    values = in_python(data.to_pylist(maps_as_pydicts="lossy"), data.type)
    return [value if value is None else Markup(value) for value in values] if markup else values


def in_python(values: list[Any], type_: pa.DataType) -> list[Any]:
    """What Arrow gives as Python, with instants in UTC."""
    return [_in_utc(value) for value in values] if _has_instants(type_) else values


def _in_utc(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_utc(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_utc(one) for one in value]
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def _has_instants(type_: pa.DataType) -> bool:
    if pa.types.is_struct(type_):
        return any(_has_instants(type_.field(index).type) for index in range(type_.num_fields))
    if is_list(type_):
        return _has_instants(type_.value_type)
    return bool(pa.types.is_timestamp(type_) and type_.tz) or bool(pa.types.is_map(type_))


def masked(rows: Mask | Sequence[bool]) -> Mask | None:
    """A mask, or None where it has no row."""
    mask = np.asarray(rows, np.bool_)
    return mask if mask.any() else None
