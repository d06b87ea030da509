"""What subjects and preheaders must be: short, and one line."""

from collections.abc import Collection

from lettermill.rendering.check.findings import Findings
from lettermill.rendering.check.flow import Shown
from lettermill.rendering.check.rules import Severity
from lettermill.rendering.check.wording import words
from lettermill.rendering.plan.nodes import Apply, Branch, Loop, Place, Section, Statement, Text

LONGEST = 78
SHOWN = 60
ONE_LINE = ("striptags", "money", "number", "percent", "date", "datetime", "urlencode", "length", "plural")
"""Filters whose result holds no line break."""


def check_header(part: str, body: tuple[Statement, ...], shown: Collection[Shown], findings: Findings) -> None:
    """Check a part that becomes a header."""
    if part == "subject":
        _check_length(body, findings)
    breaks = _line_break(body)
    if breaks is not None:
        mend = "close the tags around it by dashes: {%- ... -%}, or write one line"
        findings.add("LM604", breaks, f"a line break stands in the {part}: every message that gets it is a fault", mend)
    told: set[str] = set()
    for one in shown:
        path = one.value.path
        single = isinstance(one.expr, Apply) and one.expr.filter in ONE_LINE
        if one.value.kind == "text" and one.value.one_of is None and path and path not in told and not single:
            told.add(path)
            message = f"{words(one.expr)} may hold a line break, and a message with one in the {part} is a fault"
            findings.add(
                "LM605",
                one.begins,
                message,
                f"write {{{{ {path} | striptags }}}}, which is one line, where that can happen",
            )


def _check_length(body: tuple[Statement, ...], findings: Findings) -> None:
    length, place = _longest(body)
    if length > SHOWN and place is not None:
        severity: Severity = "warning" if length > LONGEST else "note"
        message = f"the subject has {length} characters beside its data; phones show about 40, desks about {SHOWN}"
        findings.add("LM603", place, message, f"say it in less than {SHOWN}", severity=severity)


def _longest(body: tuple[Statement, ...]) -> tuple[int, Place | None]:
    """Characters of literal text on the longest way, and where the longest piece of it stands."""
    total, longest, place = 0, 0, None
    for statement in body:
        size, at = 0, None
        if isinstance(statement, Text):
            size, at = len(statement.text.strip("\n")), statement.place
        elif isinstance(statement, Section | Loop):
            size, at = _longest(statement.body)
        elif isinstance(statement, Branch):
            ways = [*(arm.body for arm in statement.arms), statement.otherwise]
            size, at = max((_longest(way) for way in ways), key=lambda way: way[0])
        total += size
        if size > longest:
            longest, place = size, at
    return total, place


def _line_break(body: tuple[Statement, ...]) -> Place | None:
    """The first text that breaks the line."""
    for statement in body:
        if isinstance(statement, Text) and "\n" in statement.text:
            return statement.place
        inner: tuple[Statement, ...] = ()
        if isinstance(statement, Section | Loop):
            inner = statement.body
        elif isinstance(statement, Branch):
            inner = (*(one for arm in statement.arms for one in arm.body), *statement.otherwise)
        found = _line_break(inner)
        if found is not None:
            return found
    return None
