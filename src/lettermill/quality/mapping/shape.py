"""The part of a payload that a mapping reads, as the schema that its JSON is parsed with, once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lettermill.errors import ConfigError
from lettermill.quality.mapping.language import ANYTHING, TEXT, Expression, Listed, PayloadMapping, Total, lists, reads
from lettermill.quality.mapping.paths import Field, Keyed, Path, Step
from lettermill.quality.mapping.targets import TARGETS, element_of, fields_of

MALFORMED = "_malformed"


@dataclass
class Node:
    """A place in the payload: a leaf with the type it is read as, an object, or a list."""

    types: list[str] = field(default_factory=list)
    children: dict[str, "Node"] = field(default_factory=dict)
    element: "Node | None" = None
    is_branch: bool = False

    @property
    def leaf(self) -> str:
        """The type that every use agrees on; else text, which each use converts."""
        agreed = {*self.types} - {ANYTHING}
        return agreed.pop() if len(agreed) == 1 else TEXT

    @property
    def ddl(self) -> str:
        if self.element is not None:
            return f"array<{self.element.ddl}>"
        if self.is_branch:
            return f"struct<{', '.join(f'{quoted(name)}: {node.ddl}' for name, node in self.children.items())}>"
        return self.leaf

    def at(self, steps: Iterable[Step]) -> "Node":
        """The node at the end of `steps`, made on the way where it is not there."""
        node = self
        for step in steps:
            if isinstance(step, Field):
                node.is_branch = True
                node = node.children.setdefault(step.name, Node())
            else:
                node.element = node = node.element or Node()
                if isinstance(step, Keyed):
                    node.at([Field(step.key)]).types.append(TEXT)
        return node


def shape_of(mapping: PayloadMapping, *, beside: str | None = None) -> Node:
    """What the payload is parsed as, with the text `beside` what is mapped, where that can be.

    Raises ConfigError where two uses of one place do not go together.
    """
    root = Node(is_branch=True)
    for embedded in mapping.embedded:
        _use(root, embedded.text, TEXT)
    _add(root, mapping.fields, TARGETS[mapping.holds].fields)
    for embedded in mapping.embedded:
        if embedded.at not in root.children:
            mend = "read a path below it, or leave it out"
            raise ConfigError(f"embedded.{embedded.at} is read by no field", place=f"mapping {mapping.name}", mend=mend)
    _require_sense(root, mapping.name)
    if beside is not None and beside.lower() not in map(str.lower, root.children):
        root.children[beside] = Node(types=[TEXT])
    return root


def _add(root: Node, fields: Mapping[str, Expression], types: Mapping[str, str]) -> None:
    for name, expression in fields.items():
        for path, need in reads(expression, types[name]):
            _use(root, path, need)
        for one in lists(expression):
            element = root.at(one.path.steps)
            element.element = element.element or Node()
            match one:
                case Total(_, of):
                    _add(element.element, {"of": of}, {"of": "decimal(18,4)"})
                case Listed(_, inner):
                    _add(element.element, inner, fields_of(element_of(types[name])))


def _use(root: Node, path: Path, need: str) -> None:
    root.at(path.steps).types.append(TEXT if need == "timestamp" else need)  # sources write instants in many ways


def _require_sense(node: Node, name: str, at: str = "") -> None:
    """Raise ConfigError for a place that is read as two things, or has names that Spark takes for one."""
    kinds = [kind for kind, has in (("an object", node.is_branch), ("a list", node.element is not None)) if has]
    scalar = ["a value"] if {*node.types} - {ANYTHING} else []
    if len(kinds) + len(scalar) > 1:
        mend = "read its parts, or the whole, but not both"
        raise ConfigError(f"{at} is read as {' and as '.join(kinds + scalar)}", place=f"mapping {name}", mend=mend)
    seen: dict[str, str] = {}
    for child in node.children:
        if (other := seen.setdefault(child.lower(), child)) != child:
            mend = "read one of them: names that differ in case alone cannot be told apart"
            raise ConfigError(
                f"both {other!r} and {child!r} are read{f' of {at}' if at else ''}", place=f"mapping {name}", mend=mend
            )
        _require_sense(node.children[child], name, f"{at}.{child}" if at else child)
    if node.element is not None:
        _require_sense(node.element, name, f"{at}[]")


def quoted(name: str) -> str:
    """A name as DDL takes it."""
    return "`" + name.replace("`", "``") + "`"
