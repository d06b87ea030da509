"""The languages that templates are written in, each parsed and rendered row by row by its own library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

from lettermill.errors import TemplateError
from lettermill.rendering.columnar.library import Library
from lettermill.rendering.jinja.frontend import plan_of as plan_of_jinja
from lettermill.rendering.jinja.library import JinjaLibrary
from lettermill.rendering.jinja.parsing import parsed as parsed_jinja
from lettermill.rendering.liquid.frontend import plan_of as plan_of_liquid
from lettermill.rendering.liquid.library import LiquidLibrary
from lettermill.rendering.liquid.parsing import parsed as parsed_liquid
from lettermill.rendering.plan.nodes import Plan

Language = OneOf["jinja2", "liquid"]


@dataclass(frozen=True)
class Written:
    """How one language is written: `ending` of its files, `comment` around what is not rendered, `with_query` a value
    and the parameters that its link gets."""

    plan_of: Callable[..., Plan]
    library: Callable[..., Library]
    parsed: Callable[..., Any]
    ending: str
    comment: tuple[str, str]
    with_query: str


LANGUAGES: Mapping[Language, Written] = {
    "jinja2": Written(
        plan_of_jinja, JinjaLibrary, parsed_jinja, "j2", ("{#", "#}"), "({value}) | with_query('{query}')"
    ),
    "liquid": Written(
        plan_of_liquid, LiquidLibrary, parsed_liquid, "liquid", ("{% comment %}", "{% endcomment %}"),
        "{value} | with_query: '{query}'",
    ),
}  # fmt: skip


def language_of(name: str) -> Written:
    """The language of a name. Raises TemplateError where there is none."""
    for language, written in LANGUAGES.items():
        if language == name:
            return written
    raise TemplateError(f"no front end for {name!r}", mend=f"use {' or '.join(LANGUAGES)}")
