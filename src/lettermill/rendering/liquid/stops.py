"""`break` and `continue` as conditions: a plan has no jumps, so what stands behind one is written where it was not met.

The two are names that no template can write, bound to whether the step goes on and whether the loop does; so branches
merge them as they merge what is assigned.
"""

from liquid.ast import Node
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.liquid_tag import LiquidNode
from liquid.builtin.tags.unless_tag import UnlessNode

from lettermill.rendering.liquid.tree import blocks

SKIPPED = "continue "
BROKEN = "break "


def stops(within: list[Node], kind: type[Node] | tuple[type[Node], ...] = (BreakNode, ContinueNode)) -> bool:
    """Whether nodes hold a `break` or `continue` of the loop around them, as far as the plan can follow it."""
    for node in within:
        if isinstance(node, kind):
            return True
        if isinstance(node, IfNode | UnlessNode | CaseNode | LiquidNode):
            found = any(stops(block.nodes, kind) for block in blocks(node))
        else:
            found = isinstance(node, ForNode) and node.default is not None and stops(node.default.nodes, kind)
        if found:
            return True
    return False
