"""Parsing Jinja2 by Jinja2, with columns, which its own nodes do not keep."""

from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from lettermill.errors import TemplateError

OPTIONS: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
"""How every template's whitespace is read, whoever renders it."""


class Position(int):
    """A line number that also knows the column, from 1 on: Jinja2 carries it from the token to the node."""

    column: int

    def __new__(cls, line: int, column: int) -> "Position":
        position = super().__new__(cls, line)
        position.column = column
        return position


class Positions(Environment):
    """Reads templates; it renders none."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        tokens = _positioned(self.lexer.tokeniter(source, name, filename, state), source)
        return TokenStream(self.lexer.wrap(tokens, name, filename), name, filename)


def parsed(source: str, *, file: str) -> nodes.Template:
    """Parse one file. Raises TemplateError naming file and line."""
    try:
        return Parser(Positions(**OPTIONS), source, file).parse()
    except TemplateSyntaxError as error:
        mend = "close every {% if %} and {% for %}, and every {{ with }}"
        raise TemplateError(f"template syntax: {error.message}", place=f"{file}:{error.lineno}", mend=mend) from None


def words_of(node: nodes.Node) -> str:
    """What an expression is called in a fault."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{words_of(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return f"{words_of(node.node)}[{node.arg.value!r}]"
    if isinstance(node, nodes.Filter) and node.node is not None:
        return f"{words_of(node.node)} | {node.name}"
    return "an expression"


def _positioned(tokens: Iterator[tuple[int, str, str]], source: str) -> Iterator[tuple[int, str, str]]:
    """The tokens with columns: each stands in the source behind the one before it."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    at = 0
    for line, kind, text in tokens:
        found = source.find(text, at)
        at = at if found < 0 else found
        yield Position(line, at - source.rfind("\n", 0, at)), kind, text
        at += len(text)
