"""Putting the CSS of a mail's style sheets into its tags, when a template is loaded and before any data is known.

css-inline says which styles each tag gets; the source itself is edited in place, so that the template's tags,
comments, entities and line numbers stay as they were written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

import css_inline

from lettermill.errors import TemplateError

TEXTS = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
JINJA = re.compile(rf"\{{#.*?#\}}|\{{%(?:{TEXTS}|(?!%\}}).)*%\}}|\{{\{{(?:{TEXTS}|(?!\}}\}}).)*\}}\}}", re.DOTALL)
INCLUDE = re.compile(r"\{%[-+]?\s*(?:include|render)\s+['\"](?P<file>[^'\"]+)['\"].*?%\}", re.DOTALL)
HELD = re.compile("\ue000(\\d+)\ue001")  # a Jinja2 tag while HTML is read: neither letter nor markup
MARKUP = re.compile(
    r"""<!--.*?-->
      | <(?P<raw>style|script)\b(?P<attributes>[^>]*)>(?P<content>.*?)</(?P=raw)\s*>
      | <(?P<tag>[a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*?)(?P<end>\s*/?>)""",
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
STYLE = re.compile(r"\sstyle\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')", re.IGNORECASE)
KEPT = re.compile(r"\s*data-css-inline\s*=\s*[\"'](?:keep|ignore)[\"']", re.IGNORECASE)
MARK = "data-mark"


@dataclass
class Sheet:
    """One mail's files while their tags are marked: `tags` says, for each mark, which tag of which file it is on."""

    files: Mapping[str, str]
    tags: list[tuple[str, int]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def inlined(
    source: str, *, file: str, partials: Mapping[str, str], comment: tuple[str, str] = ("{#", "#}")
) -> tuple[str, dict[str, str]]:
    """Return the part and the files it includes with styles in their tags; at-rules stay in a style element.

    `comment` is what the template's language has around a comment: lines that go leave one, so that others keep theirs.
    A class that depends on data is not matched. Raises TemplateError where a block gets different styles in two
    places of one mail, or where a style sheet depends on data.
    """
    sheet = Sheet({**partials, file: source})
    marked = _marked(file, sheet)
    if not re.search(r"<style\b", marked, re.IGNORECASE):
        return source, dict(partials)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_link_tags=True)
    styles = _styles(inliner.inline(marked), sheet)
    written = {name: _written(name, content, styles, comment) for name, content in sheet.files.items()}
    return written.pop(file), written


def hold_tags(content: str, held: list[str], *, file: str) -> str:
    """Put a placeholder in the place of each Jinja2 tag, which goes to the end of `held`."""
    if "\ue000" in content or "\ue001" in content:
        raise TemplateError("the characters U+E000 and U+E001 are reserved", place=file, mend="write them as &#xE000;")

    def hold(match: re.Match[str]) -> str:
        held.append(match.group())
        return f"\ue000{len(held) - 1}\ue001"

    return JINJA.sub(hold, content)


def _marked(file: str, sheet: Sheet) -> str:
    """The file as HTML for css-inline: includes in their places, each tag with a mark of its own."""
    ordinals = iter(range(len(sheet.files[file])))

    def mark(match: re.Match[str]) -> str:
        if match["tag"] is None:
            return match.group()
        sheet.tags.append((file, next(ordinals)))
        style = STYLE.search(match["tag"])
        tag = STYLE.sub("", match["tag"]) if style and HELD.search(style.group()) else match["tag"]
        return f'<{tag} {MARK}="{len(sheet.tags) - 1}"{match["end"]}'

    def include(match: re.Match[str]) -> str:
        found = INCLUDE.fullmatch(sheet.held[int(match[1])])
        return _marked(found["file"], sheet) if found and found["file"] in sheet.files else match.group()

    return HELD.sub(include, MARKUP.sub(mark, hold_tags(sheet.files[file], sheet.held, file=file)))


class _Marks(HTMLParser):
    """Collects mark -> style from what css-inline wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.styles: dict[int, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the parser's protocol)
        attributes = dict(attrs)
        mark = attributes.get(MARK)
        if mark is not None:
            self.styles.setdefault(int(mark), (attributes.get("style") or "").strip())


def _styles(html: str, sheet: Sheet) -> dict[tuple[str, int], str]:
    """Which style each tag of each file gets."""
    marks = _Marks()
    marks.feed(html)
    styles: dict[tuple[str, int], str] = {}
    for number, style in marks.styles.items():
        file, _ = tag = sheet.tags[number]
        if styles.setdefault(tag, style) != style:
            raise TemplateError(
                f"{file} is included in two places, and the style sheet says different things for them",
                place=file,
                mend="style the block by classes of its own, not by what stands around it",
            )
    return styles


def _written(file: str, content: str, styles: Mapping[tuple[str, int], str], comment: tuple[str, str]) -> str:
    """The file's source with the styles in its tags; lines keep their numbers."""
    held: list[str] = []
    ordinals = iter(range(len(content)))

    def write(match: re.Match[str]) -> str:
        if match["raw"]:
            return _style_element(match, file, comment) if match["raw"].lower() == "style" else match.group()
        if match["tag"] is None:
            return match.group()
        style = styles.get((file, next(ordinals)), "")
        return f"<{_styled(match['tag'], style, file=file)}{match['end']}" if style else match.group()

    written = MARKUP.sub(write, hold_tags(content, held, file=file))
    return HELD.sub(lambda match: held[int(match[1])], written)


def _styled(tag: str, style: str, *, file: str) -> str:
    own = STYLE.search(tag)
    value = escape(style, quote=True).replace("&#x27;", "'")
    if own is None:
        return f'{tag} style="{value}"'
    if HELD.search(QUOTED.sub("", tag)):
        problem = "a tag with a style attribute has control tags between its attributes"
        raise TemplateError(problem, place=file, mend="put the control tag inside the quotes, or around the whole tag")
    standing = own["double"] if own["double"] is not None else own["single"]
    if HELD.search(standing):
        value = f"{value} {standing}"  # later wins: what the template says of this one tag
    return f'{tag[: own.start()]} style="{value}"{tag[own.end() :]}'


def _style_element(match: re.Match[str], file: str, comment: tuple[str, str]) -> str:
    """A style sheet after inlining: kept where it says so, else its at-rules alone."""
    if KEPT.search(match["attributes"]):
        return f"<style{KEPT.sub('', match['attributes'])}>{match['content']}</style>"
    if HELD.search(match["content"]):
        mend = 'put what depends on data into a style attribute, or into <style data-css-inline="keep">'
        raise TemplateError("a style sheet that is inlined depends on data", place=file, mend=mend)
    sheet = f"<html><head><style>{match['content']}</style></head><body></body></html>"
    kept = re.search(r"<style>(.*?)</style>", css_inline.CSSInliner(keep_at_rules=True).inline(sheet), re.DOTALL)
    rules = f"<style>{kept[1].strip()}</style>".replace("\n", " ") if kept and kept[1].strip() else ""
    lines = "\n" * match.group().count("\n")  # line numbers in faults stay those of the file
    return rules + comment[0] + lines + comment[1]
