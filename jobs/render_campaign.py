"""Pre-flight one campaign's occurrence: render every planned message, keep the hashes, and record the verdict.

Stores rendering.messages and rendering.preflights. Stops, after the verdict is stored, where more messages are faulty
than the campaign's limit allows; nothing can be handed over then. Bodies are not stored.
"""

from pyspark.sql import functions as F

from lettermill.code_version import fingerprint
from lettermill.errors import PreflightBlocked
from lettermill.job import Argument, Run, job
from lettermill.rendering.engine import engine_fingerprint
from lettermill.rendering.messages import render_messages
from lettermill.rendering.preflight import GMAIL_CLIPS, preflight, require_passed, told
from lettermill.rendering.templates import stored_template
from lettermill.settings import load_campaign
from lettermill.tables.rendering import MESSAGES, PREFLIGHTS, TEMPLATES


@job(
    Argument("--campaign", "the campaign's folder below campaigns/", required=True),
    Argument("--occurrence", "the schedule's slot: a local date, 2018-01-01", required=True),
)
def main(run: Run) -> None:
    campaign = load_campaign(run.arguments.campaign, folder=run.settings.campaigns.folder)
    occurrence, engine = run.arguments.occurrence, engine_fingerprint(fingerprint("rendering"))
    contexts = run.read(campaign.contexts).where(F.col("occurrence") == occurrence)
    versions = [row["template_version"] for row in contexts.select("template_version").distinct().collect()]
    if not versions:
        mend = f"run plan_campaign --campaign {campaign.name} --occurrence {occurrence}"
        raise PreflightBlocked("no message is planned", place=f"{campaign.name} {occurrence}", mend=mend)
    templates = run.read(TEMPLATES).where(F.col("template_version").isin(versions))
    by_version = {row["template_version"]: stored_template(row) for row in templates.collect()}

    with run.doing("rendering"):
        run.lake.add(render_messages(contexts, templates=by_version, engine=engine), to=MESSAGES)
    of_run = (F.col("engine") == engine) & F.col("template_version").isin(versions)
    verdicts = preflight(
        run.read(MESSAGES).where(of_run),
        campaign=campaign.name,
        occurrence=occurrence,
        limit_share=campaign.preflight.max_faulty_share,
        as_of=F.lit(run.as_of),
    )
    run.lake.merge(verdicts, into=PREFLIGHTS)

    of_slot = (F.col("campaign") == campaign.name) & (F.col("occurrence") == occurrence)
    stored = run.lake.read(PREFLIGHTS).where(of_slot & of_run).orderBy("template_version").collect()
    for verdict in stored:
        run.count(messages=verdict["messages"], faulty=verdict["faulty"])
        run.note(f"{verdict['verdict']}: {told(verdict)}")
        if (verdict["largest_html_bytes"] or 0) > GMAIL_CLIPS:
            run.note(f"the longest html has {verdict['largest_html_bytes']:,} bytes; Gmail clips at {GMAIL_CLIPS:,}")
    require_passed(stored)


if __name__ == "__main__":
    main()
