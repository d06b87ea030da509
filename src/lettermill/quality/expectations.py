"""Expectations: what a table must be like as a whole. Each answers what was looked at, what failed, and the bound."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.rules import Rule

if TYPE_CHECKING:
    from lettermill.quality.definition import Expectation

MINUTE = 60_000_000  # microseconds
AGGREGATES: Mapping[str, Callable[[Column], Column]] = {
    "count": F.count, "count_distinct": F.countDistinct, "sum": F.sum, "avg": F.avg, "min": F.min, "max": F.max,
}  # fmt: skip
Aggregate = Literal["count", "count_distinct", "sum", "avg", "min", "max"]


@dataclass(frozen=True)
class Bounded:
    """A figure of the whole table, which must be at least, or at most, `bound`."""

    figure: Callable[[Column, Column], Column]  # which rows count, and the moment
    bound: float
    is_least: bool


@dataclass(frozen=True)
class Unique:
    """Columns that no two rows share; rows with a null in them are not asked."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """Columns whose values stand in another table; rows with a null in them are not asked."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]


def is_aggr_not_less_than(limit: float | int, column: str = "*", aggr_type: Aggregate = "count") -> Bounded:
    return Bounded(_aggregate(column, aggr_type), float(limit), is_least=True)


def is_aggr_not_greater_than(limit: float | int, column: str = "*", aggr_type: Aggregate = "count") -> Bounded:
    return Bounded(_aggregate(column, aggr_type), float(limit), is_least=False)


def is_data_fresh(column: str, max_age_minutes: int) -> Bounded:
    """How old the newest instant of `column` is, in minutes at the moment of the check."""

    def age(counts: Column, as_of: Column) -> Column:
        newest = F.max(F.when(counts, F.expr(column)))
        return (F.unix_micros(as_of) - F.unix_micros(newest)) / MINUTE

    return Bounded(age, float(max_age_minutes), is_least=False)


def is_unique(columns: list[str]) -> Unique:
    return Unique(tuple(columns))


def foreign_key(columns: list[str], ref_table: str, ref_columns: list[str]) -> Reference:
    return Reference(tuple(columns), ref_table, tuple(ref_columns))


DATASET_CHECKS: Mapping[str, Callable[..., Bounded | Unique | Reference]] = {
    check.__name__: check
    for check in (is_aggr_not_less_than, is_aggr_not_greater_than, is_data_fresh, is_unique, foreign_key)
}
"""Check functions by name; each looks at a whole table."""

COLUMNS = ("check", "kind", "criticality", "rows_looked_at", "rows_failed", "observed", "bound", "is_met")


def measured(
    rows: DataFrame, expectations: "Sequence[Expectation]", *, as_of: Column, references: Mapping[str, DataFrame]
) -> DataFrame | None:
    """One row per expectation (COLUMNS), or None where there are none. What needs no shuffle is one pass over `rows`.

    `references` holds the tables that foreign keys name.
    """
    at_once, apart = [], []
    for one in expectations:
        what = one.check.bound(DATASET_CHECKS)() if one.check.function in DATASET_CHECKS else None
        if isinstance(what, Unique):
            apart.append(_unique(rows, one, what))
        elif isinstance(what, Reference):
            apart.append(_referring(rows, one, what, references[what.ref_table]))
        else:
            at_once.append(_bounded(one, what, as_of=as_of) if what else _row_share(one))
    frames = [rows.agg(F.array(*at_once).alias("all")).select(F.inline("all"))] if at_once else []
    return reduce(DataFrame.unionByName, [*frames, *apart]) if frames or apart else None


def result(
    *, check: str, kind: str, criticality: str, looked_at: Column, failed: Column, observed: Column, bound: Column,
    is_met: Column,
) -> Column:  # fmt: skip
    """One row's struct (COLUMNS)."""
    return F.struct(
        F.lit(check).alias("check"),
        F.lit(kind).alias("kind"),
        F.lit(criticality).alias("criticality"),
        looked_at.cast("bigint").alias("rows_looked_at"),
        failed.cast("bigint").alias("rows_failed"),
        observed.cast("double").alias("observed"),
        bound.cast("double").alias("bound"),
        F.coalesce(is_met, F.lit(False)).alias("is_met"),
    )


def _counts(one: "Expectation") -> Column:
    return F.lit(True) if one.filter is None else F.coalesce(F.expr(one.filter), F.lit(False))


def _bounded(one: "Expectation", what: Bounded, *, as_of: Column) -> Column:
    observed, bound = what.figure(_counts(one), as_of), F.lit(what.bound)
    is_met = observed >= bound if what.is_least else observed <= bound
    return _result(one, F.count_if(_counts(one)), F.lit(None), observed=observed, bound=bound, is_met=is_met)


def _row_share(one: "Expectation") -> Column:
    fails = Rule(one.check, one.name).broken() & _counts(one)
    looked_at, failed = F.count_if(_counts(one)), F.count_if(fails)
    return _share(one, looked_at, failed)


def _share(one: "Expectation", looked_at: Column, failed: Column) -> Column:
    share = failed / F.greatest(looked_at, F.lit(1))
    bound = F.lit(one.max_share)
    return _result(one, looked_at, failed, observed=share, bound=bound, is_met=share <= bound)


def _result(
    one: "Expectation", looked_at: Column, failed: Column, *, observed: Column, bound: Column, is_met: Column
) -> Column:
    return result(
        check=one.name, kind="expectation", criticality=one.criticality, looked_at=looked_at, failed=failed,
        observed=observed, bound=bound, is_met=is_met,
    )  # fmt: skip


def _unique(rows: DataFrame, one: "Expectation", what: Unique) -> DataFrame:
    per_key = _complete(rows, one, what.columns).groupBy(*what.columns).agg(F.count(F.lit(1)).alias("times"))
    looked_at, beyond = F.coalesce(F.sum("times"), F.lit(0)), F.coalesce(F.sum(F.col("times") - 1), F.lit(0))
    return per_key.agg(_share(one, looked_at, beyond).alias("one")).select("one.*")


def _referring(rows: DataFrame, one: "Expectation", what: Reference, others: DataFrame) -> DataFrame:
    known = others.select(*(F.col(ref).alias(name) for ref, name in zip(what.ref_columns, what.columns, strict=True)))
    asked = _complete(rows, one, what.columns)
    # right side: one row per key
    found = asked.join(known.distinct().withColumn("is_known", F.lit(True)), on=list(what.columns), how="left")
    share = _share(one, F.count(F.lit(1)), F.count_if(F.col("is_known").isNull()))
    return found.agg(share.alias("one")).select("one.*")


def _complete(rows: DataFrame, one: "Expectation", columns: Sequence[str]) -> DataFrame:
    return rows.where(_counts(one)).select(*columns).dropna(how="any")


def _aggregate(column: str, aggr_type: str) -> Callable[[Column, Column], Column]:
    value = F.lit(1) if column == "*" else F.expr(column)
    return lambda counts, _: AGGREGATES[aggr_type](F.when(counts, value))
