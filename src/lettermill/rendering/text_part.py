"""The text part of a mail that has none of its own: a template too, derived from that of its html."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from lettermill.errors import TemplateError
from lettermill.rendering.inlining import HELD, INCLUDE, hold_tags
from lettermill.rendering.languages import language_of

GIVEN = r"\{%-?\s*(render\b|include\s+(?!['\"][^'\"]+['\"]\s*-?%\}))"
UNFIT = {
    "jinja2": (re.compile(r"\{%[-+]?\s*(extends|block|import|from)\b"), "inherited blocks"),
    "liquid": (re.compile(GIVEN), "files that are given values"),
}
"""By language, tags that make what they bring in unlike a text that stands in their place."""

SCOPES: Mapping[str, tuple[str, str] | None] = {"jinja2": ("{% with %}", "{% endwith %}"), "liquid": None}
"""By language, what stands around a file that is included."""
UNSEEN = {"head", "style", "script", "title", "template"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OWN_LINE = {
    "address",
    "article",
    "blockquote",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "table",
    "tr",
    "ul",
}
HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


def text_source(html: str, *, file: str, partials: Mapping[str, str], language: str = "jinja2") -> str:
    """The template of what a reader of `html` would read, a paragraph a line, each link with its address behind it.

    Raises TemplateError where control tags do not stand around whole elements, blocks are inherited, or
    a file of Liquid's is given values.
    """
    mend = "write a text part of its own, and name it in the campaign's `parts`"
    held: list[str] = []
    whole = _whole(file, html, partials, held, scope=SCOPES[language])
    unfit, words = UNFIT[language]
    if any(unfit.match(tag) for tag in held):
        raise TemplateError(f"a text part cannot be derived from {words}", place=file, mend=mend)
    reader = _Reader()
    reader.feed(whole)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
    source = HELD.sub(lambda match: held[int(match[1])], text)
    try:
        language_of(language).parsed(source, file=file)
    except TemplateError as error:
        problem = "a text part cannot be derived: control tags do not stand around whole elements"
        raise TemplateError(problem, place=file, mend=mend) from error
    return source


def _whole(
    file: str, content: str, partials: Mapping[str, str], held: list[str], *, scope: tuple[str, str] | None
) -> str:
    """The file with placeholders for its tags, and what it includes in its place, within `scope` if there is one."""

    def put(match: re.Match[str]) -> str:
        tag = held[int(match[1])]
        included = INCLUDE.fullmatch(tag)
        if included is None or included["file"] not in partials:
            return match.group()
        body = _whole(included["file"], partials[included["file"]], partials, held, scope=scope)
        if scope is None:
            return body
        held.extend(scope)
        return f"\ue000{len(held) - 2}\ue001{body}\ue000{len(held) - 1}\ue001"

    return HELD.sub(put, hold_tags(content, held, file=file))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.unseen: list[str] = []  # open tags from the outermost unseen one on
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if self.unseen or tag in UNSEEN or HIDDEN.search(attributes.get("style") or ""):
            if tag not in VOID:
                self.unseen.append(tag)
            return
        if tag == "a":
            self.links.append((attributes.get("href") or "", len(self.words)))
        elif tag == "img":
            self.words.append(attributes.get("alt") or "")
        self.words.append("\n" if tag in OWN_LINE or tag == "br" else " " if tag in ("td", "th") else "")

    def handle_endtag(self, tag: str) -> None:
        if self.unseen:
            if tag in self.unseen:
                del self.unseen[len(self.unseen) - 1 - self.unseen[::-1].index(tag) :]
            return
        if tag == "a" and self.links:
            address, start = self.links.pop()
            text = "".join(self.words[start:]).strip()
            if address and text and text != address.removeprefix("mailto:"):
                self.words.append(f" ({address})")
        elif tag in OWN_LINE:
            self.words.append("\n\n" if tag in ("p", "table", "h1", "h2", "h3") else "\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words.append(re.sub(r"\s+", " ", data))
