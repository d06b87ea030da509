"""Parsing Liquid by python-liquid, and where in its source a token stands."""

from bisect import bisect_right
from functools import lru_cache

from liquid import Environment, Token
from liquid.ast import Node
from liquid.builtin.expressions import Path
from liquid.builtin.expressions.filtered import FilteredExpression
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.undefined import StrictDefaultUndefined

from lettermill.errors import TemplateError
from lettermill.rendering.liquid.filters import FILTERS

MAX_NESTING = 30  # of blocks in one file


class Language(Environment):
    """The part of Liquid that templates may use: python-liquid's own tags, and the filters that are listed.

    What is missing is a fault wherever it is used, conditions and comparisons included, but for the filter `default`,
    which replaces it.
    """

    block_nesting_limit = MAX_NESTING

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(undefined=StrictDefaultUndefined, autoescape=autoescape)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Python-liquid's tags without its extras, and the filters that are listed."""
        super().setup_tags_and_filters(extra=extra)
        self.filters = dict(FILTERS)


def parsed(source: str, *, file: str) -> list[Node]:
    """Parse one file. Raises TemplateError naming file and line."""
    return nodes_of(Language(autoescape=True), source, file=file)


def nodes_of(environment: Environment, source: str, *, file: str) -> list[Node]:
    """Parse one file by an environment. Raises TemplateError naming file and line."""
    try:
        return environment._parse(source)
    except LiquidError as error:
        line = position(error.token)[0] if error.token is not None and error.token.source == source else 1
        mend = "close every {% if %}, {% for %} and {% case %}, and every {{ with }}"
        raise TemplateError(f"template syntax: {error.message}", place=f"{file}:{line}", mend=mend) from None


def position(token: Token) -> tuple[int, int]:
    """Line and column of a token, from 1 on."""
    starts = _lines(token.source)
    index = max(token.start_index, 0)
    line = bisect_right(starts, index)
    return line, index - starts[line - 1] + 1


@lru_cache(maxsize=256)
def _lines(source: str) -> list[int]:
    """Where each line begins."""
    return [0, *(index + 1 for index, character in enumerate(source) if character == "\n")]


def words_of(expression: Expression) -> str:
    """What an expression is called in a fault."""
    if isinstance(expression, Path):
        return str(expression)
    if isinstance(expression, FilteredExpression):
        return " | ".join([words_of(expression.left), *(one.name for one in expression.filters or ())])
    return "an expression"
