"""What one target language must know to say: the questions that the writer asks each of them."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal as OneOf

from lettermill.rendering.exports.attributes import Draft, Kind, Record, TypeName
from lettermill.rendering.plan.nodes import And, Compare, Expr, Literal, LoopState, Not, Or

OPENS_A_TAG = re.compile(r"\{(?=[{%#]|\Z)")


@dataclass(frozen=True)
class Piece:
    """A stretch of an exported template: text as it is to be printed, a value, or a tag of a branch or loop."""

    kind: OneOf["text", "value", "block"]
    text: str


@dataclass(frozen=True)
class Frame:
    """A loop that is being written: its number and item's slot in the plan, the list that it runs over and where that
    is read, the frames that the list hangs from (itself the last), and a name that no loop around it has."""

    number: int
    slot: int
    draft: Draft
    source: "Reading"
    lineage: tuple[int, ...]
    variable: str

    @property
    def record(self) -> Record:
        """The attributes of its items."""
        assert self.draft.record is not None
        return self.draft.record


@dataclass(frozen=True)
class Reading:
    """An attribute that is read: in the record of the person (`home` 0) or of the frame `home`, from within
    `frames`."""

    name: str
    kind: Kind
    home: int
    frames: tuple[Frame, ...]


class Reads(ABC):
    """What conditions ask of the writer that meets them."""

    frames: list[Frame]

    @abstractmethod
    def flag(self, expr: Expr) -> Reading:
        """The flag that says whether `expr` counts as true, computed beforehand."""

    @abstractmethod
    def kind(self, expr: Expr) -> Kind | None:
        """Whether an input is held as it is: as a text, whole number or flag; None for anything else."""

    @abstractmethod
    def plain(self, expr: Expr) -> Reading:
        """The attribute that holds an input as it is, where `kind` knows one."""

    @abstractmethod
    def position(self, expr: Expr) -> int | None:
        """The place among the frames of the loop whose state `expr` is; None for anything else."""


class Dialect(ABC):
    """A target language.

    `types` names its kinds of attributes; a language without "whole" holds whole numbers as texts, one without "rows"
    takes loops as fragments. `states` are the tags that print what a loop knows of its step, with LOOP for its
    variable; `sees_outer` says that they do so for loops further out too. `assigns` is what must stand before a
    template that reads the attribute NAME. `keeps_blanks` is printed as nothing and makes a block keep its white space.
    `cases` are its words for upper and lower, where they do to every text what Jinja2's do. `unwritable` are texts
    that it would read as code, whatever is done.
    """

    name: str
    title: str
    suffix: str
    types: Mapping[Kind, TypeName]
    states: Mapping[str, str] = {}
    sees_outer = False
    assigns: Mapping[Kind, str] = {}
    keeps_blanks = ""
    cases: Mapping[str, str] = {}
    unwritable: Mapping[re.Pattern[str], str] = {}
    differences: tuple[str, ...] = ()

    @abstractmethod
    def show(self, reading: Reading, *, escape: bool, through: str = "") -> str:
        """The tag that prints an attribute, taken through one of `cases` if `through` names it."""

    @abstractmethod
    def condition(self, expr: Expr, reads: Reads) -> str:
        """A condition as it stands in a tag."""

    @abstractmethod
    def branch(self, conditions: Sequence[str], *, otherwise: bool) -> tuple[str, ...]:
        """The tags before each arm, before what stands otherwise, and the last."""

    def loop(self, frame: Frame, *, otherwise: bool) -> tuple[str, ...]:
        """The tags before the body, before what stands otherwise, and the last."""
        raise NotImplementedError

    def prelude(self, attributes: Sequence[Draft]) -> str:
        """What stands before the template so that it may read a person's attributes."""
        return "".join(self.assigns.get(one.kind, "").replace("NAME", one.name) for one in attributes)

    def join(self, pieces: Sequence[Piece]) -> str:
        """The pieces as one template, each text written so that none of it is read as code: here for tags that open
        with `{{`, `{%` or `{#`."""
        return "".join(OPENS_A_TAG.sub("{{ '{' }}", one.text) if one.kind == "text" else one.text for one in pieces)


def parts_of(expr: Expr, kind: type[And] | type[Or]) -> list[Expr]:
    """The parts of nested `and`s, or of nested `or`s."""
    if isinstance(expr, kind):
        return [*parts_of(expr.left, kind), *parts_of(expr.right, kind)]
    return [expr]


def negated(expr: Expr) -> Expr | None:
    """What `not` stands before, if it does."""
    return expr.of if isinstance(expr, Not) else None


def equality(expr: Expr) -> tuple[Expr, str, object] | None:
    """A comparison of something with one literal: what with, the operator and the literal's value."""
    if isinstance(expr, Compare) and len(expr.links) == 1 and isinstance(expr.links[0][1], Literal):
        return expr.of, expr.links[0][0], expr.links[0][1].value
    return None


def is_whole(value: object) -> bool:
    """Whether a literal is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def quoted(text: str, *, not_within: Sequence[str] = ()) -> str | None:
    """`text` between quotes, for languages that know no escapes in literals; None where neither quote will do."""
    if any(word in text for word in ("\n", "\r", "\\", *not_within)):
        return None
    return next((f"{quote}{text}{quote}" for quote in "'\"" if quote not in text), None)


def ends_of(expr: Expr) -> str | None:
    """first or last, if that is the state of a loop that is asked for."""
    return expr.name if isinstance(expr, LoopState) and expr.name in ("first", "last") else None
