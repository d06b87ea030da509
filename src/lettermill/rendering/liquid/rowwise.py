"""One rendering by python-liquid itself: the fallback for what a plan cannot do, and the measure of plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from liquid import BoundTemplate, Token
from liquid.ast import Node
from liquid.builtin.expressions.filtered import Filter
from liquid.exceptions import (
    LocalNamespaceLimitError,
    OutputStreamLimitError,
    UndefinedError,
)  # fmt: skip
from liquid.expression import Expression

from lettermill.rendering.filters import RenderFault
from lettermill.rendering.liquid.parsing import position
from lettermill.rendering.liquid.sandbox import MAX_BYTES, Sandbox, Trace
from lettermill.rendering.plan.branches import branch_order


@dataclass(frozen=True)
class Outcome:
    """A text, or None with the fault; `branches` are what the rendering came through, by file and line."""

    text: str | None
    fault: str | None
    branches: tuple[str, ...]


def run(sandbox: Sandbox, variables: Mapping[str, Any]) -> Outcome:
    """Render the template of a Sandbox. A fault is returned, never raised."""
    trace = sandbox.trace = Trace()
    try:
        text, fault = sandbox.template.render(**variables), None
    except Exception as error:
        text, fault = None, _words(error)
    return Outcome(text, fault, tuple(sorted(trace.branches, key=branch_order)))


def _words(error: Exception) -> str:
    """Say what went wrong and where, in words that hold no value of the data, so that equal causes read the same."""
    file, at = _place(error.__traceback__)
    if isinstance(error, RenderFault):
        words = str(error)
    elif isinstance(error, OutputStreamLimitError):
        words = f"the part is larger than {MAX_BYTES:,} bytes"
    elif isinstance(error, LocalNamespaceLimitError):
        words = "what the template assigns is too large"
    elif isinstance(error, UndefinedError):
        words = str(error.message)
    else:
        words = _evaluating(error, at)
    line = f":{position(at.token)[0]}" if at is not None else ""
    return f"{words}, at {file}{line}" if file else words


def _evaluating(error: Exception, at: Any) -> str:
    """Where an error of python-liquid's arose, whose own words may hold values."""
    return (
        f"{at.name} cannot work on this value" if isinstance(at, Filter) else f"{type(error).__name__} while evaluating"
    )


def _place(traceback: TracebackType | None) -> tuple[str, Any]:
    """The file, and the tag, expression or filter of it, that the error arose in."""
    file = ""
    at: Any = None
    while traceback is not None:
        held: Any = traceback.tb_frame.f_locals.get("self")
        if issubclass(type(held), BoundTemplate):
            file, at = held.name, None
        elif issubclass(type(held), Node | Expression | Filter) and isinstance(held.token, Token):
            at = held
        traceback = traceback.tb_next
    return file, at
