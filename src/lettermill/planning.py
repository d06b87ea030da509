"""Planning a campaign from the tables: what plan_campaign composes, and a diff of two plans can compose again."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.arms import assignments
from lettermill.campaigns.audience import audience, candidates, judged_audience
from lettermill.campaigns.contexts import Plan, build_contexts, slates, with_message_ids
from lettermill.campaigns.definition import Campaign
from lettermill.campaigns.exposures import exposures
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.profiles.consents import permissions
from lettermill.secrets import resolve
from lettermill.tables.campaigns import ASSIGNMENTS, BANDITS, EXPOSURES


def judged_people(run: Run, campaign: Campaign) -> DataFrame:
    """Read the campaign's audience at the run's as-of, store arms for those without, and judge everybody.

    One row per person: profile, features, scores, arm, `verdict` and `detail`.
    """
    as_of = F.lit(run.as_of)
    people = candidates(
        run.read(tables.profiles.PEOPLE),
        features=run.read(tables.features.PEOPLE).where(F.col("as_of") == as_of),
        scores=run.read(tables.models.SCORES).where(F.col("as_of") == as_of),
    ).where(campaign.audience)
    run.lake.create(ASSIGNMENTS)
    drawn = assignments(
        people,
        experiment=campaign.experiment.name,
        holdout_share=campaign.experiment.holdout_share,
        standing=run.lake.read(ASSIGNMENTS),
        as_of=as_of,
    )
    run.lake.add(drawn, to=ASSIGNMENTS)
    arms = run.lake.read(ASSIGNMENTS).where(F.col("experiment") == campaign.experiment.name)
    return judged_audience(people, allowed=permissions(run.read(tables.profiles.CONSENTS), as_of=as_of), arms=arms)


def plan_contexts(
    run: Run, campaign: Campaign, people: DataFrame, *, occurrence: str, template: str
) -> tuple[DataFrame, DataFrame]:
    """Rows for campaigns.audiences and for the campaign's contexts, from judged people and their slates.

    Beside the contexts' columns there is `choices`: which block each slot shows, and how likely that was.
    Raises ConfigError where an input that the campaign says must be there is null for somebody.
    """
    as_of = F.lit(run.as_of)
    products = run.lake.newest(tables.quality.PRODUCTS, by="valid_from", at=run.as_of)
    ranked = run.read(tables.models.RECOMMENDATIONS).where(F.col("as_of") == as_of)
    states = arm_states(run, campaign)
    plan = Plan(
        campaign=campaign,
        occurrence=occurrence,
        as_of=run.as_of,
        template_version=template,
        shop=run.settings.campaigns.shop,
        versions={name: str(version) for name, version in run.versions.items()},
        token_key=resolve(run.settings.secrets.unsubscribe_key),
    )
    built = build_contexts(
        with_message_ids(people, plan=plan),
        slates=slates(ranked, products=products, campaign=campaign),
        plan=plan,
        states=states,
    )
    _require_inputs(built, campaign)
    verdicts = audience(built, campaign=campaign.name, occurrence=occurrence, as_of=as_of)
    return verdicts, built.where(F.col("verdict") == "mailed")


def arm_states(run: Run, campaign: Campaign) -> DataFrame | None:
    """The newest state of each arm at the run's as-of, where a slot asks for them and there are any."""
    is_asked = any(slot.choose == "bandit" for slot in campaign.slots.values())
    if not is_asked or not run.lake.exists(BANDITS):
        return None
    run.versions[BANDITS.name] = run.lake.version(BANDITS)
    return run.lake.newest(BANDITS, by="as_of", at=run.as_of)


def store_exposures(run: Run, campaign: Campaign, contexts: DataFrame, *, occurrence: str) -> None:
    """Store what the messages of the occurrence show; `contexts` are those that `plan_contexts` made.

    What a message shows is read from its stored context, so that planning again tells nothing else.
    """
    stored = run.lake.read(campaign.contexts).where(F.col("occurrence") == occurrence)
    run.lake.add(exposures(stored, choices=contexts, campaign=campaign, as_of=F.lit(run.as_of)), to=EXPOSURES)


def _require_inputs(built: DataFrame, campaign: Campaign) -> None:
    must = [name for name, declared in campaign.inputs.items() if declared.missing == "fail"]
    lacking = built.where(F.col("verdict") == "missing_input").select(F.explode(F.split("detail", ", ")).alias("input"))
    counts = {row["input"]: row["count"] for row in lacking.groupBy("input").count().collect() if row["input"] in must}
    if counts:
        told = ", ".join(f"{name} of {number:,} people" for name, number in sorted(counts.items()))
        raise ConfigError(
            f"inputs that must be there are null: {told}",
            place=f"campaigns/{campaign.name}/campaign.yml",
            mend="mend `value`, or let `missing` be default or skip_person",
        )
