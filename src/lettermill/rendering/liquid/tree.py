"""Walking what python-liquid's parser makes."""

from collections.abc import Iterator
from typing import Any

from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import KeywordArgument, PositionalArgument
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.ifchanged_tag import IfChangedNode
from liquid.builtin.tags.liquid_tag import LiquidNode
from liquid.expression import Expression

from lettermill.rendering.liquid.arms import arms_of


def blocks(node: Node) -> Iterator[BlockNode]:
    """The blocks of a tag, partials not included."""
    yield from (arm.block for arm in arms_of(node))
    if isinstance(node, CaptureNode | IfChangedNode | LiquidNode):
        yield node.block


def nodes(within: list[Node]) -> Iterator[Node]:
    """Every node of a file, parents first."""
    for node in within:
        yield node
        for block in blocks(node):
            yield from nodes(block.nodes)


def parts(node: Node) -> Iterator[Any]:
    """The tag itself, and the expressions, filters and arguments that it holds, not those of its blocks."""
    yield node
    for name in _slots(type(node)):
        yield from _parts(getattr(node, name, None))


def _parts(held: Any) -> Iterator[Any]:
    if isinstance(held, list):
        for one in held:
            yield from _parts(one)
    elif isinstance(held, Expression | Filter | KeywordArgument | PositionalArgument):
        yield held
        for name in _slots(type(held)):
            yield from _parts(getattr(held, name, None))
    elif isinstance(held, Node) and not isinstance(held, BlockNode):  # an elsif or a when
        for name in _slots(type(held)):
            yield from _parts(getattr(held, name, None))


def _slots(kind: type) -> Iterator[str]:
    for one in kind.__mro__:
        slots = vars(one).get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots
