"""What statements write, told by a hash: equal hashes write equal texts of equal inputs, wherever the lines stand."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from lettermill.rendering.plan.nodes import Literal, Mark, Opaque, OpaqueValue, Section, Statement
from lettermill.rendering.plan.walking import walk

SLOTS = {"slot", "item", "inside", "outside"}
BRANCHES = {"branch", "otherwise_branch", "null_branch"}
UNSEEN = {"place", "depth", "number", "words"}
SLOT_NAMES = {"Bind", "Capture", "Carry", "Local", "Loop", "Merge"}
"""Nodes whose `name` is what the template calls a slot: no text shows it."""


def digest_of(body: Sequence[Statement], *, source: str) -> str:
    """The hash of statements. `source`, the template's text, tells apart what the plan cannot express."""
    digest = sha256(repr(_Canon().of(tuple(body))).encode())
    if any(isinstance(node, Opaque | OpaqueValue) for node in walk(*body)):
        digest.update(source.encode())
    return digest.hexdigest()


class _Canon:
    """Nodes as plain tuples: slots and loops numbered as they come, branch ids and lines left out."""

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}
        self.loops: dict[int, int] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self.of(one) for one in value if not isinstance(one, Mark))
        if isinstance(value, Section):
            return self.of(value.body)
        if isinstance(value, Literal):
            return ("Literal", value.key, value.markup)
        kind: type = type(value)
        if not is_dataclass(kind):
            return value
        return (kind.__name__, *(self._field(name, getattr(value, name)) for name in _told(kind)))

    def _field(self, name: str, value: Any) -> Any:
        if name in SLOTS:
            return self.slots.setdefault(value, len(self.slots))
        if name == "loop":
            return self.loops.setdefault(value, len(self.loops))
        return value is not None if name in BRANCHES else self.of(value)


@cache
def _told(kind: Any) -> tuple[str, ...]:
    unseen = UNSEEN | ({"name"} if kind.__name__ in SLOT_NAMES else set())
    return tuple(one.name for one in fields(kind) if one.name not in unseen)
