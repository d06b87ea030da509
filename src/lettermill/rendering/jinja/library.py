"""Jinja2 as the library behind a plan."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from jinja2.runtime import Undefined

from lettermill.rendering.filters import bounded
from lettermill.rendering.jinja.rowwise import Outcome, run
from lettermill.rendering.jinja.sandbox import PRINTED, Sandbox, Trace

COMPARISONS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    "in": lambda one, many: one in many,
    "notin": lambda one, many: one not in many,
    "slice": lambda of, start, stop, step: of[start:stop:step],
    "negative": operator.neg,
    "positive": operator.pos,
}
ARITHMETIC = ("+", "-", "*", "/", "//", "%")


class NotDefined(Exception):  # noqa: N818 (a signal that a value cannot be had apart from its message)
    """A function gave something undefined."""


class JinjaLibrary:
    """One template in the sandbox."""

    def __init__(self, source: str, *, name: str, partials: Mapping[str, str], autoescape: bool) -> None:
        self.environment = Sandbox(name, source=source, partials=partials, autoescape=autoescape)
        self.template = self.environment.get_template(name)
        self.context = self.template.new_context({})

    def filter(self, name: str) -> Callable[..., Any]:
        """A filter, given value, arguments and options."""
        call = self.environment.call_filter

        def apply(value: Any, *arguments: Any, **options: Any) -> Any:
            self.environment.trace = Trace()
            return _defined(call(name, value, list(arguments), options, context=self.context))

        return apply

    def test(self, name: str) -> Callable[..., Any]:
        """A test, given value and arguments."""
        call = self.environment.call_test
        return lambda value, *arguments: call(name, value, list(arguments), context=self.context)

    def operator(self, name: str) -> Callable[..., Any]:
        """An operator on Python values."""
        if name in ARITHMETIC:
            return self._arithmetic(name)
        if name == "item":
            return lambda of, at: _defined(self.environment.getitem(of, at))
        return self._text if name == "text" else COMPARISONS[name]

    def render(self, inputs: Mapping[str, Any]) -> Outcome:
        """One message by Jinja2 itself."""
        return run(self.template, inputs)

    def _arithmetic(self, name: str) -> Callable[[Any, Any], Any]:
        if name in self.environment.intercepted_binops:
            return lambda left, right: self.environment.call_binop(self.context, name, left, right)
        functions = {"-": operator.sub, "/": operator.truediv, "//": operator.floordiv}
        return functions[name]

    def _text(self, value: Any) -> str:
        if value is not None and not isinstance(value, PRINTED):
            raise NotDefined
        text = str(value)
        bounded(len(text))
        return text


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise NotDefined
    return value
