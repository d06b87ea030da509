"""Audit the checked tables: outliers, spikes, conflicts and misspelt domains, and whether each table is as expected.

What is found waits in quality.reviews for a decision (`lettermill reviews list`). Accepted corrections of addresses are
stored. Every check's result is kept in quality.checks with what it looked at; an expectation of criticality error that
is not met stops the pipeline here.
"""

from pyspark.sql import functions as F

from lettermill.auditing import correct_addresses, expected, searched
from lettermill.errors import QualityError
from lettermill.job import Run, job
from lettermill.quality.results import check_rows
from lettermill.quality.reviews import review_rows
from lettermill.tables.quality import (
    CHECKS,
    EVENTS,
    ORDER_LINES,
    PEOPLE,
    PRODUCTS,
    QUARANTINE,
    REVIEWS,
    SOCIAL_ENGAGEMENT,
)

AUDITED = (EVENTS, ORDER_LINES, PRODUCTS, PEOPLE, SOCIAL_ENGAGEMENT)


@job()
def main(run: Run) -> None:
    for table in (*AUDITED, QUARANTINE, REVIEWS, CHECKS):
        run.lake.create(table)
    with run.doing("asking what is expected of the tables"):
        results = {table.name: expected(run, table) for table in AUDITED}
    with run.doing("looking for outliers, spikes, conflicts and misspelt domains"):
        found = list(searched(run))
        for one in found:
            results[one.table].append(one.result)
        run.lake.add(review_rows([one.findings for one in found], as_of=run.as_of), to=REVIEWS)
        run.lake.replace(check_rows(results, as_of=run.as_of), into=CHECKS, where={"as_of": run.as_of})
        correct_addresses(run)
        for one in found:
            one.looked_at.unpersist()
    failed = tell(run)
    if failed:
        raise QualityError(
            "not as expected: " + "; ".join(failed),
            place="quality.checks",
            mend="mend the data or the rule in quality.yml, and run audit_quality again",
        )


def tell(run: Run) -> list[str]:
    """Note every check with its denominator, those that passed too; return the errors."""
    checks = run.lake.read(CHECKS).where(F.col("as_of") == F.lit(run.as_of)).orderBy("table_name", "kind", "check")
    failed = []
    for row in checks.collect():
        of = f"{row.rows_failed:,} of {row.rows_looked_at:,}" if row.rows_failed is not None else ""
        figure = of or (
            "nothing to measure" if row.observed is None else f"{row.observed:,.1f}, bound {row.bound:,.1f}"
        )
        run.note(f"{row.verdict:<7} {row.table_name}: {row.check}: {figure}")
        if row.verdict == "failed" and row.kind == "expectation":
            failed.append(f"{row.table_name}: {row.check}: {figure}")
    waiting = run.lake.read(REVIEWS).where("state = 'open'")
    run.count(checks=checks.count(), checks_failed=len(failed), reviews_open=waiting.count())
    return failed


if __name__ == "__main__":
    main()
