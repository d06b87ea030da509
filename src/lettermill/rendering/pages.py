"""Pages for people at a desk: one template with its partials, in HTML, escaped. Mail goes through the engine."""

from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2 import TemplateError as JinjaError

from lettermill.errors import TemplateError


def render_page(template: str, *, partials: Mapping[str, str], context: Mapping[str, Any]) -> str:
    """Render the source `template`; `partials` are what it may include or import, by name.

    Every value is escaped unless the template says `safe`. Raises TemplateError where the source does not compile or
    reads what `context` does not have.
    """
    environment = Environment(
        loader=DictLoader(dict(partials)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        return environment.from_string(template).render(context)
    except JinjaError as error:
        place = f"{getattr(error, 'name', None) or 'the page'}:{getattr(error, 'lineno', None) or '?'}"
        raise TemplateError(
            f"the page cannot be written: {error}", place=place, mend="mend the template's line"
        ) from error
