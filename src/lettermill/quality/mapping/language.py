"""The mapping language: what may stand in a file of `conf/mappings`, as a typed tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lettermill.quality.mapping.paths import Path
from lettermill.quality.mapping.targets import Holds

Cast = Literal["text", "integer", "number", "iso", "seconds", "millis", "micros"]
CASTS: Mapping[str, tuple[str, ...]] = {
    "text": ("string",),
    "integer": ("int", "bigint"),
    "number": ("decimal", "double"),
    "iso": ("timestamp",),
    "seconds": ("timestamp",),
    "millis": ("timestamp",),
    "micros": ("timestamp",),
}
"""Which target types each cast gives, by how they begin."""
Wording = Literal["snake_case", "lower", "upper", "trim", "country", "year"]
WORDINGS = ("snake_case", "lower", "upper", "trim", "country", "year")
Operation = Literal["add", "subtract", "multiply"]
OPERATIONS = ("add", "subtract", "multiply")


@dataclass(frozen=True)
class Read:
    """The value at a path. Without a cast it is taken as JSON has it; with one it is text that is converted."""

    path: Path
    cast: Cast | None = None


@dataclass(frozen=True)
class Constant:
    """The same value for every row."""

    value: Any


@dataclass(frozen=True)
class First:
    """The first of some that is there."""

    of: tuple["Expression", ...]


@dataclass(frozen=True)
class Hashed:
    """An id derived from values: SHA-256 over all of them, null where none is there."""

    of: tuple["Expression", ...]


@dataclass(frozen=True)
class Joined:
    """Texts put together; null where one is missing."""

    of: tuple["Expression", ...]
    by: str = ":"


@dataclass(frozen=True)
class Calculated:
    """Numbers added, subtracted or multiplied, from left to right."""

    operation: Operation
    of: tuple["Expression", ...]


@dataclass(frozen=True)
class Total:
    """The sum of a number over the elements of a list."""

    path: Path
    of: "Expression"


@dataclass(frozen=True)
class Listed:
    """A list of objects, mapped one by one; paths of `fields` start at the element."""

    path: Path
    fields: Mapping[str, "Expression"]


@dataclass(frozen=True)
class Case:
    """`then`, where every path of `when` has one of its values and every path of `present` has any."""

    when: tuple[tuple[Path, tuple[str, ...]], ...]
    present: tuple[Path, ...]
    then: "Expression"


@dataclass(frozen=True)
class Cases:
    """The first case that holds."""

    of: tuple[Case, ...]


@dataclass(frozen=True)
class Looked:
    """Words exchanged by a table; a word that it does not have stays (`keep`), is put in snake_case, or gives null."""

    of: "Expression"
    table: Mapping[str, str]
    otherwise: Literal["keep", "snake_case", "none"] = "none"


@dataclass(frozen=True)
class Worded:
    """A text in another wording."""

    of: "Expression"
    wording: Wording


Expression = Read | Constant | First | Hashed | Joined | Calculated | Total | Listed | Cases | Looked | Worded


@dataclass(frozen=True)
class Embedded:
    """JSON inside the payload's JSON: the text at `text`, in base64 where `is_base64`, stands for the object `at`."""

    at: str
    text: Path
    is_base64: bool


@dataclass(frozen=True)
class PayloadMapping:
    """One file of `conf/mappings`: how each canonical field is filled from a payload."""

    name: str
    holds: Holds
    fields: Mapping[str, Expression]
    embedded: tuple[Embedded, ...] = field(default=())


TEXT = "string"
NUMBER = "decimal(18,4)"
ANYTHING = "anything"
"""Needed only to see whether it is there."""


def reads(expression: Expression, need: str) -> Iterator[tuple[Path, str]]:
    """Every path that an expression reads, with the type it is needed in; those within a list are left to it."""
    match expression:
        case Read(path, cast):
            yield path, need if cast is None else TEXT
        case First(of):
            for one in of:
                yield from reads(one, need)
        case Hashed(of) | Joined(of):
            for one in of:
                yield from reads(one, TEXT)
        case Calculated(_, of):
            for one in of:
                yield from reads(one, NUMBER)
        case Looked(of) | Worded(of):
            yield from reads(of, TEXT)
        case Cases(of):
            for case in of:
                yield from ((path, TEXT) for path, _ in case.when)
                yield from ((path, ANYTHING) for path in case.present)
                yield from reads(case.then, need)
        case Constant() | Total() | Listed():
            return


def lists(expression: Expression) -> Iterator[Total | Listed]:
    """The lists that an expression goes through."""
    match expression:
        case Total() | Listed():
            yield expression
        case First(of) | Hashed(of) | Joined(of) | Calculated(_, of):
            for one in of:
                yield from lists(one)
        case Looked(of) | Worded(of):
            yield from lists(of)
        case Cases(of):
            for case in of:
                yield from lists(case.then)
        case _:
            return
