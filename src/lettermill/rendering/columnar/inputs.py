"""Batches as templates see them: types that print alike made one, and what is missing taken out."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from lettermill.rendering.columnar.values import Mask, in_python
from lettermill.rendering.plan.reading import is_list


def seen_type(type_: pa.DataType) -> pa.DataType:
    """The type that values of `type_` have in a template: instants in UTC and microseconds, floats of 64 bits."""
    if pa.types.is_dictionary(type_):
        return seen_type(type_.value_type)
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", "UTC" if type_.tz else None)
    if pa.types.is_date64(type_):
        return pa.date32()
    if pa.types.is_float16(type_) or pa.types.is_float32(type_):
        return pa.float64()
    if is_list(type_):
        return pa.list_(seen_type(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([(field.name, seen_type(field.type)) for field in type_])
    return type_


def seen(array: pa.Array) -> pa.Array:
    """A column in the type that templates see."""
    type_ = seen_type(array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    return array if array.type == type_ else array.cast(type_, safe=False)


def python_rows(columns: Mapping[str, pa.Array], missing: pa.Array | None, size: int) -> Iterable[dict[str, Any]]:
    """One dictionary for each row, without what `missing` (a list of paths for each row) says was not there."""
    lists = [in_python(column.to_pylist(maps_as_pydicts="lossy"), column.type) for column in columns.values()]
    paths = missing.to_pylist() if missing is not None else [None] * size
    for row, gone in zip(zip(*lists, strict=True) if lists else [()] * size, paths, strict=True):
        inputs = dict(zip(columns, row, strict=True))
        for path in gone or ():
            leave_out(inputs, path)
        yield inputs


def leave_out(inputs: dict[str, Any], path: str) -> None:
    """Take what `path` (`coupon`, `picks.0.price`) leads to out of the inputs, so that reading it is a fault."""
    *way, last = path.split(".")
    here: Any = inputs
    for step in way:
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return
    if isinstance(here, dict):
        here.pop(last, None)


def absences(missing: pa.Array | None, size: int, *, reads: Iterable[str]) -> tuple[dict[str, Mask], Mask]:
    """For each input the rows where it is missing as a whole, and the rows where something within one is.

    `reads` are the inputs that the template reads; what is missing beside them does not count.
    """
    absent: dict[str, Mask] = {}
    within = np.zeros(size, np.bool_)
    flat = None if missing is None else missing.flatten()
    if flat is None or not len(flat):
        return absent, within
    assert missing is not None
    rows = _parents(missing)
    encoded = flat.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    wanted = set(reads)
    for code, path in enumerate(encoded.dictionary.to_pylist()):
        name, _, rest = path.partition(".")
        if name in wanted:
            mask = within if rest else absent.setdefault(name, np.zeros(size, np.bool_))
            mask[rows[codes == code]] = True
    return absent, within


def _parents(lists: pa.ListArray) -> np.ndarray:
    """The row of each item."""
    lengths = np.diff(lists.offsets.to_numpy())
    null = lists.is_null().to_numpy(zero_copy_only=False)
    return np.repeat(np.arange(len(lists)), np.where(null, 0, lengths))
