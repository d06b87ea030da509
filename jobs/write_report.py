"""Write the run report: one page of HTML, complete in itself, on what came in, what left and what it cost.

It tells of the moment --as-of, of all campaigns, and of the models in use; what is not there yet it says in words.
"""

import json
import os
from pathlib import Path

from lettermill import reporting, tables
from lettermill.code_version import git_commit
from lettermill.job import Argument, Run, job
from lettermill.monitoring.invented import invented
from lettermill.monitoring.page import page_context, page_sources
from lettermill.monitoring.report import Report, balances, job_costs
from lettermill.rendering.pages import render_page


@job(
    Argument("--out", "the page to write", default="var/demo/report.html"),
    Argument("--prefix", "put before each registered name: lettermill.models. in a Unity Catalog", default=""),
)
def main(run: Run) -> None:
    settings, registry = run.settings, reporting.registry_of(run)
    runs = reporting.collected(reporting.rows_of(run, tables.monitoring.RUNS, as_of=run.as_of))
    truth = settings.landing.parent / "truth" / "truth.json"
    with run.doing("reading what the report shows"):
        found = reporting.campaigns_of(run)
        campaigns = tuple(campaign for campaign, _ in found)
        report = Report(
            shop=settings.campaigns.shop["name"],
            as_of=run.as_of,
            run_id=run.run_id,
            commit=git_commit(),
            environment=run.environment,
            written_at=run.started_at,
            flows=reporting.flows(run, balances=balances(runs), campaigns=campaigns),
            balances=balances(runs),
            refusals=reporting.refused(run),
            models=reporting.models(registry, prefix=run.arguments.prefix),
            ranking=reporting.ranked(registry),
            campaigns=campaigns,
            mails=reporting.sample_mails(run, tuple(definition for _, definition in found)),
            files=reporting.handed_over_files(settings.files.folder, campaigns),
            costs=job_costs(runs),
            invented=invented(json.loads(truth.read_text()) if truth.is_file() else None, place=str(truth)),
            mlflow_uri=settings.mlflow.tracking_uri,
        )
    template, partials = page_sources()
    page = render_page(template, partials=partials, context=page_context(report))
    out = Path(run.arguments.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    part.write_text(page, encoding="utf-8")
    os.replace(part, out)
    run.note(f"{report.verdict} See {out}")


if __name__ == "__main__":
    main()
