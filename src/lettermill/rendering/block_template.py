"""A block of the library as a template of its own, in the style of a campaign, to be looked at."""

import re
from collections.abc import Mapping

from lettermill.errors import TemplateError
from lettermill.rendering.content_blocks import Block, block_file, block_version
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.inlining import inlined
from lettermill.rendering.languages import LANGUAGES, Language, language_of
from lettermill.rendering.plan.reading import inputs_of
from lettermill.rendering.templates import PARTS, Template

STYLE = re.compile(r"<style\b.*?</style\s*>", re.DOTALL | re.IGNORECASE)
BODY = re.compile(r"<body\b(?:\"[^\"]*\"|'[^']*'|[^'\">])*>", re.IGNORECASE)
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{styles}
</head>
{body}
<div style="max-width: 600px; margin: 0 auto">
{{% include '{file}' %}}
</div>
</body>
</html>
"""


def block_template(block: Block, *, library: Mapping[str, str], styled_by: str = "") -> Template:
    """The block's files as parts, the html in a page with the style sheets and the body of the html `styled_by`.

    `library` are the library's files by the names that templates have for them. Raises TemplateError with file and line
    where the block reads what its block.yml does not declare.
    """
    schema = {name: arrow_type(ddl) for name, ddl in block.inputs.items()}
    language, own = _parts(block, library)
    written = language_of(language)
    sources = {part: f"{{% include '{file}' %}}" for part, file in own.items()}
    if "html" in own:
        sources["html"] = _page(own["html"], styled_by)
    partials = dict(library)
    paths: set[str] = set()
    for part, source in sources.items():
        plan = written.plan_of(source, name=part, schema=schema, autoescape=part == "html", partials=partials)
        paths |= set(inputs_of(plan, schema=schema))
    if "html" in sources:
        sources["html"], partials = inlined(sources["html"], file="html", partials=partials, comment=written.comment)
    version = block_version(sources | {name: text for name, text in partials.items() if name in own.values()})
    return Template(block.name, sources, partials, tuple(sorted(paths)), version, language)


def _parts(block: Block, library: Mapping[str, str]) -> tuple[Language, dict[str, str]]:
    """The language of a block, Jinja2 where it is written in both, and its files by part."""
    for language, written in LANGUAGES.items():
        named = {part: block_file(block.name, part, ending=written.ending) for part in PARTS}
        own = {part: file for part, file in named.items() if file in library}
        if own:
            return language, own
    mend = f"write html.j2 or html.liquid beside block.yml; parts are {', '.join(PARTS)}"
    raise TemplateError("the block has no part", place=block_file(block.name, "html"), mend=mend)


def _page(file: str, styled_by: str) -> str:
    body = BODY.search(styled_by)
    styles = "\n".join(found.group() for found in STYLE.finditer(styled_by))
    return PAGE.format(styles=styles, body=body.group() if body else "<body>", file=file)
