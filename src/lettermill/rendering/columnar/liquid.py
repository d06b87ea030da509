"""Kernels for Liquid's filters on texts and numbers, and its `default`, `empty` and `blank`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import escape

from lettermill.rendering.columnar import arithmetic
from lettermill.rendering.columnar.filters import LANGUAGES, Kernel
from lettermill.rendering.columnar.frames import Frame
from lettermill.rendering.columnar.liquid_lists import FILTERS as OF_LISTS
from lettermill.rendering.columnar.logic import DEFAULTS, EMPTY, TESTS, Choice, Truth, string_lengths
from lettermill.rendering.columnar.text import Texts, bounded, bytes_of, escape_texts
from lettermill.rendering.columnar.values import Constant, Data, Lists, Mask, Mixed, Value, either, null_mask
from lettermill.rendering.plan.nodes import Apply, Literal

WHITE = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "


def _default(frame: Frame, expr: Apply) -> Choice | None:
    """`value | default: other`: other where the value is undefined, nil, false or empty. Zero is none of these."""
    options = dict(expr.options)
    allow = options.get("allow_false", Literal(False))
    other = options.get("default_", expr.arguments[0] if expr.arguments else EMPTY)
    if not isinstance(allow, Literal):
        return None
    value = frame.value(expr.of)
    lacking = lacks(value.data, frame.size, false_too=allow.value is not True)
    if value.undefined is not None:
        lacking = lacking | value.undefined
    eager = None if other is EMPTY else frame.value(other).faulty  # arguments are evaluated whether used or not
    return Choice(Truth(~lacking, either(value.faulty, eager)), expr.of, other)


def lacks(data: Data, size: int, *, false_too: bool) -> Mask:
    """Rows that are nil, an empty text or list, or false."""
    if isinstance(data, Constant):
        return np.full(size, data.value in (None, "") or (false_too and data.value is False))
    if isinstance(data, Mixed):
        return np.where(data.test, *(lacks(side, size, false_too=false_too) for side in (data.then, data.otherwise)))
    null = null_mask(data, size)
    if isinstance(data, Lists):
        return null | (data.lengths == 0)
    if isinstance(data, pa.Array) and pa.types.is_string(data.type):
        return null | (string_lengths(data) == 0)
    if false_too and isinstance(data, pa.Array) and pa.types.is_boolean(data.type):
        return ~pc.fill_null(data, False).to_numpy(zero_copy_only=False)
    return null


def _empty(data: Data, size: int) -> Mask | None:
    """Rows that equal `empty`: texts and lists without anything in them."""
    if isinstance(data, Lists):
        return (data.lengths == 0) & ~null_mask(data, size)
    if isinstance(data, pa.Array) and pa.types.is_string(data.type):
        return (string_lengths(data) == 0) & ~null_mask(data, size)
    return None


def _blank(data: Data, size: int) -> Mask | None:
    """Rows that equal `blank`: the same, and texts of white space alone."""
    if isinstance(data, pa.Array) and pa.types.is_string(data.type):
        return _empty(pc.ascii_trim(data, characters=WHITE), size) if bytes_of(data).isascii() else None
    return _empty(data, size)


def constant(frame: Frame, expr: Apply, at: int, otherwise: Any = None) -> Value | None:
    """An argument that is the same for all rows; None where it is not."""
    if at >= len(expr.arguments):
        return Value(Constant(otherwise))
    value = frame.value(expr.arguments[at])
    return value if isinstance(value.data, Constant) and value.wrong is None else None


def _texts(of: Value) -> pa.StringArray | None:
    """The texts of a column of strings, null as nothing."""
    data = of.data
    if not isinstance(data, pa.Array) or not pa.types.is_string(data.type):
        return None
    return pc.fill_null(data, "") if data.null_count else data


def _changing(change: Callable[[pa.StringArray], pa.StringArray]) -> Kernel:
    """A filter without arguments that Arrow and Python agree on for ASCII."""

    def kernel(_frame: Frame, _expr: Apply, of: Value) -> Value | None:
        texts = _texts(of)
        if texts is None or not bytes_of(texts).isascii():
            return None
        return bounded(change(texts), of.wrong, markup=of.markup)

    return kernel


def _joining(*, before: bool) -> Kernel:
    """`append` and `prepend`: markup where either is, the other escaped then."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        texts, other = _texts(of), frame.value(expr.arguments[0])
        added = _added(other)
        if texts is None or added is None or expr.options or other.marked is not None:
            return None
        markup = of.markup or other.markup
        pair = [Texts(texts, markup=of.markup), Texts(added, markup=other.markup)]
        columns = [(escape_texts(one) if markup and not one.markup else one).column() for one in pair]
        joined = pc.binary_join_element_wise(*(reversed(columns) if before else columns), "")
        return bounded(joined, either(of.wrong, other.wrong), markup=markup)

    return kernel


def _added(value: Value) -> pa.StringArray | str | None:
    if isinstance(value.data, Constant):
        return value.data.value if type(value.data.value) is str else None
    data = value.data
    strings = isinstance(data, pa.Array) and pa.types.is_string(data.type) and not data.null_count
    return data if strings else None


def _replacing(most: int | None, *, removing: bool = False) -> Kernel:
    """`replace`, `remove` and their like for the first: what is put into markup is escaped."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        texts, old = _texts(of), constant(frame, expr, 0)
        new = Value(Constant("")) if removing else constant(frame, expr, 1, "")
        if texts is None or old is None or new is None or expr.options or not old.data.value:  # type: ignore[union-attr]
            return None
        found, put = old.data.value, new.data.value  # type: ignore[union-attr]
        if type(found) is not str or type(put) is not str:
            return None
        put = str(escape(put)) if of.markup and not new.markup else put
        return bounded(pc.replace_substring(texts, found, put, max_replacements=most), of.wrong, markup=of.markup)

    return kernel


def _escape(frame: Frame, _expr: Apply, of: Value) -> Value | None:
    """`escape` escapes again what is markup already."""
    texts = _texts(of)
    if texts is None or not frame.chunk.program.autoescape:
        return None
    return bounded(escape_texts(Texts(texts)).column(), of.wrong, markup=True)


def _truncate(frame: Frame, expr: Apply, of: Value) -> Value | None:
    texts, length, end = _texts(of), constant(frame, expr, 0, 50), constant(frame, expr, 1, "...")
    if texts is None or of.markup or length is None or end is None or expr.options:
        return None
    most, ellipsis = length.data.value, end.data.value  # type: ignore[union-attr]
    if type(most) is not int or type(ellipsis) is not str or most < len(ellipsis):
        return None
    cut = pc.utf8_slice_codeunits(texts, 0, most - len(ellipsis))
    shortened = pc.binary_join_element_wise(cut, pa.scalar(ellipsis), "")
    return bounded(pc.if_else(pc.less(pc.utf8_length(texts), most), texts, shortened), of.wrong)


def _size(frame: Frame, _expr: Apply, of: Value) -> Value | None:
    if isinstance(of.data, Lists):
        return Value(pa.array(of.data.lengths), None, of.wrong)
    if not isinstance(of.data, pa.Array) or pa.types.is_nested(of.data.type):
        return None
    if not pa.types.is_string(of.data.type):
        return Value(pa.array(np.zeros(frame.size, np.int64)), None, of.wrong)
    return Value(pc.fill_null(pc.utf8_length(of.data), 0).cast(pa.int64()), None, of.wrong)


def _whole(of: Value) -> Value | None:
    """A column of whole numbers, null as zero."""
    data = of.data
    if isinstance(data, Constant):
        return of if type(data.value) is int else None
    if not isinstance(data, pa.Array) or not pa.types.is_integer(data.type) or pa.types.is_uint64(data.type):
        return None
    return Value(pc.fill_null(data.cast(pa.int64()), 0), None, of.wrong)


def _calculating(operator: str) -> Kernel:
    """Arithmetic of whole numbers; that of floats is done in decimals by python-liquid."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        if len(expr.arguments) != 1 or expr.options:
            return None
        left, right = _whole(of), _whole(frame.value(expr.arguments[0]))
        if left is None or right is None:
            return None
        return arithmetic.by_kernel(frame.size, operator, left, right)

    return kernel


def _rounded(_frame: Frame, expr: Apply, of: Value) -> Value | None:
    """`round`, `ceil` and `floor` of whole numbers."""
    return None if expr.arguments or expr.options or isinstance(of.data, Constant) else _whole(of)


def _limited(limit: Callable[..., pa.Array]) -> Kernel:
    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        left, right = _whole(of), _whole(frame.value(expr.arguments[0]))
        if left is None or right is None or isinstance(left.data, Constant):
            return None
        other = right.data.value if isinstance(right.data, Constant) else right.data
        return Value(limit(left.data, other), None, either(left.wrong, right.wrong))

    return kernel


def _ascii_trim(trim: Callable[..., pa.StringArray]) -> Kernel:
    return _changing(lambda texts: trim(texts, characters=WHITE))


DEFAULTS["liquid"] = _default
TESTS |= {"empty": _empty, "blank": _blank}
LANGUAGES["liquid"] = {
    "upcase": _changing(pc.ascii_upper),
    "downcase": _changing(pc.ascii_lower),
    "capitalize": _changing(pc.ascii_capitalize),
    "strip": _ascii_trim(pc.ascii_trim),
    "lstrip": _ascii_trim(pc.ascii_ltrim),
    "rstrip": _ascii_trim(pc.ascii_rtrim),
    "append": _joining(before=False),
    "prepend": _joining(before=True),
    "replace": _replacing(None),
    "replace_first": _replacing(1),
    "remove": _replacing(None, removing=True),
    "remove_first": _replacing(1, removing=True),
    "escape": _escape,
    "truncate": _truncate,
    "size": _size,
    "plus": _calculating("+"),
    "minus": _calculating("-"),
    "times": _calculating("*"),
    "divided_by": _calculating("//"),
    "modulo": _calculating("%"),
    "round": _rounded,
    "ceil": _rounded,
    "floor": _rounded,
    "at_least": _limited(pc.max_element_wise),
    "at_most": _limited(pc.min_element_wise),
    **OF_LISTS,
}
