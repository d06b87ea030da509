"""The ids that the branches of Liquid's tags leave: written by the front end, and by the sandbox as it renders."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from liquid import Token
from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.builtin.tags.unless_tag import UnlessNode

from lettermill.rendering.liquid.parsing import position


@dataclass(frozen=True)
class Arm:
    """A block of a tag: the node and attribute that hold it (and its place there, if that is a list), and its id."""

    holder: Any
    attribute: str
    at: int | None
    kind: str
    token: Token

    @property
    def block(self) -> BlockNode:
        """The block."""
        held = getattr(self.holder, self.attribute)
        found: BlockNode = held if self.at is None else held[self.at]
        return found

    def branch(self, place: str) -> str:
        """The id, in a file that ids call `place`."""
        return f"{place}:{position(self.token)[0]}.{self.kind}"

    def put(self, block: BlockNode) -> None:
        """Have another block in its stead."""
        if self.at is None:
            setattr(self.holder, self.attribute, block)
        else:
            getattr(self.holder, self.attribute)[self.at] = block


def arms_of(node: Node) -> Iterator[Arm]:
    """The blocks of a tag of which one is rendered or another, in the order of the template."""
    if isinstance(node, IfNode | UnlessNode):
        yield Arm(node, "consequence", None, "if", node.token)
        yield from (_alternative(one) for one in node.alternatives)
        if node.default is not None:
            yield Arm(node, "default", None, "else", node.token)
    elif isinstance(node, CaseNode):
        yield from _cases(node)
    elif isinstance(node, ForNode):
        yield Arm(node, "block", None, "for", node.token)
        if node.default is not None:
            yield Arm(node, "default", None, "else", node.token)
    elif isinstance(node, TablerowNode):
        yield Arm(node, "block", None, "for", node.token)


def _alternative(node: ConditionalBlockNode) -> Arm:
    # Its own token is the one behind the tag, which may stand on a later line.
    return Arm(node, "block", None, "elif", node.expression.token)


def _cases(node: CaseNode) -> Iterator[Arm]:
    for number, block in enumerate(node.blocks):
        if isinstance(block, MultiExpressionBlockNode):
            yield Arm(block, "block", None, "elif" if number else "if", block.token)
        else:
            yield Arm(node, "blocks", number, "else", node.token)
