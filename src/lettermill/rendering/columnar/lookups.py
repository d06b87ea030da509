"""Numbers and dates of a small range: their texts are written once and looked up, chunk after chunk."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lettermill.rendering.columnar.values import Mask, Rows

MAX_ENTRIES = 65_536
MARGIN = 256  # a range is widened to multiples of it, so that it seldom grows
DAYS = (-719_162, 2_932_896)  # the years 1 to 9999, as days since 1970
PLAIN_SCALE = 6  # decimals of so many places never print with an exponent
WHOLE_DIGITS = 18  # decimals of so many digits fit into 64 bits


@dataclass
class Lookup:
    """The texts of the whole numbers from `first` on, behind that of a null."""

    first: int
    texts: pa.StringArray

    def holds(self, low: int, high: int) -> bool:
        """Whether it has all numbers from `low` to `high`."""
        return self.first <= low and high < self.first + len(self.texts) - 1


@dataclass
class Lookups:
    """One lookup for each type; `null_text` is what a null prints as."""

    null_text: str
    known: dict[pa.DataType, Lookup] = field(default_factory=dict)

    def find(self, array: pa.Array, null: Mask | None) -> tuple[pa.StringArray, Rows] | None:
        """Texts, and which of them each value has; None where the values are too many or too far apart."""
        numbers = _whole_numbers(array)
        valid = numbers if numbers is None or null is None else numbers[~null]
        if numbers is None or valid is None or not len(valid):
            return None
        low, high = int(valid.min()), int(valid.max())
        if high - low >= min(MAX_ENTRIES, max(1_024, 4 * len(array))):
            return None
        lookup = self._holding(array.type, low, high)
        if lookup is None:
            return None
        at = numbers.astype(np.int64) - (lookup.first - 1)
        return lookup.texts, at if null is None else np.where(null, 0, at)

    def _holding(self, type_: pa.DataType, low: int, high: int) -> Lookup | None:
        known = self.known.get(type_)
        if known is not None and known.holds(low, high):
            return known
        if known is not None:
            low, high = min(low, known.first), max(high, known.first + len(known.texts) - 2)
        low, high = low // MARGIN * MARGIN, high // MARGIN * MARGIN + MARGIN - 1
        texts = _texts(type_, low, high) if high - low < MAX_ENTRIES else None
        if texts is None:
            return None
        found = self.known[type_] = Lookup(low, pa.concat_arrays([pa.array([self.null_text]), texts]))
        return found


def _whole_numbers(array: pa.Array) -> np.ndarray | None:
    """The numbers that the values are kept as; those of nulls have no meaning."""
    type_ = array.type
    buffer = array.buffers()[1] if len(array.buffers()) > 1 else None
    if buffer is None:
        return None
    stretch = slice(array.offset, array.offset + len(array))
    if pa.types.is_integer(type_) and not pa.types.is_uint64(type_):
        return np.frombuffer(buffer, type_.to_pandas_dtype())[stretch]
    if pa.types.is_date32(type_):
        return np.frombuffer(buffer, np.int32)[stretch]
    if pa.types.is_decimal128(type_) and type_.precision <= WHOLE_DIGITS and 0 <= type_.scale <= PLAIN_SCALE:
        return np.frombuffer(buffer, np.int64)[::2][stretch]  # the low half; the high one repeats the sign
    return None


def _texts(type_: pa.DataType, low: int, high: int) -> pa.StringArray | None:
    numbers = np.arange(low, high + 1, dtype=np.int64)
    if pa.types.is_integer(type_):
        return pa.array(numbers).cast(pa.string())
    if pa.types.is_date32(type_):
        within = DAYS[0] <= low and high <= DAYS[1]
        return pa.array(numbers, pa.int32()).view(pa.date32()).cast(pa.string()) if within else None
    halves = np.stack([numbers, numbers >> 63], axis=1)
    return pa.Array.from_buffers(type_, len(numbers), [None, pa.py_buffer(halves)]).cast(pa.string())
