"""What changed and why, in words; and texts side by side, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from lettermill.rendering.diff.causes import Cause
from lettermill.rendering.templates import Template

CONTEXT = 1
"""Lines told around a change."""


@dataclass(frozen=True)
class SourceChange:
    """A file of the template that changed: a part or the path of a block, as it is compiled on both sides."""

    file: str
    before: str
    after: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What changed, as unified diff lines without the heads that name files."""
        lines = unified_diff(self.before.splitlines(), self.after.splitlines(), n=CONTEXT, lineterm="")
        return tuple(islice(lines, 2, None))


def headline(*, messages: int, changed: int, patterns: int, others: int) -> str:
    """A diff in a sentence; `others` are changed messages of patterns that are not told one by one."""
    if not changed:
        return f"none of {messages:,} e-mails changes"
    told = "1 pattern" if patterns == 1 else f"{patterns} patterns"
    rest = f", and {others:,} in others" if others else ""
    verb = "changes" if changed == 1 else "change"
    return f"{changed:,} of {messages:,} e-mails {verb} ({percent(changed / messages)}), in {told}{rest}"


def percent(share: float) -> str:
    """A share of messages; what is there never reads as nothing, and what is less than all never as all."""
    if 0 < share < 0.0001:
        return "< 0.01 %"
    return "> 99.99 %" if 0.9999 < share < 1 else f"{share:.2%}".replace("%", " %")


def cause_words(cause: Cause) -> str:
    """Why messages differ, as a person would say it."""
    path, before, after = cause.path, cause.before, cause.after
    if cause.kind == "template":
        return f"the template changed {path}"
    if cause.kind == "fault":
        return f"{path} becomes faulty: {after}" if after else f"{path} is no longer faulty: {before}"
    if cause.kind == "joined":
        return f"joins the mailing (was: {_verdict(before)})"
    if cause.kind == "left":
        return f"leaves the mailing (now: {_verdict(after)})"
    if cause.kind == "order":
        return f"{path} is in another order"
    if cause.kind == "items":
        return f"{path} holds other items"
    if cause.kind == "length":
        return f"{path} has another number of items" + _from_to(before, after)
    words = {"appeared": "is there now", "disappeared": "is gone"}.get(cause.kind, "has another value")
    return f"{path} {words}" + _from_to(before, after)


def _verdict(word: str | None) -> str:
    return (word or "mailed").replace("_", " ")


def _from_to(before: str | None, after: str | None) -> str:
    return f": {before} -> {after}" if before is not None and after is not None else ""


def source_changes(before: Template, after: Template) -> tuple[SourceChange, ...]:
    """The files in which two templates differ, as they are compiled."""
    olds, news = _sources(before), _sources(after)
    files = dict.fromkeys((*olds, *news))
    found = (SourceChange(file, olds.get(file, ""), news.get(file, "")) for file in files)
    return tuple(one for one in found if one.before != one.after)


def _sources(template: Template) -> Mapping[str, str]:
    return {**template.parts, **template.partials}


def file_of(block: str) -> str:
    """The file that a block's name points to: its own, or the part."""
    part, _, path = block.split(", ", 1)[0].partition(":")
    return path or part
