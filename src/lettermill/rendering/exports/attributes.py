"""What the ESP must hold for each person: flat records of texts, whole numbers, flags and lists of such records."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal as OneOf

from lettermill.rendering.exports.wording import free
from lettermill.rendering.plan.nodes import Expr, Loop, Show

Kind = OneOf["text", "whole", "flag", "rows", "fragment"]
"""text: as Jinja2 prints it, a null as the empty text. whole: a whole number or null. flag: true or false as Jinja2
tells them apart. rows: a list of records. fragment: a text that is printed as it is, for it is escaped already."""

MAX_NAME = 40
RESERVED = frozenset({
    "if", "unless", "each", "with", "lookup", "log", "this", "insert", "equals", "and", "or", "not", "in", "nil",
    "null", "true", "false", "blank", "empty", "contains", "forloop", "loop", "else", "end", "as",
})  # fmt: skip
"""Words of one of the languages; one list, so that a name is the same in all of them."""
WORDS: Mapping[str, str] = {
    "==": "is", "!=": "is_not", ">=": "at_least", "<=": "at_most", ">": "over", "<": "under", "+": "plus",
    "*": "times", "/": "by", "%": "modulo", "~": "then",
}  # fmt: skip


@dataclass(frozen=True)
class Attribute:
    """Something the ESP holds for a person, or in each record of a list (`fields`).

    `type`, `length` and `format` are in the target's words; None where it asks for none. `stands_for` is the Jinja2
    expression it is the value of and `node` the plan's; `plain` says that this is an input as it is, not one computed
    for the export. For rows, `item` and `loop` are what the fields' expressions call the item and the loop's state,
    and `condition` lets items through. `escapes` says how a fragment is made.
    """

    name: str
    kind: Kind
    type: str
    length: int | None
    format: str | None
    meaning: str | None
    stands_for: str
    node: Expr | Loop | Show = field(repr=False)
    plain: bool
    item: str = ""
    loop: str = ""
    condition: str | None = None
    fields: tuple["Attribute", ...] = ()
    escapes: bool = False


def every(attributes: tuple[Attribute, ...]) -> Iterator[Attribute]:
    """The attributes and the fields of their records."""
    for attribute in attributes:
        yield attribute
        yield from every(attribute.fields)


@dataclass(frozen=True)
class TypeName:
    """What a target calls a kind of attribute, how long it may be, and how its values are written."""

    name: str
    length: int | None = None
    format: str | None = None


@dataclass
class Draft:
    """An attribute that is being gathered; a list's `record` grows with each field that a template reads."""

    name: str
    kind: Kind
    stands_for: str
    node: Expr | Loop | Show
    plain: bool = False
    meaning: str | None = None
    item: str = ""
    loop: str = ""
    condition: str | None = None
    record: "Record | None" = None
    escapes: bool = False


@dataclass
class Record:
    """The attributes of a person, or of an item in a list, in the order that templates read them."""

    drafts: dict[tuple[object, ...], Draft] = field(default_factory=dict)

    def hold(self, draft: Draft, *, words: str = "") -> Draft:
        """The attribute for what `draft` stands for: the one there is, or this one under a name made of `words`."""
        key = (draft.kind, draft.stands_for, draft.condition, draft.escapes)
        if key not in self.drafts:
            draft.name = self._name(words or draft.stands_for, draft)
            self.drafts[key] = draft
        return self.drafts[key]

    def attributes(self, types: Mapping[Kind, TypeName]) -> tuple[Attribute, ...]:
        """What was gathered, in a target's words."""
        return tuple(_attribute(draft, types) for draft in self.drafts.values())

    def _name(self, words: str, draft: Draft) -> str:
        name, taken = named(words), {one.name for one in self.drafts.values()}
        if name in taken:
            name = f"{name[: MAX_NAME - 9]}_{_digest(f'{draft.kind} {draft.stands_for} {draft.condition}')}"
        return free(name, taken)


def named(words: str) -> str:
    """A name made of the words of an expression: `price | money('USD')` is price_money_usd.

    Equal words make equal names; more than MAX_NAME characters are cut and told apart by a digest of all of them.
    """
    ascii_only = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    spelled = re.sub("|".join(map(re.escape, WORDS)), lambda found: f" {WORDS[found[0]]} ", ascii_only)
    name = re.sub(r"[^a-z0-9]+", "_", spelled.lower()).strip("_")
    if not name or not name[0].isalpha() or name in RESERVED:
        name = f"value_{name}".rstrip("_")
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - 9].rstrip('_')}_{_digest(words)}"
    return name


def _digest(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:8]


def _attribute(draft: Draft, types: Mapping[Kind, TypeName]) -> Attribute:
    type_ = types[draft.kind]
    return Attribute(
        draft.name, draft.kind, type_.name, type_.length, type_.format, draft.meaning, draft.stands_for, draft.node,
        draft.plain, draft.item, draft.loop, draft.condition,
        draft.record.attributes(types) if draft.record else (), draft.escapes,
    )  # fmt: skip
