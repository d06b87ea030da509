"""Who a preview or a test mail is for: a person, somebody made up in a file, or one for each way through a template."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.arms import TREATMENT
from lettermill.campaigns.audience import candidates
from lettermill.campaigns.contexts import MARK
from lettermill.campaigns.definition import Campaign, Seed
from lettermill.campaigns.impersonal import general_inputs, with_other_links
from lettermill.collected import rows_of
from lettermill.errors import ConfigError
from lettermill.job import Run
from lettermill.planning import plan_contexts
from lettermill.rendering.columnar.inputs import leave_out
from lettermill.rendering.declared import arrow_type
from lettermill.rendering.messages import render_messages
from lettermill.rendering.preview.branches import branches_of, plans_of
from lettermill.rendering.preview.examples import Made, chosen, cover
from lettermill.rendering.preview.given import given_inputs
from lettermill.rendering.preview.variations import ABSENT, sample
from lettermill.rendering.templates import Template
from lettermill.settings import Settings

STAND_IN = "preview-"
TOKEN = 110
"""Characters of a token that unsubscribes nobody; about as long as a real one, so that sizes are right."""


@dataclass(frozen=True)
class Persona:
    """Inputs to render, and where they come from. `adds` are the branches that this persona is shown for."""

    name: str
    came_from: str
    inputs: Mapping[str, Any]
    locale: str
    adds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ways:
    """Personas that together take every branch that can be taken, and the others: `unreached` of `branches`."""

    personas: tuple[Persona, ...]
    branches: tuple[str, ...]
    unreached: tuple[str, ...]
    searched: int


def of_profile(campaign: Campaign, file: Path, *, settings: Settings) -> Persona:
    """Somebody made up: inputs as JSON, the rest as for anybody. Raises ConfigError naming what does not fit."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"cannot read the profile: {error.strerror}", place=str(file), mend="name a file") from None
    except ValueError as error:
        raise ConfigError(f"the profile is no JSON: {error}", place=str(file), mend="write one JSON object") from None
    inputs = given_inputs(document, declared=campaign.inputs, general=_general(campaign, settings), place=str(file))
    return Persona(file.stem.replace("_", "-"), f"profile {file.name}", inputs, _locale(inputs, campaign))


def of_person(run: Run, campaign: Campaign, template: Template, person_id: str) -> Persona:
    """A person, by the newest context stored, else by one built for the run's as-of and not stored.

    Raises ConfigError where the person is not known, or lacks an input that must be there.
    """
    stored = _newest_contexts(run, campaign, F.col("person_id").eqNullSafe(person_id))
    found = rows_of(stored.orderBy(F.desc("created_at")).limit(1)) if stored is not None else []
    if found:
        words = f"person {person_id}, context of {found[0]['occurrence']}"
    else:
        found = rows_of(_built_context(run, campaign, template, person_id))
        words = f"person {person_id}, built for now" + (f" as of {found[0]['created_at']:%Y-%m-%d}" if found else "")
    if not found:
        problem = f"{person_id} lacks an input that must be there, so no mail is planned for this person"
        raise ConfigError(problem, place=f"campaign {campaign.name}", mend="preview another person, or a profile")
    return _of_context(found[0], name=f"person-{person_id[:12]}", came_from=words)


def every_way(run: Run, campaign: Campaign, template: Template) -> Ways:
    """Personas for every branch: of the newest occurrence's contexts, then made-up ones for branches nobody takes."""
    types = {name: arrow_type(one.type) for name, one in campaign.inputs.items()}
    contexts = _newest_contexts(run, campaign, F.lit(True))
    taken, searched = _branches_taken(contexts, template)
    stored = _contexts_of(contexts, list(chosen(taken)))
    people = {row["message_id"]: row for row in stored}
    personas = {
        f"stored-{number}": _of_context(
            row, name="", came_from=f"person {row['person_id']}, context of {row['occurrence']}"
        )
        for number, row in enumerate((people[one] for one in chosen(taken)), start=1)
    }
    if not personas:
        made_up = {name: sample(type_, name) for name, type_ in types.items()} | _general(campaign, run.settings)
        personas = {"sample": Persona("", "made up", made_up, _locale(made_up, campaign))}
    nullable = {name: _absent_values(one.missing, one.default) for name, one in campaign.inputs.items()}
    bases = [one.inputs for one in personas.values()]
    found = cover(template, types=types, nullable=nullable, bases=bases)
    personas |= {f"made-{number}": _of_made(one, campaign) for number, one in enumerate(found.made, start=1)}
    kept = chosen({name: found.taken[place] for place, name in enumerate(personas)})
    shown = tuple(
        replace(personas[name], name=f"way-{number:02d}", adds=adds)
        for number, (name, adds) in enumerate(kept.items(), start=1)
    )
    return Ways(shown, branches_of(plans_of(template, types=types)), found.unreached, searched)


def of_seed(
    seed: Seed, campaign: Campaign, template: Template, *, settings: Settings, run: Run | None
) -> list[Persona]:
    """The personas of a seed, one or, with `every_branch`, several; `run` is needed for all but a profile."""
    if seed.profile is not None:
        home = (settings.campaigns.folder / campaign.name).resolve()
        file = (home / seed.profile).resolve()
        if not file.is_relative_to(home):
            mend = "keep profiles in the campaign's folder"
            raise ConfigError(f"seeds.{seed.name}.profile is outside", place=f"{campaign.name}/campaign.yml", mend=mend)
        return [replace(of_profile(campaign, file, settings=settings), name=seed.name)]
    assert run is not None
    if seed.person is not None:
        return [replace(of_person(run, campaign, template, seed.person), name=seed.name)]
    ways = every_way(run, campaign, template).personas
    return [replace(one, name=f"{seed.name}-{number:02d}") for number, one in enumerate(ways, start=1)]


def _of_made(made: Made, campaign: Campaign) -> Persona:
    words = "nobody's inputs: " + ", ".join(change.words() for change in made.changes)
    return Persona("", words, made.inputs, _locale(made.inputs, campaign))


def _of_context(row: Mapping[str, Any], *, name: str, came_from: str) -> Persona:
    """A persona by a stored context, whose links are nobody's: a preview must not unsubscribe anybody."""
    inputs = dict(row["inputs"])
    for path in row["missing"]:
        leave_out(inputs, path)
    token, mark = row["unsubscribe_token"], row["message_id"][:MARK]
    instead = {token: stand_in(TOKEN), mark: stand_in(MARK)}
    return Persona(name, came_from, with_other_links(inputs, instead=instead), row["locale"])


def stand_in(length: int) -> str:
    """A text in place of a token or an id."""
    return (STAND_IN * (length // len(STAND_IN) + 1))[:length]


def _general(campaign: Campaign, settings: Settings) -> dict[str, Any]:
    shop = settings.campaigns.shop
    return general_inputs(campaign, shop=shop, message_id=stand_in(MARK), token=stand_in(TOKEN))


def _locale(inputs: Mapping[str, Any], campaign: Campaign) -> str:
    return str(inputs.get("locale") or campaign.default_locale)


def _absent_values(missing: str, default: Any) -> tuple[object, ...]:
    if missing == "skip_block":
        return (ABSENT,)
    return (None,) if missing == "default" and default is None else ()


def _newest_contexts(run: Run, campaign: Campaign, condition: Column) -> DataFrame | None:
    """Contexts of the newest occurrence that has any under the condition; None where nothing is planned yet."""
    if not run.lake.exists(campaign.contexts):
        return None
    contexts = run.lake.read(campaign.contexts).where(condition).where(F.col("created_at") <= F.lit(run.as_of))
    newest = contexts.agg(F.max("occurrence").alias("occurrence")).first()
    return contexts.where(F.col("occurrence").eqNullSafe(F.lit(newest["occurrence"] if newest else None)))


def _branches_taken(contexts: DataFrame | None, template: Template) -> tuple[dict[str, Sequence[str]], int]:
    """The branches of one message for each way that any takes, under the template as it is now; and of how many."""
    if contexts is None:
        return {}, 0
    now = contexts.withColumn("template_version", F.lit(template.version))
    rendered = render_messages(now, templates={template.version: template}, engine="preview")
    ways = rendered.groupBy("branches", F.col("fault").isNull().alias("is_fine")).agg(
        F.min("message_id").alias("message_id"), F.count("*").alias("messages")
    )
    found = ways.collect()
    taken = {row["message_id"]: row["branches"] for row in found if row["is_fine"]}
    return taken, sum(row["messages"] for row in found)


def _contexts_of(contexts: DataFrame | None, message_ids: list[str]) -> list[dict[str, Any]]:
    return [] if contexts is None else rows_of(contexts.where(F.col("message_id").isin(message_ids)))


def _built_context(run: Run, campaign: Campaign, template: Template, person_id: str) -> DataFrame:
    """The person's context for the newest features until the run's as-of; nothing is stored, no arm is drawn."""
    features = run.lake.read(tables.features.PEOPLE).where(F.col("as_of") <= F.lit(run.as_of))
    newest = features.agg(F.max(F.col("as_of").cast("double")).alias("seconds")).first()
    person = run.lake.read(tables.profiles.PEOPLE).where(F.col("person_id") == person_id)
    if person.isEmpty() or newest is None or newest["seconds"] is None:
        problem = f"no person {person_id!r} is known" if person.isEmpty() else "there are no features yet"
        raise ConfigError(problem, place="profiles.people", mend="take a person_id of profiles.people, or --profile")
    moment = replace(run, as_of=datetime.fromtimestamp(newest["seconds"], UTC))
    as_of = F.lit(moment.as_of)
    known = candidates(
        person,
        features=features.where(F.col("as_of") == as_of),
        scores=run.lake.read(tables.models.SCORES).where(F.col("as_of") == as_of),
    )
    as_if_mailed = {"arm": F.lit(TREATMENT), "propensity": F.lit(1.0), "verdict": F.lit("mailed")}
    judged = known.withColumns(as_if_mailed | {"detail": F.lit(None).cast("string")})
    occurrence = moment.as_of.date().isoformat()
    return plan_contexts(moment, campaign, judged, occurrence=occurrence, template=template.version)[1]
