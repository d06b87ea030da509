"""Syntax errors of Jinja2 templates: all of them, by blanking what cannot be read and reading on."""

import difflib
import re
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError
from jinja2.parser import Parser

from lettermill.rendering.check.findings import position
from lettermill.rendering.jinja.parsing import OPTIONS, Positions

TAG = re.compile(r"\{#.*?#\}|\{%[-+]?\s*(?P<word>\w*)(?:(?!%\}).)*%\}|\{\{(?:(?!\}\}).)*\}\}", re.DOTALL)
OPENED = re.compile(r"\{[{%#](?:(?!\{[{%#]|[%}#]\}).)*", re.DOTALL)
CLOSING = {"if": "endif", "for": "endfor", "macro": "endmacro", "block": "endblock", "with": "endwith",
           "filter": "endfilter", "call": "endcall", "raw": "endraw", "autoescape": "endautoescape"}  # fmt: skip
TAGS = (*CLOSING, *CLOSING.values(), "set", "endset", "include", "extends", "import", "from", "elif", "else")
MOST = 30


@dataclass(frozen=True)
class SyntaxProblem:
    """What cannot be read, at a line and column. `unknown_tag` is a tag's word that the language does not know."""

    line: int
    column: int
    message: str
    suggestion: str
    unknown_tag: bool = False


def mended(source: str, *, file: str) -> tuple[str, list[SyntaxProblem]]:
    """The source with what cannot be read blanked out, so that what is left keeps its place; and every problem."""
    problems: list[SyntaxProblem] = []
    excused: list[str] = []  # blocks whose end stands there, but is a wrong word
    ends = ""
    for _ in range(MOST):
        try:
            Parser(Positions(**OPTIONS), source + ends, file).parse()
        except TemplateSyntaxError as error:
            opened = _open_tags(source + ends)
            if opened and (error.message or "").startswith("Unexpected end of template"):
                word, at = opened[-1]
                if word in excused:
                    excused.remove(word)
                else:
                    message = f"{{% {word} %}} is never closed"
                    problems.append(SyntaxProblem(*position(source, at), message, f"add {{% {CLOSING[word]} %}}"))
                ends += f"{{% {CLOSING[word]} %}}"
                continue
            start, stop = _offending(source, error)
            problems.append(_problem(source, start, error, opened))
            found = TAG.match(source, start)
            if found and found["word"] and found["word"].startswith("end"):
                excused += [word for word, _ in opened[-1:]]
            source = source[:start] + re.sub(r"[^\n]", " ", source[start:stop]) + source[stop:]
            continue
        return source + ends, problems
    return "", problems


def _offending(source: str, error: TemplateSyntaxError) -> tuple[int, int]:
    """From where to where a tag reaches that cannot be read."""
    starts = [0, *(found.end() for found in re.finditer("\n", source))]
    line = starts[min(error.lineno, len(starts)) - 1]
    at = line + max(getattr(error.lineno, "column", 1) - 1, 0)
    for tag in TAG.finditer(source):
        if tag.end() > at and not tag.group().startswith("{#"):
            if tag.start() <= at or _is_whole(source, tag, at):
                return tag.start(), tag.end()
            break
    opened = next((one for one in OPENED.finditer(source, line)), None)
    if opened is None:
        return line, min(line + 1, len(source))
    return opened.start(), max(opened.end() if "\n" not in opened.group() else source.find("\n", opened.start()), 1)


def _is_whole(source: str, tag: re.Match[str], at: int) -> bool:
    """Whether the error's line, of which no column is known, is that of the tag."""
    return "\n" not in source[at : tag.start()]


def _problem(source: str, start: int, error: TemplateSyntaxError, opened: list[tuple[str, int]]) -> SyntaxProblem:
    message = (
        (error.message or "not readable").split(" Jinja was looking")[0].split(" You probably made")[0].rstrip(".")
    )
    column = getattr(error.lineno, "column", 0)
    line, column = (int(error.lineno), column) if column else position(source, start)
    unknown = re.match(r"Encountered unknown tag '(\w+)'", message)
    if not unknown:
        return _unreadable(source, start, message, line, column)
    word = unknown[1]
    if word in CLOSING.values():
        wanted = f"the open block is {{% {opened[-1][0]} %}}: write {{% {CLOSING[opened[-1][0]]} %}}" if opened else ""
        return SyntaxProblem(line, column, f"{{% {word} %}} closes nothing", wanted or "take it out")
    if word in ("elif", "else"):
        return SyntaxProblem(line, column, f"{{% {word} %}} stands outside of an if", "put it into one, or take it out")
    near = difflib.get_close_matches(word, TAGS, n=1)
    known = f"did you mean {near[0]!r}?" if near else "tags are if, for, set, with, include, macro, block and filter"
    return SyntaxProblem(line, column, f"unknown tag {word!r}", known, unknown_tag=True)


def _unreadable(source: str, start: int, message: str, line: int, column: int) -> SyntaxProblem:
    """A tag that is not closed, or whose content is no expression."""
    opening = source[start : start + 2]
    for wrong, closing in (("of comment tag", "#}"), ("of raw directive", "{% endraw %}"), ("end of template", "")):
        if wrong in message:
            closing = closing or {"{{": "}}", "{%": "%}"}.get(opening, opening)
            return SyntaxProblem(*position(source, start), f"{opening} is never closed", f"add {closing}")
    char = re.fullmatch(r"(?P<words>unexpected char .*) at (?P<offset>\d+)", message)  # the lexer counts from the start
    if char:
        message, (line, column) = char["words"], position(source, int(char["offset"]))
    mend = "write an expression such as name, name.field or name | filter"
    return SyntaxProblem(line, column, message[:1].lower() + message[1:], mend)


def _open_tags(source: str) -> list[tuple[str, int]]:
    """The blocks that are open at the end, the innermost last."""
    opened: list[tuple[str, int]] = []
    for tag in TAG.finditer(source):
        word = tag["word"] or ""
        if word in CLOSING:
            opened.append((word, tag.start()))
        elif word.startswith("end") and opened and CLOSING[opened[-1][0]] == word:
            opened.pop()
    return opened
