"""Check engagement on social media: it goes to quality.social_engagement, what is not well formed to quarantine.

Prints and asserts the balance `in = accepted + duplicates + quarantined`, and counts what has no basis for marketing.
"""

from collections.abc import Sequence
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.balances import balance
from lettermill.blocking import without_erased
from lettermill.job import Run, job
from lettermill.lake import Lake
from lettermill.quality.mapping.applying import Mappings
from lettermill.quality.quarantine import mark_duplicates, quarantined
from lettermill.quality.rules import Rule
from lettermill.quality.social import ENGAGEMENT, accepted_engagement, judged_engagement, standing_engagement
from lettermill.source_map import SocialTerms, social_terms
from lettermill.tables.ingest import RECORDS
from lettermill.tables.quality import QUARANTINE, SOCIAL_ENGAGEMENT


def check(records: DataFrame, lake: Lake, *, terms: SocialTerms, mappings: Mappings, rules: Sequence[Rule]) -> None:
    judged = judged_engagement(
        records.where(F.col("source").isin(*terms["trust"])),
        mappings=mappings,
        rules=rules,
        **terms,
    ).persist()
    marked = mark_duplicates(judged, standing=standing_engagement(lake.read(SOCIAL_ENGAGEMENT)), key=ENGAGEMENT)
    lake.add(quarantined(marked, refused_by=SOCIAL_ENGAGEMENT.name, raw=F.col("raw")), to=QUARANTINE)
    lake.append(accepted_engagement(marked), to=SOCIAL_ENGAGEMENT)
    judged.unpersist()


@job()
def main(run: Run) -> None:
    for table in (SOCIAL_ENGAGEMENT, QUARANTINE):
        run.lake.create(table)
    rules = run.settings.quality.of(SOCIAL_ENGAGEMENT)
    terms = social_terms(run.settings.sources)
    of_social = F.col("source").isin(*terms["trust"])
    with run.doing("checking engagement on social media"):
        each = partial(check, terms=terms, mappings=run.settings.mappings_of("social"), rules=rules)
        checked = without_erased(
            run, each, arriving=RECORDS, counted=lambda rows: {SOCIAL_ENGAGEMENT: rows.where(of_social)}
        )
        run.lake.follow(RECORDS, checked, as_name="check_social")
    balance(run, SOCIAL_ENGAGEMENT, arrived=run.lake.read(RECORDS).where(of_social).count())
    stored = run.lake.read(SOCIAL_ENGAGEMENT)
    run.count(social_engagement_without_basis=stored.where(~F.col("may_be_used")).count())


if __name__ == "__main__":
    main()
