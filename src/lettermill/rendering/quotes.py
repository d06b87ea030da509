"""Values of attributes stand in quotes: without them, a space in a value would begin another attribute."""

import re
from collections.abc import Iterator

from lettermill.errors import TemplateError
from lettermill.rendering.plan.nodes import Node, Plan, Show, Text
from lettermill.rendering.plan.walking import walk

BARE = re.compile(r"<[^<>]*=\s*$")


def require_quotes(plan: Plan) -> None:
    """Raise TemplateError, with file and line, where data stands in an attribute without quotes."""
    for before, show in shown(plan):
        if BARE.search(before):
            raise TemplateError(
                "a value stands in an attribute without quotes", place=str(show.place), mend='write ="{{ ... }}"'
            )


def shown(plan: Plan) -> Iterator[tuple[str, Show]]:
    """Whatever the plan shows, with the text before it since the last value, in the order of the template."""
    before = ""
    for node in _statements(plan):
        if isinstance(node, Text):
            before += node.text
        elif isinstance(node, Show):
            yield before, node
            before = ""


def _statements(plan: Plan) -> Iterator[Node]:
    return (node for node in walk(*plan.body) if isinstance(node, Text | Show))
