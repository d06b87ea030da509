"""Kernels for filters on texts and numbers. What has none here is the library's own, on distinct inputs."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lettermill.rendering.columnar import lists
from lettermill.rendering.columnar.calls import call
from lettermill.rendering.columnar.frames import KERNELS, Frame
from lettermill.rendering.columnar.logic import chosen
from lettermill.rendering.columnar.text import Texts, bounded, bytes_of, escape_texts, printed
from lettermill.rendering.columnar.values import Constant, Lists, Structs, Value, either, null_mask
from lettermill.rendering.plan.nodes import Apply

Kernel = Callable[[Frame, Apply, Value], Value | None]


def _apply(frame: Frame, expr: Apply) -> Value:
    if expr.filter == "default":
        return chosen(frame, expr)
    of = frame.value(expr.of)
    kernel = LANGUAGES[frame.chunk.program.plan.language].get(expr.filter)
    found = kernel(frame, expr, of) if kernel is not None and of.marked is None else None
    if found is not None:
        return found
    if isinstance(of.data, Lists) and of.data.stream:
        return Value(Constant(None), None, np.ones(frame.size, np.bool_))
    return by_library(frame, expr, of)


def by_library(frame: Frame, expr: Apply, of: Value) -> Value:
    """The library's own filter."""
    operands = [of, *(frame.value(one) for one in (*expr.arguments, *(option for _, option in expr.options)))]
    names = [name for name, _ in expr.options]
    plain = frame.chunk.program.library.filter(expr.filter)
    position = 1 + len(expr.arguments)

    def function(*values: Any) -> Any:
        return plain(*values[:position], **dict(zip(names, values[position:], strict=True)))

    return call(frame, expr, f"the filter {expr.filter}", function if names else plain, operands)


def constants(frame: Frame, expr: Apply, *names: str) -> dict[str, Any] | None:
    """The arguments by name, if all of them are plain constants; `names` is the order they are given in."""
    given = dict(zip(names, expr.arguments, strict=False)) | dict(expr.options)
    if len(expr.arguments) > len(names):
        return None
    values = {name: frame.value(one) for name, one in given.items()}
    plain = all(isinstance(one.data, Constant) and not one.markup and one.wrong is None for one in values.values())
    return {name: one.data.value for name, one in values.items()} if plain else None  # type: ignore[union-attr]


def _text_kernel(change: Callable[[pa.StringArray], pa.StringArray | None]) -> Kernel:
    """A filter without arguments on the text of a value."""

    def kernel(frame: Frame, expr: Apply, of: Value) -> Value | None:
        if expr.arguments or expr.options or isinstance(of.data, Constant | Structs | Lists):
            return None
        texts = printed(frame, expr, of)
        changed = None if isinstance(texts.texts, str) else change(texts.texts)
        return None if changed is None else bounded(changed, texts.faulty, markup=texts.markup)

    return kernel


def _where_ascii(
    change: Callable[[pa.StringArray], pa.StringArray],
) -> Callable[[pa.StringArray], pa.StringArray | None]:
    """A change that Arrow and Python agree on for ASCII."""
    return lambda texts: change(texts) if bytes_of(texts).isascii() else None


def _trimmed(texts: pa.StringArray) -> pa.StringArray:
    return pc.ascii_trim(texts, characters="\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f ")


def _string(frame: Frame, expr: Apply, of: Value) -> Value | None:
    if isinstance(of.data, Structs | Lists):
        return None
    return _value(printed(frame, expr, of))


def _escape(frame: Frame, expr: Apply, of: Value) -> Value | None:
    if isinstance(of.data, Structs | Lists) or (isinstance(of.data, pa.Array) and pa.types.is_nested(of.data.type)):
        return None
    texts = printed(frame, expr, of)
    return _value(texts if texts.markup else escape_texts(texts))


def _value(texts: Texts) -> Value:
    if isinstance(texts.texts, str):
        return Value(Constant(texts.texts), None, texts.faulty, texts.markup)
    return bounded(texts.texts, texts.faulty, markup=texts.markup)


def _length(frame: Frame, _expr: Apply, of: Value) -> Value | None:
    data = of.data
    if isinstance(data, Lists) and not data.stream:
        return Value(pa.array(data.lengths), None, either(of.wrong, data.null))
    if isinstance(data, pa.Array) and pa.types.is_string(data.type):
        lengths = pc.utf8_length(data).cast(pa.int64())
        return Value(pc.fill_null(lengths, 0), None, either(of.wrong, null_mask(data, frame.size)))
    return None


def _replace(frame: Frame, expr: Apply, of: Value) -> Value | None:
    given = constants(frame, expr, "old", "new")
    if given is None or set(given) != {"old", "new"} or of.markup or frame.chunk.program.autoescape:
        return None
    old, new = given["old"], given["new"]
    data = of.data
    if type(old) is not str or type(new) is not str or not old or not isinstance(data, pa.Array):
        return None
    if not pa.types.is_string(data.type) or data.null_count:
        return None
    return bounded(pc.replace_substring(data, old, new), of.wrong)


def _with_query(frame: Frame, expr: Apply, of: Value) -> Value | None:
    """Where an address has a fragment, or one of the parameters, the library takes the column."""
    query = (constants(frame, expr, "query") or {}).get("query")
    data = of.data
    if type(query) is not str or of.markup or not isinstance(data, pa.Array) or not pa.types.is_string(data.type):
        return None
    names = "|".join(re.escape(pair.partition("=")[0]) for pair in query.split("&"))
    if pc.any(pc.match_substring_regex(data, f"#|[?&](?:{names})(?:=|&|$)")).as_py():
        return None
    joint = pc.if_else(pc.match_substring(data, "?"), f"&{query}", f"?{query}")
    whole = pc.binary_join_element_wise(data, joint, "")
    return bounded(pc.if_else(pc.match_substring_regex(data, "^(?i:https?)://"), whole, data), of.wrong)


def _round(frame: Frame, expr: Apply, of: Value) -> Value | None:
    if isinstance(of.data, pa.Array) and pa.types.is_integer(of.data.type) and not expr.arguments and not expr.options:
        return Value(of.data, None, either(of.wrong, null_mask(of.data, frame.size)))
    return None


def _int(_frame: Frame, expr: Apply, of: Value) -> Value | None:
    if isinstance(of.data, pa.Array) and pa.types.is_integer(of.data.type) and not expr.arguments and not expr.options:
        return Value(pc.fill_null(of.data, 0), None, of.wrong)
    return None


FILTERS: dict[str, Kernel] = {
    "upper": _text_kernel(_where_ascii(pc.ascii_upper)),
    "lower": _text_kernel(_where_ascii(pc.ascii_lower)),
    "capitalize": _text_kernel(_where_ascii(pc.ascii_capitalize)),
    "trim": _text_kernel(_where_ascii(_trimmed)),
    "string": _string,
    "escape": _escape,
    "length": _length,
    "replace": _replace,
    "with_query": _with_query,
    "round": _round,
    "int": _int,
    **lists.FILTERS,
}
LANGUAGES: dict[str, dict[str, Kernel]] = {"jinja2": FILTERS}
"""The kernels of each language's filters."""
KERNELS |= {Apply: _apply}
