"""Rendering one message after the other by the sandboxed Jinja2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from types import TracebackType
from typing import Any

import jinja2

from lettermill.rendering.filters import RenderFault
from lettermill.rendering.sandbox import TRACE, Sandbox, Trace
from lettermill.rendering.templates import Template
from lettermill.rendering.text_part import text_of

MAX_BYTES = 1_000_000
HEADERS = ("subject", "preheader")
LINE_BREAK = re.compile("[\0\n\v\f\r\x85\u2028\u2029]")
# Data has no quotes left by then, and none stands in an attribute without them.
ADDRESS = re.compile(r"(?:href|src|srcset|action|background|poster)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):")
UNSEEN = re.compile(r"[\x00-\x20]")  # browsers skip it within a scheme
SCHEMES = ("http", "https", "mailto", "tel", "cid")


@dataclass(frozen=True)
class Rendered:
    """A message's parts, or the fault and the part it arose in; `branches` are what it came through until then."""

    parts: Mapping[str, str]
    branches: tuple[str, ...]
    fault: str | None = None
    fault_part: str | None = None


class Renderer:
    """A template, ready to render. Building one costs a compilation; use `renderer`, which keeps it."""

    def __init__(self, template: Template) -> None:
        self.parts = {
            part: Sandbox(part, source=source, partials=template.partials).get_template(part)
            for part, source in template.parts.items()
        }

    def render(self, inputs: Mapping[str, Any]) -> Rendered:
        """Render every part from one context's inputs. A fault is returned, never raised."""
        written: dict[str, str] = {}
        trace = Trace()
        for part, compiled in self.parts.items():
            try:
                written[part] = _checked(part, _run(compiled, {**inputs, TRACE: trace}))
            except Exception as error:
                return Rendered({}, tuple(trace.branches), _words(error), part)
        if "text" not in written:
            written["text"] = text_of(written["html"])
        return Rendered(written, tuple(trace.branches))


@lru_cache(maxsize=16)
def renderer(template: Template) -> Renderer:
    """The template's renderer: a worker compiles a template once, not once per message."""
    return Renderer(template)


def _run(compiled: jinja2.Template, variables: dict[str, Any]) -> str:
    chunks, size = [], 0
    for chunk in compiled.root_render_func(compiled.new_context(variables)):
        size += len(chunk)
        if size > MAX_BYTES:
            break
        chunks.append(chunk)
    text = "".join(chunks)
    if size > MAX_BYTES or len(text.encode()) > MAX_BYTES:
        raise RenderFault(f"the part is larger than {MAX_BYTES:,} bytes")
    return text


def _checked(part: str, text: str) -> str:
    if part in HEADERS and LINE_BREAK.search(text):
        raise RenderFault(f"a line break in the {part}")
    if part == "html":
        for match in ADDRESS.finditer(text.lower()):
            address = UNSEEN.sub("", unescape(match[1] or match[2] or ""))
            scheme = SCHEME.match(address)
            if scheme and scheme[1] not in SCHEMES:
                raise RenderFault("a link that is none of http, https, mailto, tel and cid")
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
