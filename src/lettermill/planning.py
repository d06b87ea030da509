"""Planning a campaign from the tables: what plan_campaign composes, and a diff of two plans can compose again."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.arms import assignments
from lettermill.campaigns.audience import audience, candidates, judged_audience
from lettermill.campaigns.contexts import Plan, build_contexts, slates, with_message_ids
from lettermill.campaigns.definition import Campaign
from lettermill.campaigns.exposures import exposures
from lettermill.campaigns.trials import with_trial_ids
from lettermill.errors import ConfigError
from lettermill.features.people import freshest
from lettermill.job import Run
from lettermill.permitting import generic_for_objectors, with_permission, without_objectors
from lettermill.reviewed import people_kept_out
from lettermill.secrets import resolve
from lettermill.tables import Table
from lettermill.tables.campaigns import ASSIGNMENTS, BANDITS, EXPOSURES


def judged_people(run: Run, campaign: Campaign) -> DataFrame:
    """Read the campaign's audience at the run's as-of, store arms for those without, and judge everybody.

    One row per person: profile, features, scores, arm, `verdict` and `detail`.
    """
    people = audience_of(run, campaign, scores=_of_moment(run, tables.models.SCORES)).localCheckpoint()
    run.lake.create(ASSIGNMENTS)
    run.lake.add(arms_of(run, campaign, people, standing=run.lake.read(ASSIGNMENTS)), to=ASSIGNMENTS)
    arms = run.lake.read(ASSIGNMENTS).where(F.col("experiment") == campaign.experiment.name)
    return judged_by(run, campaign, people, arms=arms)


def trial_contexts(
    run: Run,
    campaign: Campaign,
    *,
    message_id: str,
    token: str,
    scores: DataFrame | None = None,
    recommendations: DataFrame | None = None,
) -> DataFrame:
    """Contexts as a plan for the run's as-of would build them, for a diff: nothing is stored and nothing can be sent.

    One row per person of the audience with `verdict`; ids and tokens are nobody's. `scores` and `recommendations` are
    those of the as-of in place of the stored ones.
    """
    scores = _of_moment(run, tables.models.SCORES) if scores is None else scores
    # Stored step by step on the executors: the people come into the plan in three places.
    people = audience_of(run, campaign, scores=scores).localCheckpoint()
    standing = run.lake.read(ASSIGNMENTS) if run.lake.exists(ASSIGNMENTS) else _no_arms(run)
    arms = arms_of(run, campaign, people, standing=standing).localCheckpoint()
    judged = judged_by(run, campaign, people, arms=arms).localCheckpoint()
    ranked = _of_moment(run, tables.models.RECOMMENDATIONS) if recommendations is None else recommendations
    picked, states = _slates(run, campaign, ranked), arm_states(run, campaign)
    plan = _plan(run, campaign, occurrence=run.as_of.date().isoformat(), template="", token_key=b"")
    people = with_trial_ids(judged, message_id=message_id, token=token)
    return build_contexts(people, slates=picked, plan=plan, states=states)


def audience_of(run: Run, campaign: Campaign, *, scores: DataFrame) -> DataFrame:
    """The people that the campaign's rule asks for at the run's as-of, with features and scores.

    Who objects to being profiled has neither, so that their mail is the one of somebody about whom nothing is known.
    """
    features = without_objectors(run, known_features(run))
    scores = without_objectors(run, scores)
    return candidates(run.read(tables.profiles.PEOPLE), features=features, scores=scores).where(campaign.audience)


def known_features(run: Run) -> DataFrame:
    """What is known of each person at the run's as-of: the newest build, or what a refresh found out since then."""
    built = _of_moment(run, tables.features.PEOPLE)
    if not run.lake.exists(tables.features.LATEST):
        return built
    return freshest(built, run.read(tables.features.LATEST).where(F.col("as_of") <= F.lit(run.as_of)))


def arms_of(run: Run, campaign: Campaign, people: DataFrame, *, standing: DataFrame) -> DataFrame:
    """Rows of campaigns.assignments for the people: as they stand, or drawn."""
    experiment = campaign.experiment
    return assignments(
        people,
        experiment=experiment.name,
        holdout_share=experiment.holdout_share,
        standing=standing,
        as_of=F.lit(run.as_of),
    )


def judged_by(run: Run, campaign: Campaign, people: DataFrame, *, arms: DataFrame) -> DataFrame:
    """The people with their arm, `verdict` and `detail`."""
    asked = with_permission(run, people, address="email", topic=campaign.topic)
    return judged_audience(asked, arms=arms, held=people_kept_out(run))


def plan_contexts(
    run: Run, campaign: Campaign, people: DataFrame, *, occurrence: str, template: str
) -> tuple[DataFrame, DataFrame]:
    """Rows for campaigns.audiences and for the campaign's contexts, from judged people and their slates.

    Beside the contexts' columns there is `choices`: which block each slot shows, and how likely that was.
    Raises ConfigError where an input that the campaign says must be there is null for somebody.
    """
    picked, states = _slates(run, campaign, _of_moment(run, tables.models.RECOMMENDATIONS)), arm_states(run, campaign)
    token_key = resolve(run.settings.secrets.unsubscribe_key)
    plan = _plan(run, campaign, occurrence=occurrence, template=template, token_key=token_key)
    people = with_message_ids(people, plan=plan)
    built = build_contexts(people, slates=picked, plan=plan, states=states).localCheckpoint()
    _require_inputs(built, campaign)
    verdicts = audience(built, campaign=campaign.name, occurrence=occurrence, as_of=F.lit(run.as_of))
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


def _plan(run: Run, campaign: Campaign, *, occurrence: str, template: str, token_key: bytes) -> Plan:
    """The plan with the versions of all tables that the run has read until now."""
    return Plan(
        campaign=campaign,
        occurrence=occurrence,
        as_of=run.as_of,
        template_version=template,
        shop=run.settings.campaigns.shop,
        versions={name: str(version) for name, version in run.versions.items()},
        token_key=token_key,
    )


def _of_moment(run: Run, table: Table) -> DataFrame:
    """The rows of the newest moment that is not after the run's as-of."""
    known = run.read(table).where(F.col("as_of") <= F.lit(run.as_of))
    newest = known.agg(F.max("as_of").alias("newest"))
    return known.join(F.broadcast(newest), on=F.col("as_of") == F.col("newest"), how="left_semi")


def _slates(run: Run, campaign: Campaign, ranked: DataFrame) -> DataFrame:
    products = run.lake.newest(tables.quality.PRODUCTS, by="valid_from", at=run.as_of)
    return slates(generic_for_objectors(run, ranked), products=products, campaign=campaign)


def _no_arms(run: Run) -> DataFrame:
    return run.spark.createDataFrame([], ASSIGNMENTS.ddl)


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
