"""What a payload has that its mapping does not read: how a change of a source's shape is seen.

Nothing of it is lost, since raw tables keep every payload as it came; a mapping that learns to read it is applied by
checking again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from lettermill.quality.mapping.shape import Node


def unread_paths(payloads: Iterable[Any], shape: Node) -> Counter[str]:
    """Paths that the mapping with this shape does not read, each with the number of payloads that have it."""
    found: Counter[str] = Counter()
    for payload in payloads:
        found.update({*_unread(payload, shape, "")})
    return found


def _unread(value: Any, node: Node | None, at: str) -> Iterator[str]:
    if node is None:
        yield at
    elif isinstance(value, dict) and node.is_branch:
        for name, inner in value.items():
            yield from _unread(inner, node.children.get(name), f"{at}.{name}" if at else name)
    elif isinstance(value, list) and node.element is not None:
        for element in value:
            yield from _unread(element, node.element, f"{at}[]")
