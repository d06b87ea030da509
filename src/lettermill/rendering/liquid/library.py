"""Python-liquid as the library behind a plan."""

from collections.abc import Callable, Mapping
from typing import Any

from liquid import RenderContext, Token
from liquid.builtin.expressions import logical
from liquid.builtin.expressions.primitive import Blank, Empty
from liquid.stringify import to_liquid_string
from liquid.undefined import Undefined

from lettermill.rendering.filters import bounded
from lettermill.rendering.liquid.filters import FILTERS
from lettermill.rendering.liquid.rowwise import Outcome, run
from lettermill.rendering.liquid.sandbox import Sandbox

NOWHERE = Token("", "", 0, "")
PRINTED = (str, bool, int, float, list, tuple)


class NotDefined(Exception):  # noqa: N818 (a signal that a value cannot be had apart from its message)
    """A function gave something undefined, or a thing of python-liquid's own."""


def _compares(function: Callable[..., bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: function(NOWHERE, left, right)


def _whole(function: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    """Arithmetic of ranges and tablerows, of whole numbers alone; texts and nulls in a range are for the library."""

    def apply(left: Any, right: Any) -> int:
        if type(left) is not int or type(right) is not int:
            raise NotDefined
        return function(left, right)

    return apply


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "eq": logical._eq,
    "ne": lambda left, right: not logical._eq(left, right),
    "lt": _compares(logical._lt),
    "gt": lambda left, right: logical._lt(NOWHERE, right, left),
    "le": logical._le,
    "ge": lambda left, right: logical._le(right, left),
    "in": lambda item, container: logical._contains(NOWHERE, container, item),
    "+": _whole(lambda left, right: left + right),
    "//": _whole(lambda left, right: left // right),
    "%": _whole(lambda left, right: left % right),
    "slice": lambda of, start, stop, step: of[start:stop:step],
}
TESTS: Mapping[str, Any] = {"empty": Empty(NOWHERE), "blank": Blank(NOWHERE)}


class LiquidLibrary:
    """One template in the sandbox."""

    def __init__(self, source: str, *, name: str, partials: Mapping[str, str], autoescape: bool) -> None:
        self.sandbox = Sandbox(name, source=source, partials=partials, autoescape=autoescape)
        self.context = RenderContext(self.sandbox.template)

    def filter(self, name: str) -> Callable[..., Any]:
        """A filter, given value, arguments and options."""
        function = FILTERS[name]
        given = {"environment": self.sandbox} if getattr(function, "with_environment", False) else {}

        def apply(value: Any, *arguments: Any, **options: Any) -> Any:
            return _defined(function(value, *arguments, **options, **given))

        return apply

    def test(self, name: str) -> Callable[..., Any]:
        """Whether a value is `empty` or `blank`."""
        return lambda value: logical._eq(value, TESTS[name])

    def operator(self, name: str) -> Callable[..., Any]:
        """An operator on Python values."""
        if name == "item":
            return self._item
        return self._text if name == "text" else OPERATORS[name]

    def render(self, inputs: Mapping[str, Any]) -> Outcome:
        """One message by python-liquid itself."""
        return run(self.sandbox, inputs)

    def _item(self, of: Any, at: Any) -> Any:
        return _defined(self.context.get_item(of, at))

    def _text(self, value: Any) -> str:
        """What a value prints as: a list as markup, since its items may be markup or not, all else not escaped."""
        text = to_liquid_string(value, autoescape=self.sandbox.autoescape and isinstance(value, list))
        bounded(len(text))
        return text


def _defined(value: Any) -> Any:
    if issubclass(type(value), Undefined):
        raise NotDefined
    return value
