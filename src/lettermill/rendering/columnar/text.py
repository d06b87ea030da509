"""Texts of values: what they print as, escaped where they must be, and joined."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import escape

from lettermill.rendering.columnar.calls import call
from lettermill.rendering.columnar.frames import KERNELS, Frame
from lettermill.rendering.columnar.logic import EMPTY, choice
from lettermill.rendering.columnar.lookups import DAYS, PLAIN_SCALE
from lettermill.rendering.columnar.values import (
    Constant,
    Lists,
    Mask,
    Mixed,
    Rows,
    Structs,
    Value,
    either,
    evened,
    masked,
    null_mask,
    within,
)
from lettermill.rendering.plan.nodes import Concat, Expr, Rules

ENTITIES = ((b"&", "&", "&amp;"), (b"<", "<", "&lt;"), (b">", ">", "&gt;"), (b'"', '"', "&#34;"), (b"'", "'", "&#39;"))
MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Texts:
    """A text for each row (a str: the same for all), where the value was null, and where it has no text.

    `markup` says that it is markup, or was escaped; where only some are, `marked` says which rows.
    """

    texts: pa.StringArray | str
    null: Mask | None = None
    faulty: Mask | None = None
    markup: bool = False
    rows: Rows | None = None  # the rows of `texts` that are meant; None: all
    marked: Mask | None = None

    def take(self, rows: Rows) -> "Texts":
        """Those of some rows; no text is copied."""
        null, faulty = (None if mask is None else mask[rows] for mask in (self.null, self.faulty))
        own = None if isinstance(self.texts, str) else rows if self.rows is None else self.rows[rows]
        markup, marked = evened(self.markup, None if self.marked is None else self.marked[rows])
        return Texts(self.texts, null, faulty, markup, own, marked)

    def column(self) -> pa.StringArray | pa.StringScalar:
        """The texts as Arrow's functions take them."""
        if isinstance(self.texts, str):
            return pa.scalar(self.texts, pa.string())
        return self.texts if self.rows is None else self.texts.take(pa.array(self.rows))


def shown(frame: Frame, expr: Expr, *, escaped: bool) -> Texts:
    """What `expr` prints as, escaped where `escaped` says so and it is no markup."""
    key = ("shown", frame.chunk.program.numbers.get(id(expr)), escaped)
    if expr is EMPTY:
        return Texts("", markup=escaped)
    found: Texts = frame.remembered(key, expr, lambda home: _shown(home, expr, escaped))
    return found


def _shown(frame: Frame, expr: Expr, escaped: bool) -> Texts:
    if id(expr) not in frame.chunk.program.moving:
        chosen = choice(frame, expr)
        if chosen is not None:
            return _chosen(frame, chosen.test.true, chosen.test.faulty, chosen.then, chosen.otherwise, escaped)
    value = frame.value(expr)
    texts = _looked_up(frame, value) or printed(frame, expr, value)
    return escape_texts(texts) if escaped and not texts.markup else texts


def _looked_up(frame: Frame, value: Value) -> Texts | None:
    """The texts of numbers and dates of a small range. There is nothing to escape in them."""
    if not isinstance(value.data, pa.Array):
        return None
    null = masked(null_mask(value.data, frame.size))
    found = frame.chunk.program.lookups.find(value.data, null)
    return None if found is None else Texts(found[0], null, value.wrong, True, found[1])


def _chosen(frame: Frame, test: Mask, faulty: Mask | None, then: Expr, otherwise: Expr | None, escaped: bool) -> Texts:
    """The texts of the two sides, each of its own type."""
    if test.all() and faulty is None:
        return shown(frame, then, escaped=escaped)
    first = shown(frame, then, escaped=escaped)
    nothing = Texts("", markup=True)  # `x if y` without an else prints nothing where y is false
    second = nothing if otherwise is None else shown(frame, otherwise, escaped=escaped)
    return _of_sides(test, faulty, first, second)


def _of_sides(test: Mask, faulty: Mask | None, first: Texts, second: Texts) -> Texts:
    """The first texts in the rows of `test`, the second in the others."""
    sides = ((first, test), (second, ~test))
    texts = pc.if_else(pa.array(test), first.column(), second.column())
    null = either(*(within(one.null, rows) for one, rows in sides))
    wrong = either(faulty, *(within(one.faulty, rows) for one, rows in sides))
    return Texts(texts, null, wrong, first.markup and second.markup)


def printed(frame: Frame, expr: Expr, value: Value) -> Texts:
    """What a value prints as in the language, not escaped."""
    rules, data = frame.chunk.program.plan.rules, value.data
    if isinstance(data, Constant):
        text = _constant(data.value, rules)
        null = np.ones(frame.size, np.bool_) if data.value is None else None
        return Texts(text, null, value.wrong, value.markup, marked=value.marked)
    if isinstance(data, Lists) and data.stream:
        return Texts("", None, np.ones(frame.size, np.bool_))
    if isinstance(data, Mixed):
        sides = [printed(frame, expr, replace(value, data=side)) for side in (data.then, data.otherwise)]
        return _of_sides(data.test, value.wrong, *sides)
    null = masked(null_mask(data, frame.size))
    texts = None if isinstance(data, Structs | Lists) else scalar_texts(data, rules)
    faulty = value.wrong
    if texts is None:
        found = call(frame, expr, "the text of this type", frame.chunk.program.library.operator("text"), (value,))
        if not isinstance(found.data, pa.Array) or not pa.types.is_string(found.data.type):
            return Texts("", None, np.ones(frame.size, np.bool_))
        texts, faulty = found.data, found.faulty
        if found.markup or found.marked is not None:
            value = found
    if null is not None or texts.null_count:
        texts = pc.fill_null(texts, rules.null_text)
    return Texts(texts, null, faulty, value.markup, marked=value.marked)


def _constant(value: Any, rules: Rules) -> str:
    if value is None:
        return rules.null_text
    if isinstance(value, bool):
        return rules.true_text if value else rules.false_text
    return str(value)


def scalar_texts(array: pa.Array, rules: Rules) -> pa.StringArray | None:
    """What scalars print as (nulls stay null) where a kernel gives what Python would; else None."""
    type_ = array.type
    if pa.types.is_string(type_):
        return array
    if pa.types.is_boolean(type_):
        return pc.if_else(array, rules.true_text, rules.false_text)
    if pa.types.is_integer(type_):
        return array.cast(pa.string())
    if pa.types.is_date32(type_):
        return _dates(array)
    if pa.types.is_decimal(type_) and 0 <= type_.scale <= PLAIN_SCALE:
        return array.cast(pa.string())
    return array.cast(pa.string()) if pa.types.is_null(type_) else None


def _dates(array: pa.Array) -> pa.StringArray | None:
    bounds = pc.min_max(array.view(pa.int32()))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return array.cast(pa.string()) if low is None or DAYS[0] <= low <= high <= DAYS[1] else None


def escape_texts(texts: Texts) -> Texts:
    """Markup's five characters as entities; nothing is done where none of them occurs."""
    if texts.marked is not None:
        escaped = escape_texts(replace(texts, marked=None))
        column = pc.if_else(pa.array(texts.marked), texts.column(), escaped.column())
        return Texts(column, texts.null, texts.faulty, True)
    if isinstance(texts.texts, str):
        return Texts(str(escape(texts.texts)), texts.null, texts.faulty, True)
    return Texts(escaped_array(texts.texts), texts.null, texts.faulty, True, texts.rows)


def escaped_array(array: pa.StringArray) -> pa.StringArray:
    """The strings with markup's five characters as entities: replaced in the bytes of all strings at once."""
    data = bytes_of(array)
    found = [(byte, entity.encode()) for byte, _, entity in ENTITIES if byte in data]
    if not found:
        return array
    bytes_ = np.frombuffer(data, np.uint8)
    starts = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    starts = starts - starts[0]
    offsets = starts.astype(np.int64)
    for byte, entity in found:
        offsets += np.searchsorted(np.flatnonzero(bytes_ == byte[0]), starts) * (len(entity) - 1)
        data = data.replace(byte, entity)
    if offsets[-1] >= 2**31:
        raise OverflowError("too many bytes for one array")
    return with_nulls_of(array, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data))


def with_nulls_of(array: pa.StringArray, offsets: pa.Buffer, data: pa.Buffer) -> pa.StringArray:
    """Other strings that are null where those of `array` are."""
    validity = None
    if array.null_count:
        validity = pa.py_buffer(np.packbits(array.is_valid().to_numpy(zero_copy_only=False), bitorder="little"))
    return pa.StringArray.from_buffers(len(array), offsets, data, validity)


def bytes_of(array: pa.StringArray) -> bytes:
    """The bytes of all strings."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return b""
    ends = np.frombuffer(offsets, np.int32)
    first, last = int(ends[array.offset]), int(ends[array.offset + len(array)])
    return data.slice(first, last - first).to_pybytes()


def concat(frame: Frame, expr: Concat) -> Value:
    """The operator `~`: markup if any part is markup, the others escaped then."""
    autoescape = frame.chunk.program.autoescape
    plain = [printed(frame, part, frame.value(part)) for part in expr.parts]
    markup = autoescape and any(texts.markup for texts in plain)
    parts = [escape_texts(texts) if markup and not texts.markup else texts for texts in plain]
    wrong = either(*(texts.faulty for texts in parts))
    if all(isinstance(texts.texts, str) for texts in parts):
        return constant("".join(str(texts.texts) for texts in parts), frame.size, wrong, markup=markup)
    return bounded(pc.binary_join_element_wise(*(one.column() for one in parts), ""), wrong, markup=markup)


def constant(text: str, size: int, wrong: Mask | None = None, *, markup: bool = False) -> Value:
    """The same text in every row; a too long one is the library's to refuse."""
    if len(text) > MAX_CHARACTERS:
        return Value(Constant(""), None, np.ones(size, np.bool_), markup)
    return Value(Constant(text), None, wrong, markup)


def bounded(texts: pa.StringArray, wrong: Mask | None, *, markup: bool = False) -> Value:
    """Texts as a value; too long ones are the library's to refuse."""
    if (texts.nbytes > MAX_CHARACTERS) and len(texts):
        wrong = either(wrong, masked(pc.fill_null(pc.binary_length(texts), 0).to_numpy() > MAX_CHARACTERS))
    return Value(texts, None, wrong, markup)


KERNELS |= {Concat: concat}
