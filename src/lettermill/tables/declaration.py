"""What a table declaration is. The Delta DDL, MERGE conditions, docs/tables.md and test rows all come from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

NAME = re.compile(r"[a-z][a-z0-9_]{0,127}")


@dataclass(frozen=True)
class Column:
    """One column; `type` is Spark's DDL for it, so that a declaration needs no session."""

    name: str
    type: str
    meaning: str
    required: bool = False
    personal: bool = False  # kept out of statistics, keys of layout, and listed for erasure

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"column name {self.name!r} does not match {NAME.pattern}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """One Delta table: `name` is stage.noun, and the stage is the package that owns `written_by`.

    `written_by` names the one function, `stage.module.function`, whose rows a job may store here.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    written_by: str
    cluster_by: tuple[str, ...] = ()
    constraints: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    append_only: bool = False

    def __post_init__(self) -> None:
        unknown = {*self.key, *self.cluster_by} - {column.name for column in self.columns}
        if unknown:
            raise ValueError(f"{self.name}: {sorted(unknown)} is in the key or layout but is no column")
        exposed = {*self.cluster_by} & {column.name for column in self.columns if column.personal}
        if exposed:
            raise ValueError(f"{self.name}: personal columns {sorted(exposed)} must not lay out files")

    def __hash__(self) -> int:
        return hash(self.name)  # mappings among the fields have no hash of their own

    @property
    def stage(self) -> str:
        return self.name.split(".")[0]

    @property
    def noun(self) -> str:
        return self.name.split(".")[1]

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The columns as a Spark DDL string, which `DataFrameReader.schema` and `from_json` take."""
        return ", ".join(f"{c.name} {c.type}{' NOT NULL' if c.required else ''}" for c in self.columns)

    @property
    def personal_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.personal)
