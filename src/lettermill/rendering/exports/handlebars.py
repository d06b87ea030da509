"""Handlebars for SendGrid's dynamic templates: built-in helpers alone, so that SES and handlebars.js read it too."""

import re
from collections.abc import Mapping, Sequence

from lettermill.rendering.exports.attributes import Kind, TypeName
from lettermill.rendering.exports.dialect import Dialect, Frame, Piece, Reading, Reads, ends_of
from lettermill.rendering.exports.problems import Inexpressible
from lettermill.rendering.plan.nodes import Expr

ENDS_A_LINE = re.compile(r"(?:\A|\n)\s*\Z")
BEGINS_A_LINE = re.compile(r"\s*?(?:\n|\Z)")


class Handlebars(Dialect):
    """`{{#if}}` tells true from false as Jinja2 does for texts, whole numbers and flags; all other conditions are
    flags. A line that holds nothing but a tag is dropped by Handlebars; an empty comment before the tag keeps it."""

    name = "handlebars"
    title = "Handlebars"
    suffix = "hbs"
    types: Mapping[Kind, TypeName] = {
        "text": TypeName("string"),
        "whole": TypeName("number"),
        "flag": TypeName("boolean"),
        "rows": TypeName("array", format="array of objects"),
        "fragment": TypeName("string", format="HTML, escaped"),
    }
    states: Mapping[str, str] = {"index0": "{{@index}}"}
    unwritable: Mapping[re.Pattern[str], str] = {
        re.compile(r"\{\Z"): "a brace right before a value or tag",
        re.compile(r"\\\{\{"): "a backslash before two braces",
    }
    differences = (
        "in HTML a quote, an apostrophe, a grave accent and an equals sign of a value are written &quot; &#x27; &#x60; "
        "&#x3D;, where the message rendered here has &#34; &#39; ` =; a reader sees the same",
    )

    def show(self, reading: Reading, *, escape: bool, through: str = "") -> str:
        value = f"{through} {_read(reading)}".lstrip()
        # Numbers go through {{ }} always: handlebars.js adds up two of them that stand in {{{ }}} side by side.
        return (
            f"{{{{{value}}}}}"
            if reading.kind == "whole" or (escape and reading.kind == "text")
            else f"{{{{{{{value}}}}}}}"
        )

    def condition(self, expr: Expr, reads: Reads) -> str:
        end = ends_of(expr)
        if end and reads.position(expr) == 0:
            return f"@{end}"
        return _read(reads.plain(expr) if reads.kind(expr) else reads.flag(expr))

    def branch(self, conditions: Sequence[str], *, otherwise: bool) -> tuple[str, ...]:
        words = ("#if", *["else if"] * len(conditions))
        arms = (f"{{{{{word} {one}}}}}" for word, one in zip(words, conditions, strict=False))
        return (*arms, *(["{{else}}"] if otherwise else []), "{{/if}}")

    def loop(self, frame: Frame, *, otherwise: bool) -> tuple[str, ...]:
        if any(outer.draft is frame.draft for outer in frame.source.frames):
            # Where both stand at the same item, ../ leaves both at once.
            mend = "compute the inner list as another input of the campaign"
            raise Inexpressible("a loop over a list within a loop over the same list", mend=mend)
        return (f"{{{{#each {_read(frame.source)}}}}}", *(["{{else}}"] if otherwise else []), "{{/each}}")

    def join(self, pieces: Sequence[Piece]) -> str:
        written = []
        for before, piece, after in zip((None, *pieces), pieces, (*pieces[1:], None), strict=False):
            if piece.kind == "text":
                written.append(_text(piece.text, before_a_tag=after is not None))
            else:
                written.append("{{!}}" if piece.kind == "block" and _stands_alone(before, piece, after) else "")
                written.append(piece.text)
        return "".join(written)


def _read(reading: Reading) -> str:
    if reading.home == 0:
        return f"@root.{reading.name}" if reading.frames else reading.name
    out = len(reading.frames) - reading.home
    return f"{'../' * out}{reading.name}" if out else f"this.{reading.name}"


def _stands_alone(before: Piece | None, tag: Piece, after: Piece | None) -> bool:
    begins = before is None or (before.kind == "text" and ENDS_A_LINE.search(before.text) is not None)
    ends = after is None or (after.kind == "text" and BEGINS_A_LINE.match(after.text) is not None)
    # Whether {{/if}} stands alone, handlebars.js judges by the line that ends before the second {{else}} of a chain.
    return begins and (ends or tag.text.startswith("{{else"))


def _text(text: str, *, before_a_tag: bool) -> str:
    escaped = text.replace("{{", "\\{{")
    # A backslash before a tag would make it text.
    return escaped + "\\" if before_a_tag and text.endswith("\\") else escaped
