"""Rules as data, in the words of Databricks' DQX: what a row must be, and what it is told when it is not."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any, Literal, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.errors import ConfigError
from lettermill.quality.checks import ROW_CHECKS

Criticality = Literal["error", "warn"]
NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Check:
    """A check function with its arguments; `for_each_column` stands for as many checks with that `column`."""

    function: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    for_each_column: tuple[str, ...] = ()

    def bound(self, known: Mapping[str, Callable[..., Any]]) -> Callable[[], Any]:
        """The function with its arguments. Raises ValueError naming what is unknown, missing or of a wrong type."""
        if self.function not in known:
            raise ValueError(f"no check function {suggestion(self.function, known)}")
        function = known[self.function]
        taken = inspect.signature(function).parameters
        if unknown := [name for name in self.arguments if name not in taken]:
            raise ValueError(f"{self.function} takes no argument {suggestion(unknown[0], taken)}")
        required = [name for name, one in taken.items() if one.default is inspect.Parameter.empty]
        if lacking := [name for name in required if name not in self.arguments]:
            raise ValueError(f"{self.function} needs the argument {lacking[0]!r}")
        kinds = get_type_hints(function)
        for name, value in self.arguments.items():
            try:
                TypeAdapter(kinds[name]).validate_python(value, strict=True)
            except ValidationError as error:
                raise ValueError(f"{self.function}.{name}: {error.errors()[0]['msg']} (is {value!r})") from None
        return lambda: function(**self.arguments)

    def each(self) -> Iterator["Check"]:
        """The check, or one for each column it stands for."""
        for column in self.for_each_column:
            yield Check(self.function, {**self.arguments, "column": column})
        if not self.for_each_column:
            yield self

    @property
    def columns(self) -> list[str]:
        """Names among the arguments that are plain columns, without the field after a dot."""
        named = [self.arguments.get(key) for key in ("column", "column1", "column2", "country", "curr_timestamp")]
        listed = self.arguments.get("columns", ())
        texts = [one for one in (*named, *listed) if isinstance(one, str)]
        return [text.split(".")[0] for text in texts if all(NAME.fullmatch(step) for step in text.split("."))]


@dataclass(frozen=True)
class Rule:
    """One rule of one table. A row that breaks an `error` rule is set aside, one that breaks a `warn` rule is noted.

    `name` is the reason the row is told; `filter` is SQL that says which rows the rule is about.
    """

    check: Check
    name: str = ""
    criticality: Criticality = "error"
    filter: str | None = None

    def __post_init__(self) -> None:
        for check in self.check.each():
            check.bound(ROW_CHECKS)

    def each(self) -> Iterator["Rule"]:
        """The rule, or one for each column it stands for; every one has a name."""
        for check in self.check.each():
            column = str(check.arguments.get("column", ""))
            name = f"{self.name}: {column}" if self.name and self.check.for_each_column else self.name
            yield replace(self, check=check, name=name or "_".join(filter(None, (column, check.function))))

    def broken(self) -> Column:
        """Whether a row breaks the rule; never null. Raises ConfigError where an expression is no SQL."""
        try:
            fails = F.coalesce(self.check.bound(ROW_CHECKS)(), F.lit(False))
            return fails if self.filter is None else F.coalesce(F.expr(self.filter), F.lit(False)) & fails
        except PySparkException as error:
            raise refused(self.name, error) from None


def judge(rows: DataFrame, *, rules: Sequence[Rule], criticality: Criticality = "error") -> DataFrame:
    """Add every reason that a row gives, in the order of the rules: `reasons` for errors, `warnings` for the others.

    The array is empty for a good row. All rules are one projection. Raises ConfigError where a rule does not fit the
    rows.
    """
    into = "reasons" if criticality == "error" else "warnings"
    judging = [one for rule in rules if rule.criticality == criticality for one in rule.each()]
    nothing = F.array().cast("array<string>")
    if not judging:
        return rows.withColumn(into, nothing)
    broken = [rule.broken() for rule in judging]
    named = (F.when(is_so, F.lit(rule.name)) for is_so, rule in zip(broken, judging, strict=True))
    found = F.array_compact(F.array(*named))
    try:
        # Spark compiles the question that is enough for most rows, and interprets the other.
        return rows.withColumn(into, F.when(reduce(or_, broken), found).otherwise(nothing))
    except PySparkException as error:
        raise refused(_misfit(rows, judging), error) from None


def refused(name: str, error: PySparkException) -> ConfigError:
    """The error for a rule that Spark cannot take, with Spark's own words on it."""
    words = str(error).strip().splitlines()[0]
    return ConfigError(f"rule {name!r}: {words}", place="quality.yml", mend="correct the rule's column or expression")


def _misfit(rows: DataFrame, rules: Sequence[Rule]) -> str:
    for rule in rules:
        try:
            rows.select(rule.broken())
        except PySparkException:
            return rule.name
    return "?"


def suggestion(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    """The name in quotes, with the nearest known one."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return repr(name) + (f", did you mean {near[0]!r}?" if near else "")
