"""The html of a mail as its files hold it: tags with their attributes and places, template tags kept out of the way."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

from lettermill.rendering.check.findings import position

OUTPUT = "\ue010"  # one of these stands for each character of an output, one of the next for those of another tag
CONTROL = "\ue011"
TEMPLATE_TAG = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
ATTRIBUTE = re.compile(r"""[\s"'/](?P<name>[a-zA-Z][\w:-]*)\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'"""
                       r"""|(?P<bare>[^\s"'>]+))""")  # fmt: skip


@dataclass(frozen=True)
class Attribute:
    """An attribute's value as it is written, between which offsets of the file, and whether quotes are around it."""

    value: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True)
class Tag:
    """One tag of a file."""

    name: str
    file: str
    start: int
    line: int
    column: int
    attributes: Mapping[str, Attribute]


def protected(source: str) -> str:
    """The source with each template tag replaced by as many characters that mean nothing in html; lines stay."""

    def hold(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", OUTPUT if match.group().startswith("{{") else CONTROL, match.group())

    return TEMPLATE_TAG.sub(hold, source)


def is_data(text: str) -> bool:
    """Whether a protected text holds template tags."""
    return OUTPUT in text or CONTROL in text


def tags_of(source: str, *, file: str) -> list[Tag]:
    """The opening tags of a file, in their order; what stands in comments is left out."""
    held = protected(source)
    reader = _Reader(held)
    reader.feed(held)
    reader.close()
    return [_tag(name, start, text, source, file) for name, start, text in reader.tags]


def written(source: str) -> str:
    """What a file writes as text: the rest, tags, comments and style sheets, is blanks."""
    held = protected(source)
    hidden = re.compile(r"<!--.*?-->|<(style|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
    return hidden.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), held)


class _Reader(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, int, str]] = []
        self.starts = [0, *(found.end() for found in re.finditer("\n", source))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the protocol)
        line, column = self.getpos()
        self.tags.append((tag, self.starts[line - 1] + column, self.get_starttag_text() or ""))


def _tag(name: str, start: int, text: str, source: str, file: str) -> Tag:
    attributes = {found["name"].lower(): _attribute(found, start) for found in ATTRIBUTE.finditer(text)}
    return Tag(name, file, start, *position(source, start), attributes)


def _attribute(found: re.Match[str], start: int) -> Attribute:
    group = next(name for name in ("double", "single", "bare") if found[name] is not None)
    return Attribute(found[group], start + found.start(group), start + found.end(group), group != "bare")


def all_tags(files: Mapping[str, str]) -> Iterator[Tag]:
    """The tags of several files, one file after the other."""
    for file, source in files.items():
        yield from tags_of(source, file=file)
