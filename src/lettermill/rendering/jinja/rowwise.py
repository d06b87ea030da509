"""One rendering by Jinja2 itself: the fallback for what a plan cannot do, and what plans are measured against."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import jinja2

from lettermill.rendering.filters import RenderFault
from lettermill.rendering.jinja.sandbox import Sandbox, Trace
from lettermill.rendering.plan.branches import branch_order

MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """A text, or None with the fault; `branches` are what the rendering came through, by file and line."""

    text: str | None
    fault: str | None
    branches: tuple[str, ...]


def run(compiled: jinja2.Template, variables: Mapping[str, Any]) -> Outcome:
    """Render a template of a Sandbox. A fault is returned, never raised."""
    trace = Trace()
    assert isinstance(compiled.environment, Sandbox)
    compiled.environment.trace = trace
    try:
        text, fault = _text(compiled, variables), None
    except Exception as error:
        text, fault = None, _words(error)
    return Outcome(text, fault, tuple(sorted(trace.branches, key=branch_order)))


def _text(compiled: jinja2.Template, variables: Mapping[str, Any]) -> str:
    chunks, size = [], 0
    for chunk in compiled.root_render_func(compiled.new_context(dict(variables))):
        size += len(chunk)
        if size > MAX_BYTES:
            break
        chunks.append(chunk)
    text = "".join(chunks)
    if size > MAX_BYTES or len(text.encode()) > MAX_BYTES:
        raise RenderFault(f"the part is larger than {MAX_BYTES:,} bytes")
    return text


def _words(error: Exception) -> str:
    """Say what went wrong and where, in words that hold no value of the data, so that equal causes read the same."""
    if isinstance(error, RenderFault):
        words = str(error)
    elif isinstance(error, jinja2.UndefinedError):
        words = error.message or "something is undefined"
    else:
        words = f"{type(error).__name__} while evaluating"
    place = _place(error.__traceback__)
    return f"{words}, at {place}" if place else words


def _place(traceback: TracebackType | None) -> str:
    """The file and line of the template that the error arose in."""
    place = ""
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            place = f"{template.name}:{template.get_corresponding_lineno(traceback.tb_lineno)}"
        traceback = traceback.tb_next
    return place
