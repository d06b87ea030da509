"""Rendering one message after the other by the sandboxed library of its template's language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lettermill.rendering.languages import language_of
from lettermill.rendering.links import link_fault
from lettermill.rendering.plan.branches import null_printed
from lettermill.rendering.templates import Template

HEADERS = ("subject", "preheader")
LINE_BREAK = re.compile("[\0\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")  # whatever a mail library may split at


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
            part: language_of(template.language).library(
                source, name=part, partials=template.partials, autoescape=part == "html"
            )
            for part, source in template.parts.items()
        }

    def render(self, inputs: Mapping[str, Any]) -> Rendered:
        """Render every part from one context's inputs. A fault is returned, never raised; a printed null is one."""
        written: dict[str, str] = {}
        branches: list[str] = []
        for part, compiled in self.parts.items():
            outcome = compiled.render(inputs)
            nulls = [told for told in map(null_printed, outcome.branches) if told]
            branches += [branch for branch in outcome.branches if not null_printed(branch)]
            fault = f"{nulls[0][0]} is null and was printed, at {nulls[0][1]}" if nulls else outcome.fault
            fault = fault or _refused(part, outcome.text or "")
            if fault or outcome.text is None:
                return Rendered({}, tuple(branches), fault, part)
            written[part] = outcome.text
        return Rendered(written, tuple(branches))


@lru_cache(maxsize=16)
def renderer(template: Template) -> Renderer:
    """The template's renderer: a worker compiles a template once, not once per message."""
    return Renderer(template)


def _refused(part: str, text: str) -> str | None:
    """Why a text must not leave as this part."""
    if part in HEADERS and LINE_BREAK.search(text):
        return f"a line break in the {part}"
    return link_fault(text) if part == "html" else None
