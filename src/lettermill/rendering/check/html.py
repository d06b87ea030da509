"""What a mail's html must have for its readers: alt texts, https, a language, a title, and a way to unsubscribe."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lettermill.rendering.check.findings import Findings, position
from lettermill.rendering.check.flow import Shown
from lettermill.rendering.check.markup import OUTPUT, Attribute, Tag, all_tags, is_data
from lettermill.rendering.check.rules import Severity
from lettermill.rendering.plan.nodes import Branch, Capture, Place, Section, Show, Statement

SCHEME = re.compile(r"\s*(?P<scheme>[a-zA-Z][a-zA-Z0-9+.\-]*):")
FINE = ("https", "mailto", "tel", "cid")
ADDRESSES = {"a": ("href",), "area": ("href",), "img": ("src", "srcset"), "form": ("action",), "link": ("href",),
             "td": ("background",), "table": ("background",), "body": ("background",)}  # fmt: skip
UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True)
class Mail:
    """The html part: the sources it is made of by file, what it prints, its statements, and its own file."""

    file: str
    sources: Mapping[str, str]
    shown: Collection[Shown]
    body: tuple[Statement, ...]


def check_html(mail: Mail, findings: Findings, *, unsubscribe: Collection[str]) -> None:
    """Check the tags of the html part. `unsubscribe` are the paths of the inputs that hold the unsubscribe link."""
    tags = list(all_tags(mail.sources))
    for tag in tags:
        if tag.name == "img" and "alt" not in tag.attributes:
            mend = 'say what it shows: alt="...", or alt="" where it only decorates'
            findings.at("LM501", tag.file, tag.line, tag.column, "an image has no alt text", mend)
        for name in ADDRESSES.get(tag.name, ()):
            if name in tag.attributes:
                _check_address(tag.attributes[name], tag, mail, findings)
        for attribute in tag.attributes.values():
            if not attribute.quoted and OUTPUT in attribute.value:
                _at("LM505", attribute, tag, mail, findings, "data stands in an attribute without quotes",
                    'write ="{{ ... }}": a space in a value would begin another attribute')  # fmt: skip
    _check_document(tags, mail, findings)
    _check_unsubscribe(tags, mail, findings, unsubscribe)


def _check_address(attribute: Attribute, tag: Tag, mail: Mail, findings: Findings) -> None:
    value = attribute.value.strip()
    scheme = SCHEME.match(value)
    if value.startswith(OUTPUT) or (value and is_data(value[0])):
        return
    if scheme and scheme["scheme"].lower() == "http":
        message, mend = "a link without https can be read and changed on its way", "write https://"
    elif scheme and scheme["scheme"].lower() not in FINE:
        message = f"a link by {scheme['scheme'].lower()}: is refused when the mail is rendered"
        mend = "use https, mailto or tel"
        _at("LM502", attribute, tag, mail, findings, message, mend, severity="error")
        return
    elif value.startswith("//"):
        message, mend = "a link without a scheme is looked for on the reader's disk by some clients", "write https://"
    elif not value or value == "#":
        message, mend = "a link leads nowhere", "give it an address, or take it out"
    elif not scheme and not value.startswith("#"):
        message, mend = "a mail has no address of its own that a relative link could start from", "write https://..."
    else:
        return
    _at("LM502", attribute, tag, mail, findings, message, mend)


def _at(
    rule: str, attribute: Attribute, tag: Tag, mail: Mail, findings: Findings, message: str, mend: str,
    *, severity: Severity | None = None,
) -> None:  # fmt: skip
    line, column = position(mail.sources[tag.file], attribute.start)
    findings.at(rule, tag.file, line, column, message, mend, severity=severity)


def _check_document(tags: list[Tag], mail: Mail, findings: Findings) -> None:
    html = next((tag for tag in tags if tag.name == "html"), None)
    file, line, column = (html.file, html.line, html.column) if html else (mail.file, 1, 1)
    if html is None or "lang" not in html.attributes:
        mend = 'write <html lang="en">' if html else 'begin with <!DOCTYPE html><html lang="en">'
        findings.at("LM506", file, line, column, "screen readers need to know the mail's language", mend)
    if not any(tag.name == "title" for tag in tags):
        mend = "write <title>...</title> in the head"
        findings.at("LM507", file, line, column, "browsers and screen readers show the title", mend)


def _check_unsubscribe(tags: list[Tag], mail: Mail, findings: Findings, paths: Collection[str]) -> None:
    if not paths:
        mend = "declare links: {type: 'struct<unsubscribe: string>', value: links, missing: fail}"
        findings.at("LM503", mail.file, 1, 1, "no input holds an unsubscribe link", mend)
        return
    reaching = [shown for shown in mail.shown if shown.value.path in paths]
    linked = {
        shown.place: shown.begins
        for shown in reaching
        if _is_link(findings.file_of(shown.place), shown.place, tags, mail)
    }
    path = sorted(paths)[0]
    if not linked:
        message = "nothing in the mail lets its reader unsubscribe"
        findings.at("LM503", mail.file, 1, 1, message, f'add <a href="{{{{ {path} }}}}">Unsubscribe</a>')
    elif not _surely(mail.body, linked):
        first = min(linked.values(), key=lambda place: (place.line, place.column))
        mend = "put it where every message has it, such as a footer outside of all conditions"
        findings.add("LM504", first, "some messages have no unsubscribe link: it stands in a branch", mend)


def _is_link(file: str, place: Place, tags: list[Tag], mail: Mail) -> bool:
    """Whether what is printed at `place` stands in the href of a link."""
    for tag in tags:
        href = tag.attributes.get("href")
        if tag.file == file and tag.name in ("a", "area") and href:
            start, end = position(mail.sources[file], href.start), position(mail.sources[file], href.end)
            if start <= (place.line, place.column) < end:
                return True
    return False


def _surely(body: tuple[Statement, ...], places: Collection[Place]) -> bool:
    """Whether every message that comes through `body` prints at one of `places`."""
    for statement in body:
        if isinstance(statement, Show) and statement.place in places:
            return True
        if isinstance(statement, Section | Capture) and _surely(statement.body, places):
            return True
        if isinstance(statement, Branch):
            ways = [*(arm.body for arm in statement.arms), statement.otherwise]
            if all(_surely(way, places) for way in ways):
                return True
    return False
