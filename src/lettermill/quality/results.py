"""What checks found, with denominators: one row per check, those that passed too."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill.quality.expectations import result
from lettermill.quality.rules import Rule
from lettermill.tables.quality import CHECKS


def check_rows(results: Mapping[str, Sequence[DataFrame]], *, as_of: datetime) -> DataFrame:
    """Rows for quality.checks from results (expectations.COLUMNS) by table name."""
    named = [rows.withColumn("table_name", F.lit(table)) for table, frames in results.items() for rows in frames]
    missed = F.when(F.col("criticality") == "error", "failed").otherwise("warned")
    verdict = F.when(F.col("is_met"), "passed").otherwise(missed)
    together = reduce(DataFrame.unionByName, named)
    return together.withColumn("as_of", F.lit(as_of)).withColumn("verdict", verdict).select(*CHECKS.column_names)


def rule_results(
    accepted: DataFrame, quarantine: DataFrame, rules: Sequence[Rule], *, is_warned: Column | None = None
) -> DataFrame:
    """How many rows each rule of a table judged and how many broke it.

    `quarantine` holds the table's rows of quality.quarantine. Rules that refuse are counted there, those that warn
    among the `accepted` rows that `is_warned` says they are about. A row that was accepted later counts as such.
    """
    each = [one for rule in rules for one in rule.each()]
    refusing = [one for one in each if one.criticality == "error"]
    warning = [one for one in each if one.criticality == "warn"]
    warned = F.lit(True) if is_warned is None else is_warned
    refused = F.col("disposition") == "refused"
    aside = quarantine.agg(
        F.count_if(F.col("disposition") != "replayed").alias("aside"),
        *(F.count_if(refused & F.array_contains("reasons", one.name)).alias(f"r{n}") for n, one in enumerate(refusing)),
    )
    taken = accepted.agg(
        F.count(F.lit(1)).alias("taken"),
        F.count_if(warned).alias("warned"),
        *(F.count_if(warned & _noted(accepted, one)).alias(f"w{n}") for n, one in enumerate(warning)),
    )
    judged = F.col("taken") + F.col("aside")
    counted = [_result(one, judged, F.col(f"r{n}")) for n, one in enumerate(refusing)]
    counted += [_result(one, F.col("warned"), F.col(f"w{n}")) for n, one in enumerate(warning)]
    return taken.crossJoin(aside).select(F.inline(F.array(*counted)))


def found_results(looked_at: DataFrame, findings: DataFrame, *, check: str, kind: str) -> DataFrame:
    """How many subjects a check looked at, and how many it found something about; a finding never stops anything."""
    counted = looked_at.agg(F.count(F.lit(1)).alias("all")).crossJoin(findings.agg(F.count(F.lit(1)).alias("found")))
    return counted.select(
        result(
            check=check, kind=kind, criticality="warn", looked_at=F.col("all"), failed=F.col("found"),
            observed=_share(F.col("found"), F.col("all")), bound=F.lit(0.0), is_met=F.col("found") == 0,
        ).alias("one")
    ).select("one.*")  # fmt: skip


def _noted(accepted: DataFrame, rule: Rule) -> Column:
    return F.array_contains("warnings", rule.name) if "warnings" in accepted.columns else rule.broken()


def _result(rule: Rule, looked_at: Column, failed: Column) -> Column:
    return result(
        check=rule.name, kind="rule", criticality=rule.criticality, looked_at=looked_at, failed=failed,
        observed=_share(failed, looked_at), bound=F.lit(0.0), is_met=failed == 0,
    )  # fmt: skip


def _share(failed: Column, looked_at: Column) -> Column:
    return failed / F.greatest(looked_at, F.lit(1))
