"""Asking the tables whether their data is what conf/quality.yml expects: what jobs/audit_quality.py composes."""

from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.collected import rows_of
from lettermill.job import Run
from lettermill.quality.addresses import (
    CORRECTED,
    FINDING,
    accepted_corrections,
    corrected_people,
    domains,
    suggestions,
)
from lettermill.quality.conflicts import age_conflicts, told_ages
from lettermill.quality.definition import TABLES, Correction
from lettermill.quality.expectations import DATASET_CHECKS, Reference, measured
from lettermill.quality.outliers import known_lines, measured_subjects, outliers, scored_weeks, spikes, weekly_orders
from lettermill.quality.results import found_results, rule_results
from lettermill.tables import Table
from lettermill.tables.quality import ORDER_LINES, PEOPLE, QUARANTINE, REVIEWS


@dataclass(frozen=True)
class Found:
    """What one check found: the table it looked at, its subjects (kept in memory), findings, and its result."""

    table: str
    looked_at: DataFrame
    findings: DataFrame
    result: DataFrame


def expected(run: Run, table: Table) -> list[DataFrame]:
    """Results of the rules and expectations of a table."""
    conf, rows = run.settings.quality, run.read(table)
    aside = run.lake.read(QUARANTINE).where(F.col("refused_by") == table.name)
    bought = [name for name, source in run.settings.sources.items() if source.holds == "demographics"]
    is_warned = ~F.col("source").isin(bought) if table is PEOPLE else None
    came = rows.where(~F.col("origin").endswith(CORRECTED))
    expectations = conf.expectations.get(table.name, ())
    bound = [one.check.bound(DATASET_CHECKS)() for one in expectations if one.check.function == "foreign_key"]
    references = {what.ref_table: run.read(TABLES[what.ref_table]) for what in bound if isinstance(what, Reference)}
    results = measured(rows, expectations, as_of=F.lit(run.as_of), references=references)
    rules = [rule_results(came, aside, conf.of(table), is_warned=is_warned)] if conf.of(table) else []
    return rules + ([results] if results is not None else [])


def searched(run: Run) -> Iterator[Found]:
    """What every search for outliers, spikes, conflicts and misspelt domains finds."""
    conf = run.settings.quality
    lines, people = known_lines(run.read(ORDER_LINES), as_of=run.as_of), run.read(PEOPLE)
    for rule in conf.outliers:
        scored = measured_subjects(lines, rule).persist()
        found = outliers(scored, rule)
        yield Found(ORDER_LINES.name, scored, found, found_results(scored, found, check=rule.name, kind="outlier"))
    for sudden in conf.spikes:
        weeks = scored_weeks(weekly_orders(lines, sudden), sudden, as_of=run.as_of).persist()
        found = spikes(weeks, sudden)
        yield Found(ORDER_LINES.name, weeks, found, found_results(weeks, found, check=sudden.name, kind="spike"))
    for conflict in conf.age_conflicts:
        ages = told_ages(people, as_of=run.as_of).persist()
        found = age_conflicts(ages, conflict)
        yield Found(PEOPLE.name, ages, found, found_results(ages, found, check=conflict.name, kind="conflict"))
    addresses = domains(people, as_of=run.as_of).persist()
    found = suggestions(addresses, addresses=conf.addresses)
    yield Found(PEOPLE.name, addresses, found, found_results(addresses, found, check=FINDING, kind="typo"))


def correct_addresses(run: Run) -> None:
    """Store a corrected version of each record whose domain has an accepted correction, of conf or of a review."""
    reviewed = [Correction(**row) for row in rows_of(accepted_corrections(run.lake.read(REVIEWS)))]
    by_domain = {one.domain: one for one in (*reviewed, *run.settings.quality.addresses.corrections)}
    if by_domain:
        run.lake.merge(corrected_people(run.lake.read(PEOPLE), list(by_domain.values())), into=PEOPLE)
