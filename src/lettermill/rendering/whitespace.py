"""Leaving out white space that no reader sees, when a template is loaded: never message by message."""

import re
from collections.abc import Iterator

from lettermill.rendering.inlining import HELD, hold_tags

UNTOUCHED = re.compile(
    r"""<!--.*?-->
      | <(?P<raw>pre|textarea|style|script)\b.*?</(?P=raw)\s*>
      | <[a-zA-Z/!](?:"[^"]*"|'[^']*'|[^'">])*>""",
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
RUN = re.compile(r"(?P<before>\ue000\d+\ue001)?(?P<run>[ \t\n]+)")
RAW = re.compile(r"\{%[-+]?\s*raw\b")


def minified(source: str, *, file: str) -> str:
    """The html template with each run of white space in its text as one line break, or one space where it has none.

    What stands within tags, in comments, `pre`, `textarea`, `style` and `script` stays as it is, and so does a file
    with a `raw` block. Lines keep their numbers, which faults and branch ids name.
    """
    held: list[str] = []
    body = source.removesuffix("\n")  # the last line break goes when the template is rendered: it stands for no space
    content = hold_tags(body, held, file=file)
    if any(RAW.match(tag) for tag in held):
        return source
    short = HELD.sub(lambda match: held[int(match[1])], "".join(_pieces(content, held)))
    return short + (source[len(body) :] or ("{##}" if short.endswith("\n") else ""))


def _pieces(content: str, held: list[str]) -> Iterator[str]:
    start = 0
    for kept in UNTOUCHED.finditer(content):
        yield _shortened(content[start : kept.start()], held)
        yield kept.group()
        start = kept.end()
    yield _shortened(content[start:], held)


def _shortened(text: str, held: list[str]) -> str:
    """Text between tags with its runs of white space shortened."""

    def shorten(match: re.Match[str]) -> str:
        before, run = match["before"] or "", match["run"]
        # A line break right behind a control tag goes when the template is rendered: it stands for no space.
        is_behind_control = before and not held[int(before[1:-1])].startswith("{{")
        trimmed = "\n" if is_behind_control and run[0] == "\n" else ""
        breaks = run[len(trimmed) :].count("\n")
        if not breaks:
            return before + trimmed + run[len(trimmed) :][:1]
        apart = " " if is_behind_control and not trimmed else ""
        kept_lines = "{#" + "\n" * (breaks - 1) + "#}" if breaks > 1 else ""
        return f"{before}{trimmed}{apart}\n{kept_lines}"

    return RUN.sub(shorten, text)
