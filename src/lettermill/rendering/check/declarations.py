"""What a campaign declares of its inputs, as far as a check before any data can use it."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from lettermill.rendering.check.findings import DEFINITION, Findings, position
from lettermill.rendering.declared import DECIMALS, SCALARS, UnknownTypeError, arrow_type

WORDS = (*SCALARS, *DECIMALS, "array", "struct", "map")
DEFAULTS: dict[type, tuple[str, ...]] = {
    str: ("string", "varchar", "char", "date", "timestamp", "timestamp_ntz", *DECIMALS),
    bool: ("boolean",),
    int: (*DECIMALS, *(name for name, type_ in SCALARS.items()
                       if pa.types.is_integer(type_) or pa.types.is_floating(type_))),
    float: ("float", "real", "double", *DECIMALS),
}  # fmt: skip
CASE_RESULT = re.compile(r"\b(?:THEN|ELSE)\b\s*(?:'(?P<text>[^']*)'(?=\s+(?:WHEN|ELSE|END)\b))?", re.IGNORECASE)


class DeclaredInput(Protocol):
    """One declared input: Spark DDL, a SQL expression, and what to do when its value is null."""

    @property
    def type(self) -> str: ...

    @property
    def value(self) -> str: ...

    @property
    def missing(self) -> str: ...

    @property
    def default(self) -> Any: ...


class Slate(Protocol):
    """The recommended products of a mail."""

    @property
    def size(self) -> int: ...


class Definition(Protocol):
    """What the check needs to know of a campaign."""

    @property
    def inputs(self) -> Mapping[str, Any]: ...

    @property
    def parts(self) -> Mapping[str, str]: ...

    @property
    def columns(self) -> Mapping[str, str]: ...

    @property
    def slate(self) -> Any: ...

    @property
    def slots(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Known:
    """What holds for an input in every message.

    `one_of` are the only values it takes, where its SQL says so; `limit` is the largest length of a list.
    """

    name: str
    type: pa.DataType
    null: bool
    missing: bool
    one_of: frozenset[object] | None = None
    limit: int | None = None
    why: str = ""


def declared(campaign: Definition, findings: Findings) -> dict[str, Known]:
    """The inputs of a campaign; what is wrong with their declaration becomes findings."""
    return {name: _known(name, one, campaign, findings) for name, one in campaign.inputs.items()}


def declared_at(name: str, source: str, *, under: str) -> tuple[int, int]:
    """Line and column of a key below `under` in campaign.yml, or of `under` itself; 0, 0 where it cannot be told."""
    section = re.search(rf"^{under}\s*:.*$", source, re.MULTILINE)
    if not name:
        return position(source, section.start()) if section else (0, 0)
    found = section and re.compile(rf"[\s{{,]{re.escape(name)}\s*:").search(source, section.start())
    return position(source, found.start() + 1) if found else (0, 0)


def _known(name: str, one: DeclaredInput, campaign: Definition, findings: Findings) -> Known:
    def wrong(message: str, suggestion: str) -> None:
        at = declared_at(name, findings.files.get(DEFINITION, ""), under="inputs")
        findings.at("LM407", DEFINITION, *at, message, suggestion)

    try:
        type_ = arrow_type(one.type)
    except UnknownTypeError as unknown:
        near = difflib.get_close_matches(unknown.word, WORDS, n=1)
        mend = f"did you mean {near[0]!r}?" if near else "write a type of Spark, such as string, int or array<...>"
        wrong(f"inputs.{name}.type: {unknown}", mend)
        type_ = pa.null()
    except ValueError:
        wrong(f"inputs.{name}.type is no type: {one.type!r}", "write Spark DDL, such as array<struct<name: string>>")
        type_ = pa.null()
    if one.default is not None and not _fits(one.default, one.type):
        wrong(
            f"inputs.{name}.default is {one.default!r}, which is no {one.type}", "write a default of the declared type"
        )
    values, may_be_null = enumeration(one.value, campaign.columns)
    null = one.missing == "default" and one.default is None and may_be_null
    if values is not None and one.default is not None:
        values |= {one.default}
    limit = campaign.slate.size if one.value.strip() == "picks" else None
    why = f"inputs.{name} has missing: default and no default" if null else ""
    return Known(name, type_, null, one.missing == "skip_block", values, limit, why)


def enumeration(value: str, columns: Mapping[str, str]) -> tuple[frozenset[object] | None, bool]:
    """The only values a SQL expression has, if it is a CASE of literal texts; and whether it may be null.

    A name of the campaign's `columns` stands for its expression.
    """
    sql = columns.get(value.strip(), value).strip()
    if not (sql[:4].upper() == "CASE" and sql[-3:].upper() == "END") or sql.upper().count("CASE") != 1:
        return None, True
    results = list(CASE_RESULT.finditer(sql))
    if any(result["text"] is None for result in results):
        return None, True
    has_else = any(result.group()[:4].upper() == "ELSE" for result in results)
    return frozenset(result["text"] for result in results), not has_else


def _fits(default: object, ddl: str) -> bool:
    """Whether a default can be cast to the type; of lists and structs the cast decides."""
    word = re.split(r"\W", ddl.strip().lower(), maxsplit=1)[0]
    return word not in SCALARS or word in DEFAULTS.get(type(default), ())
