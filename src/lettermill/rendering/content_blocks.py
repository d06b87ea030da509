"""Content blocks: the library that campaigns share, and the files that a campaign's slots become."""

import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import pyarrow as pa

from lettermill.rendering.declared import arrow_type

LIBRARY = "_blocks"
"""The library's folder beside the campaigns' folders; the names of its files begin so in every template."""
SLOTS = "slots"
NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
SLOT_FILE = re.compile(r"slots/(?P<slot>[a-z][a-z0-9_]*)\.(?P<part>[a-z]+)\.(?:j2|liquid)")
ONE_LINE = ("subject", "preheader")


class Declared(Protocol):
    """A declared input: its type, as Spark DDL."""

    @property
    def type(self) -> str: ...


class Slot(Protocol):
    """A place of a mail: `shown` are the blocks that it may show."""

    @property
    def shown(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Block:
    """One block of the library: `inputs` (name -> Spark DDL) are what its files read, of a struct the fields that they
    read; `sample` names a file of its folder with inputs, as JSON, to show it with."""

    name: str
    description: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    sample: str | None = None

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"a block's folder must match {NAME.pattern}, is {self.name!r}")
        for name, ddl in self.inputs.items():
            try:
                arrow_type(ddl)
            except ValueError as error:
                raise ValueError(f"the type of {name} is no type: {error}") from None


def unmet(block: Block, inputs: Mapping[str, Declared]) -> Iterator[str]:
    """In words, each input of a block that a campaign does not declare, or declares as something else."""
    for name, ddl in block.inputs.items():
        if name not in inputs:
            near = difflib.get_close_matches(name, inputs, n=1)
            told = f", did you mean {near[0]!r}?" if near else ""
            yield f"block {block.name!r} reads {name}, which is not declared under inputs{told}"
        elif not _fits(arrow_type(inputs[name].type), arrow_type(ddl)):
            yield f"block {block.name!r} reads {name} as {ddl}, but inputs.{name} is {inputs[name].type}"


def block_version(files: Mapping[str, str]) -> str:
    """A sha256 over the files of a block: equal content has one version anywhere."""
    return sha256(json.dumps(dict(files), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def block_file(block: str, part: str, *, ending: str = "j2") -> str:
    """The name, in every template of a language whose files end so, of what a block is in a part."""
    return f"{LIBRARY}/{block}/{part}.{ending}"


def slot_of(file: str, slots: Collection[str]) -> tuple[str, str] | None:
    """The slot and the part that a template means by `slots/hero.html.j2`; None for any other file."""
    found = SLOT_FILE.fullmatch(file)
    return (found["slot"], found["part"]) if found and found["slot"] in slots else None


def slot_source(slot: str, blocks: Sequence[str], *, part: str, ending: str = "j2") -> str:
    """The template of a slot: a branch for each block that it may show, each included by its name.

    So that whoever reads a template sees closed branches: no file is ever named by data. Where the part is a header,
    it is one line. The language is the one whose files end in `ending`.
    """
    if ending == "liquid":
        return _liquid_source(slot, blocks, part=part)
    around, behind = ("-", "") if part in ONE_LINE else ("", "\n\n")
    written = ""
    for word, block in zip(("if", *["elif"] * len(blocks)), blocks, strict=False):
        gap = "" if around else "\n"
        written += f"{{%{around} {word} slots.{slot} == '{block}' {around}%}}{gap}"
        written += f"{{% include '{block_file(block, part)}' %}}{behind}"
    return f"{written}{{%{around} endif {around}%}}\n" if blocks else ""


def _liquid_source(slot: str, blocks: Sequence[str], *, part: str) -> str:
    behind = "" if part in ONE_LINE else "\n"
    arms = (
        f"{{% {word} slots.{slot} == '{block}' %}}{{% include '{block_file(block, part, ending='liquid')}' %}}{behind}"
        for word, block in zip(("if", *["elsif"] * len(blocks)), blocks, strict=False)
    )
    return "".join(arms) + "{% endif %}" if blocks else ""


def _fits(has: pa.DataType, needs: pa.DataType) -> bool:
    """Whether a value is what a block reads: structs may have more fields."""
    if pa.types.is_struct(needs) and pa.types.is_struct(has):
        places = [(has.get_field_index(one.name), one.type) for one in needs]
        return all(place >= 0 and _fits(has.field(place).type, type_) for place, type_ in places)
    if pa.types.is_list(needs) and pa.types.is_list(has):
        return _fits(has.value_type, needs.value_type)
    return bool(has == needs)
