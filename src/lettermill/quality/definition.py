"""What conf/quality.yml holds: rules, expectations, what is an outlier, and which corrections are accepted."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lettermill.quality.checks import ROW_CHECKS
from lettermill.quality.expectations import DATASET_CHECKS
from lettermill.quality.rules import Check, Criticality, Rule, suggestion
from lettermill.tables import quality
from lettermill.tables.declaration import Table

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (quality.EVENTS, quality.ORDER_LINES, quality.PRODUCTS, quality.PEOPLE, quality.SOCIAL_ENGAGEMENT)
}
"""Tables that rules and expectations may be declared for: the audit asks each."""
WHILE_JUDGED = {
    "quality.events": ("not_json", "broken_text", "raw"),
    "quality.order_lines": ("received_at", "product"),
    "quality.products": ("not_json", "broken_text", "raw", "received_at"),
    "quality.people": ("not_json", "broken_text", "raw", "raw_email", "raw_birth_year", "raw_country"),
    "quality.social_engagement": ("not_json", "broken_text", "raw", "received_at"),
}
"""Columns that rules may ask about beside those of the table."""


@dataclass(frozen=True)
class Expectation:
    """What a table must be like as a whole: a check function of a row or of the table.

    Where the function looks at rows, `max_share` of them may fail. An `error` that is not met stops the pipeline.
    """

    check: Check
    name: str
    criticality: Criticality = "error"
    filter: str | None = None
    max_share: float = 0.0

    def __post_init__(self) -> None:
        if self.check.for_each_column:
            raise ValueError("an expectation names its column; for_each_column is for rules")
        self.check.bound({**ROW_CHECKS, **DATASET_CHECKS})
        if not 0 <= self.max_share <= 1:
            raise ValueError(f"max_share must be from 0 to 1, is {self.max_share}")


@dataclass(frozen=True)
class Outlier:
    """A measure of orders or customers, and how far from the others it may be.

    `measure` is an SQL aggregate over the subject's rows of quality.order_lines. `limit` is in robust standard
    deviations, or in interquartile ranges beyond the quartiles. Values below `least` are never outliers. Where it
    `holds`, the subject is kept out of segments, training and features until somebody decides.
    """

    name: str
    subject: Literal["order", "customer"]
    measure: str
    method: Literal["robust_z", "iqr"]
    limit: float
    scale: Literal["linear", "log"] = "linear"
    least: float = 0.0
    filter: str | None = None
    holds: bool = True


@dataclass(frozen=True)
class Spike:
    """A customer who suddenly orders far more often in a week than in the weeks before."""

    name: str
    limit: float = 6.0
    least_orders: int = 6
    least_weeks: int = 8
    look_back_weeks: int = 4
    filter: str | None = None
    holds: bool = True


@dataclass(frozen=True)
class AgeConflict:
    """A birth year that does not fit the age band another source tells, by more than `tolerance_years`."""

    name: str
    tolerance_years: int = 1
    holds: bool = False


@dataclass(frozen=True)
class Correction:
    """An accepted correction of a misspelt domain."""

    domain: str
    to: str
    accepted_by: str
    accepted_at: datetime
    why: str


@dataclass(frozen=True)
class Addresses:
    """Domains that people mean, with how many addresses each is taken to have beside those seen."""

    known_domains: Mapping[str, int] = field(default_factory=dict)
    least_confidence: float = 0.5
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True)
class Quality:
    """conf/quality.yml."""

    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    expectations: Mapping[str, tuple[Expectation, ...]] = field(default_factory=dict)
    outliers: tuple[Outlier, ...] = ()
    spikes: tuple[Spike, ...] = ()
    age_conflicts: tuple[AgeConflict, ...] = ()
    addresses: Addresses = field(default_factory=Addresses)

    def __post_init__(self) -> None:
        for part, named in (("rules", self.rules), ("expectations", self.expectations)):
            for table, declared in named.items():
                if table not in TABLES:
                    raise ValueError(f"{part}: no checked table {suggestion(table, TABLES)}")
                for one in declared:
                    _require_columns(f"{part}.{table}", one, known=_columns(table, one))
        names: list[str] = [f"{table}: {name}" for table in TABLES for name in self._names_of(table)]
        names += [one.name for one in self.outliers] + [one.name for one in self.spikes]
        names += [one.name for one in self.age_conflicts]
        if twice := [name for name, times in Counter(names).items() if times > 1]:
            raise ValueError(f"two checks go by the name {twice[0]!r}")

    def _names_of(self, table: str) -> Iterator[str]:
        for rule in self.rules.get(table, ()):
            yield from (one.name for one in rule.each())
        yield from (one.name for one in self.expectations.get(table, ()))

    def of(self, table: Table) -> tuple[Rule, ...]:
        """The rules of a table."""
        return self.rules.get(table.name, ())


def _columns(table: str, one: Rule | Expectation) -> tuple[str, ...]:
    """What a check may ask about. A table without a column for warnings is asked again when they are counted."""
    declared = TABLES[table].column_names
    is_judging = isinstance(one, Rule) and (one.criticality == "error" or "warnings" in declared)
    return declared + (WHILE_JUDGED[table] if is_judging else ())


def _require_columns(place: str, one: Rule | Expectation, *, known: tuple[str, ...]) -> None:
    named = [column for check in one.check.each() for column in check.columns]
    if unknown := [column for column in named if column not in known]:
        raise ValueError(f"{place}: {one.name or one.check.function}: no column {suggestion(unknown[0], known)}")
