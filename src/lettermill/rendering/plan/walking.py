"""Walking a plan: the nodes below a node, and those of a whole body."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache

from lettermill.rendering.plan.nodes import Arm, Carry, Expr, Local, Loop, Merge, Node


@cache
def _named(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.name != "place")


def children(node: object) -> Iterator[Node]:
    """The nodes right below `node`, in the order they are written."""
    for name in _named(type(node)):  # type: ignore[arg-type]
        yield from _nodes(getattr(node, name))


def walk(*nodes: Node) -> Iterator[Node]:
    """Every node of a body or expression, parents first."""
    for node in nodes:
        yield node
        yield from walk(*children(node))


def live_carries(*body: Node) -> frozenset[int]:
    """The slots of what loops carry and something reads, each by its `inside`. The others need no order of steps."""
    carries: list[Carry] = []
    read: set[int] = set()
    waiting: list[Node] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Loop):
            carries += node.carried
            node = replace(node, carried=())
        elif isinstance(node, Local):
            read.add(node.slot)
        waiting += children(node)
    live: set[int] = set()
    while True:
        found = [one for one in carries if one.inside not in live and read & {one.inside, one.outside}]
        if not found:
            return frozenset(live)
        live |= {one.inside for one in found}
        read |= {node.slot for one in found for node in walk(one.before, one.after) if isinstance(node, Local)}


def expressions(node: Node) -> Iterator[Expr]:
    """The expressions right below `node`."""
    return (child for child in children(node) if isinstance(child, Expr))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, Arm | Carry | Merge):
        yield from children(value)
    elif isinstance(value, tuple):
        for one in value:
            yield from _nodes(one)
