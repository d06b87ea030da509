"""Plan one campaign's occurrence: who is in the audience, in which arm, why not mailed, and each message's context.

Stores campaigns.audiences, campaigns.assignments, the campaign's contexts, campaigns.exposures, rendering.templates and
delivery.outbox (planned). Planning again adds nothing: arms, contexts and messages stay as they were first planned.
"""

from pyspark.sql import functions as F

from lettermill.campaigns.occurrences import of_occurrence
from lettermill.delivery.outbox import outbox_rows
from lettermill.holding import held
from lettermill.job import Argument, Run, job
from lettermill.planning import judged_people, plan_contexts, store_exposures
from lettermill.rendering.templates import load_template, template_rows
from lettermill.secrets import resolve
from lettermill.settings import load_campaign
from lettermill.tables.campaigns import AUDIENCES
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.rendering import TEMPLATES


@job(
    Argument("--campaign", "the campaign's folder below campaigns/", required=True),
    Argument("--occurrence", "the schedule's slot: a local date, 2018-01-01", required=True),
)
def main(run: Run) -> None:
    folder, occurrence, as_of = run.settings.campaigns.folder, run.arguments.occurrence, F.lit(run.as_of)
    campaign = load_campaign(run.arguments.campaign, folder=folder)
    template = load_template(campaign, folder=folder)
    for table in (AUDIENCES, OUTBOX):
        run.lake.create(table)

    with run.doing(f"planning {campaign.name}"), held(judged_people(run, campaign)) as people:
        run.lake.add(template_rows(template, spark=run.spark, as_of=as_of), to=TEMPLATES)
        verdicts, contexts = plan_contexts(run, campaign, people, occurrence=occurrence, template=template.version)
        run.lake.add(contexts, to=campaign.contexts)
        store_exposures(run, campaign, contexts, occurrence=occurrence)
        run.lake.add(verdicts, to=AUDIENCES)
        planned = outbox_rows(
            run.lake.read(campaign.contexts).where(F.col("occurrence") == occurrence),
            provider=campaign.provider,
            contexts_table=campaign.contexts.name,
            address_key=resolve(run.settings.secrets.address_key),
            as_of=as_of,
            standing=run.lake.read(OUTBOX),
        )
        run.lake.add(planned, to=OUTBOX)

    audience = run.lake.read(AUDIENCES).where(of_occurrence(campaign.name, occurrence))
    waterfall = audience.groupBy("verdict").count().orderBy(F.desc("count"), "verdict")
    counts = {row["verdict"]: row["count"] for row in waterfall.collect()}
    run.count(audience=sum(counts.values()), **counts)
    told = ", ".join(f"{number:,} {verdict.replace('_', ' ')}" for verdict, number in counts.items())
    run.note(f"{campaign.name} {occurrence}: audience {sum(counts.values()):,}: {told}")


if __name__ == "__main__":
    main()
