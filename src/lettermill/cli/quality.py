"""`lettermill quality`: the rules and expectations that data is held to, and how the last audits went."""

from typing import Annotated

import typer
from pyspark.sql import functions as F

from lettermill.cli.quality_lake import INSTALLED, Catalog, Conf, Env, console, opened, plain_table
from lettermill.quality.checks import ROW_CHECKS
from lettermill.quality.definition import Expectation
from lettermill.quality.expectations import DATASET_CHECKS
from lettermill.quality.rules import Check, Rule
from lettermill.settings import load_quality
from lettermill.tables.quality import CHECKS

quality = typer.Typer(help="Rules, expectations, and how the last audit went.", no_args_is_help=True)


@quality.command("check")
def check(conf: Conf = INSTALLED) -> None:
    """Validate quality.yml: exit code 0, or 1 with what is wrong, where, and the nearest right word."""
    declared = load_quality(conf=conf)
    rules = sum(len(list(rule.each())) for of_table in declared.rules.values() for rule in of_table)
    expectations = sum(map(len, declared.expectations.values()))
    searches = len(declared.outliers) + len(declared.spikes) + len(declared.age_conflicts)
    console.print(
        f"quality.yml is right: {rules} rules and {expectations} expectations of {len(declared.rules)} tables, "
        f"{searches} searches for outliers and conflicts, {len(declared.addresses.known_domains)} known domains, "
        f"{len(declared.addresses.corrections)} accepted corrections; {len(ROW_CHECKS) + len(DATASET_CHECKS)} check "
        "functions to choose from",
        soft_wrap=True,
    )


@quality.command("rules")
def rules(conf: Conf = INSTALLED) -> None:
    """List the rules and expectations of each table."""
    declared = load_quality(conf=conf)
    table = plain_table("table", "kind", "criticality", "name", "check", "of rows where")
    for name, of_table in declared.rules.items():
        for rule in (one for each in of_table for one in each.each()):
            _add(table, name, "rule", rule)
    for name, expected in declared.expectations.items():
        for one in expected:
            _add(table, name, "expectation", one)
    console.print(table)


@quality.command("results")
def results(
    as_of: Annotated[str | None, typer.Option("--as-of", help="the audit's moment; the last one if not given")] = None,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Show an audit's checks with what each looked at, those that passed too."""
    lake, _ = opened(env, conf, catalog)
    kept = lake.read(CHECKS)
    asked = F.lit(as_of).cast("timestamp") if as_of else kept.agg(F.max("as_of")).collect()[0][0]
    table = plain_table("table", "kind", "check", "verdict", "looked at", "failed", "figure", "bound")
    for row in kept.where(F.col("as_of") == asked).orderBy("table_name", "kind", "check").collect():
        failed = "" if row.rows_failed is None else f"{row.rows_failed:,}"
        figures = ["" if value is None else f"{value:,.4g}" for value in (row.observed, row.bound)]
        table.add_row(row.table_name, row.kind, row.check, row.verdict, f"{row.rows_looked_at:,}", failed, *figures)
    console.print(table)


def _add(table: object, name: str, kind: str, one: Rule | Expectation) -> None:
    words = (name, kind, one.criticality, one.name, _words(one.check), one.filter or "")
    table.add_row(*words)  # type: ignore[attr-defined]


def _words(check: Check) -> str:
    return f"{check.function}({', '.join(f'{name}={_short(value)}' for name, value in check.arguments.items())})"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
