"""Walking a plan: the nodes below a node, and those of a whole body."""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache

from lettermill.rendering.plan.nodes import Arm, Expr, Merge, Node


@cache
def _named(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.name != "place")


def children(node: object) -> Iterator[Node]:
    """The nodes right below `node`, in the order they are written."""
    for name in _named(type(node)):
        yield from _nodes(getattr(node, name))


def walk(*nodes: Node) -> Iterator[Node]:
    """Every node of a body or expression, parents first."""
    for node in nodes:
        yield node
        yield from walk(*children(node))


def expressions(node: Node) -> Iterator[Expr]:
    """The expressions right below `node`."""
    return (child for child in children(node) if isinstance(child, Expr))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, Arm | Merge):
        yield from children(value)
    elif isinstance(value, tuple):
        for one in value:
            yield from _nodes(one)
