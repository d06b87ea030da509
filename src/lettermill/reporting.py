"""Reading what the run report shows, from tables, MLflow and files: what the report job is made of.

A table that does not exist yet, a campaign not planned, a model not registered: each is told as such, none stops it.
"""

import json
from dataclasses import asdict, replace
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill import tables
from lettermill.campaigns.definition import Campaign as Definition
from lettermill.code_version import fingerprint
from lettermill.job import Run
from lettermill.models.registry import Registry
from lettermill.monitoring.mails import data_uri, sample_contexts, self_contained
from lettermill.monitoring.report import Balance, Flow, Model, Refusal, Stage, refusals
from lettermill.monitoring.report_campaigns import Campaign, PayloadFile, SampleMail, payload_files, preflight
from lettermill.monitoring.report_models import Ranking, curves, ranking
from lettermill.rendering.engine import engine_fingerprint
from lettermill.rendering.messages import render_bodies
from lettermill.rendering.templates import stored_template
from lettermill.settings import load_campaign
from lettermill.tables import Table

MODELS = {
    "churn": ("Churn", "Who will not order in the weeks after?"),
    "next_purchase": ("Next purchase", "Who will order in the days after?"),
}
"""Registered model -> (title, the question it answers)."""
AUDIENCES = {"loyal": "A loyal customer", "lapsing": "A lapsing customer", "new": "A brand-new customer"}


def rows_of(run: Run, table: Table, **equal: Any) -> DataFrame | None:
    """The rows of `table` whose columns equal what is given, or None where the table does not exist yet."""
    if not run.lake.exists(table):
        return None
    rows = run.read(table)
    for column, value in equal.items():
        rows = rows.where(F.col(column) == F.lit(value))
    return rows


def collected(rows: DataFrame | None) -> list[dict[str, Any]]:
    return [] if rows is None else [row.asDict(recursive=True) for row in rows.collect()]


def counted(rows: DataFrame | None) -> int | None:
    return None if rows is None else rows.count()


def counts_by(rows: DataFrame | None, column: str) -> dict[str, int]:
    counted = collected(None if rows is None else rows.groupBy(column).count())
    return dict(sorted((row[column], row["count"]) for row in counted))


def refused(run: Run) -> tuple[Refusal, ...]:
    rows = rows_of(run, tables.quality.QUARANTINE)
    by_reason = None if rows is None else rows.groupBy("refused_by", "disposition", "reasons")
    return refusals(collected(None if by_reason is None else by_reason.agg(F.count("*").alias("rows"))))


def models(registry: Registry, *, prefix: str) -> tuple[Model, ...]:
    found = []
    for name, (title, question) in MODELS.items():
        champion = registry.champion(prefix + name)
        document = registry.document(champion, "curves.json") if champion else None
        known = curves(document) if document else None
        invented_gain = champion.metrics.get("invented_features_gain") if champion else None
        found.append(Model(name, title, question, champion.version if champion else None, known, invented_gain))
    return tuple(found)


def ranked(registry: Registry) -> Ranking | None:
    champion = registry.champion("recommender")
    return ranking(registry.document(champion, "ranking.json"), version=champion.version) if champion else None


def campaigns_of(run: Run) -> list[tuple[Campaign, Definition]]:
    """Every campaign as it came out, with its declaration, that with the largest audience first."""
    folder = run.settings.campaigns.folder
    names = sorted(file.parent.name for file in folder.glob("*/campaign.yml"))
    found = [(campaign(run, definition), definition) for definition in (load_campaign(n, folder=folder) for n in names)]
    return sorted(found, key=lambda pair: (-pair[0].audience, pair[0].name))


def campaign(run: Run, definition: Definition) -> Campaign:
    """One campaign as planned for this moment, and as far as it has come."""
    planned = rows_of(run, tables.campaigns.AUDIENCES, campaign=definition.name, planned_as_of=run.as_of)
    judged = collected(None if planned is None else planned.groupBy("occurrence", "verdict").count())
    occurrence = max((row["occurrence"] for row in judged), default=None)
    unplanned = Campaign(definition.name, _title(definition), definition.description.rstrip("."), occurrence)
    if occurrence is None:
        return unplanned
    of_run = {"campaign": definition.name, "occurrence": occurrence}
    checks = collected(rows_of(run, tables.rendering.PREFLIGHTS, **of_run))
    engine = engine_fingerprint(fingerprint("rendering"))
    newest = max(checks, key=lambda row: (row["engine"] == engine, row["checked_as_of"], row["messages"]), default=None)
    return replace(
        unplanned,
        verdicts={row["verdict"]: row["count"] for row in judged if row["occurrence"] == occurrence},
        preflight=preflight(newest),
        states=counts_by(rows_of(run, tables.delivery.OUTBOX, **of_run), "state"),
        sources=_sources(rows_of(run, definition.contexts, occurrence=occurrence), definition),
    )


def flows(run: Run, *, balances: tuple[Balance, ...], campaigns: tuple[Campaign, ...]) -> tuple[Flow, ...]:
    """Rows per stage, from the landing files to the messages handed over."""
    lines = next((one for one in balances if one.table == tables.quality.ORDER_LINES.name), None)
    scores = rows_of(run, tables.models.SCORES, as_of=run.as_of)
    checks = [one.preflight for one in campaigns if one.preflight]
    events = (
        Stage("Lines in landing files", "landing", landed_lines(run)),
        Stage("Taken in", "ingest.events", counted(rows_of(run, tables.ingest.EVENTS))),
        Stage("Well-formed, once each", "quality.events", counted(rows_of(run, tables.quality.EVENTS))),
    )
    ordered = (
        Stage("Lines of accepted orders", "quality.events", lines.arrived if lines else None),
        Stage("Well-formed", "quality.order_lines", counted(rows_of(run, tables.quality.ORDER_LINES))),
    )
    people = (
        Stage("Known, identities resolved", "profiles.people", counted(rows_of(run, tables.profiles.PEOPLE))),
        Stage("With features", "features.people", counted(rows_of(run, tables.features.PEOPLE, as_of=run.as_of))),
        Stage("Scored", "models.scores", counted(None if scores is None else scores.select("person_id").distinct())),
    )
    messages = (
        Stage("In an audience", "campaigns.audiences", sum(one.audience for one in campaigns)),
        Stage("With a context", "campaigns.contexts_…", sum(one.mailed for one in campaigns)),
        Stage("Rendered without fault", "rendering.messages", sum(one.messages - one.faulty for one in checks)),
        Stage("Handed over", "delivery.outbox", sum(one.handed_over for one in campaigns)),
    )
    return (
        Flow("Events", events),
        Flow("Order lines", ordered),
        Flow("People", people),
        Flow("Messages, all campaigns", messages),
    )


def landed_lines(run: Run) -> int | None:
    """Lines that are not blank in the landing files of the event sources, read anew, by another way than ingest's."""
    sources = [source for source in run.settings.sources.values() if source.kind == "events"]
    folders = [folder for source in sources if (folder := run.settings.landing / source.path).is_dir()]
    if not folders:
        return None
    reader = run.spark.read.option("recursiveFileLookup", "true").option("lineSep", "\n")
    found = reduce(DataFrame.unionByName, (reader.text(str(folder.absolute())) for folder in folders))
    return found.where(F.col("value").rlike(r"\S")).count()


def sample_mails(run: Run, definitions: tuple[Definition, ...]) -> tuple[SampleMail, ...]:
    """An e-mail for each kind of customer, rendered again: of the first campaign that has one without a fault."""
    images = {file.name: data_uri(file.name, file.read_bytes()) for file in run.settings.landing.glob("images/*.*")}
    found: dict[str, SampleMail] = {}
    for definition in definitions:
        contexts = rows_of(run, definition.contexts, created_at=run.as_of) if "segment" in definition.inputs else None
        if contexts is None or not run.lake.exists(tables.rendering.TEMPLATES):
            continue
        of_campaign = rows_of(run, tables.rendering.TEMPLATES, campaign=definition.name)
        templates = {row["template_version"]: stored_template(row) for row in collected(of_campaign)}
        for row in collected(
            render_bodies(sample_contexts(contexts, locale=definition.default_locale), templates=templates)
        ):
            if row["fault"] is None:
                found.setdefault(row["kind"], _mail(run, definition, row, images))
    return tuple(found[kind] for kind in AUDIENCES if kind in found)


def handed_over_files(folder: Path, campaigns: tuple[Campaign, ...]) -> tuple[PayloadFile, ...]:
    """The files that the manifests of the campaigns' slots name."""
    homes = [folder / campaign.name / campaign.occurrence for campaign in campaigns if campaign.occurrence]
    manifests = [manifest for home in homes for manifest in sorted(home.glob("manifest*.json"))]
    return payload_files(
        entry for manifest in manifests for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]
    )


def registry_of(run: Run) -> Registry:
    return Registry(**asdict(run.settings.mlflow))


def _title(definition: Definition) -> str:
    return definition.name.replace("_", " ").capitalize()


def _sources(contexts: DataFrame | None, definition: Definition) -> dict[str, int]:
    """Products shown, by where they come from."""
    picks = definition.inputs.get("picks")
    if contexts is None or picks is None or "source:" not in picks.type:
        return {}
    return counts_by(contexts.select(F.explode("inputs.picks.source").alias("source")), "source")


def _mail(run: Run, definition: Definition, row: dict[str, Any], images: dict[str, str]) -> SampleMail:
    bodies = row["bodies"]
    return SampleMail(
        audience=AUDIENCES.get(row["kind"], row["kind"]),
        campaign=_title(definition),
        sender=run.settings.campaigns.shop["name"],
        subject=bodies["subject"],
        preheader=bodies.get("preheader", "").strip(),
        html=self_contained(bodies["html"], images=images),
    )
