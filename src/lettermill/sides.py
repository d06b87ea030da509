"""The sides of a diff: what `--from` and `--to` may name, and what they stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pyspark.sql import functions as F

from lettermill.campaigns.definition import Campaign
from lettermill.collected import rows_of
from lettermill.errors import ConfigError
from lettermill.job import Run, moment
from lettermill.rendering.templates import Template, load_template, stored_template
from lettermill.tables.campaigns import stored_contexts
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.rendering import TEMPLATES

WORKING = "working"
HASH = re.compile(r"[0-9a-f]{6,64}")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*", re.DOTALL)
MODEL = re.compile(r"(?:model:)?(?P<name>[A-Za-z_][\w.]*)@(?P<version>\w+)")
FORMS = (
    "working (the files as they are), a template version (6 or more of its hex digits), "
    "a date (2018-01-02) or a model's version (churn@3)"
)
Kind = Literal["template", "date", "model"]


@dataclass(frozen=True)
class Asked:
    """What a side was asked to be, not looked up yet."""

    text: str
    kind: Kind
    as_of: datetime | None = None
    model: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Slot:
    """The occurrence whose contexts a diff looks at, where they are stored, and the as-of they were planned for."""

    occurrence: str
    contexts_table: str
    template_version: str
    as_of: datetime


def asked(text: str) -> Asked:
    """Read what was given. Raises ConfigError with the forms there are."""
    if text == WORKING or HASH.fullmatch(text):
        return Asked(text, "template")
    if DATE.fullmatch(text):
        try:
            return Asked(text, "date", as_of=moment(text))
        except Exception as error:
            raise ConfigError(f"{text!r} is no date: {error}", place="--from, --to", mend="write 2018-01-02") from None
    found = MODEL.fullmatch(text)
    if found:
        return Asked(text, "model", model=found["name"], version=found["version"])
    raise ConfigError(f"{text!r} names nothing to compare", place="--from, --to", mend=f"give {FORMS}")


def require_pair(given: Sequence[Asked | None]) -> None:
    """Raise ConfigError where a template is to be compared with something else."""
    kinds = {one.kind for one in given if one is not None}
    if "template" in kinds and len(kinds) > 1:
        problem = f"{' and '.join(one.text for one in given if one)} cannot be compared: one is a template"
        raise ConfigError(problem, place="--from, --to", mend="give two templates, or dates and model versions")


def slot_of(run: Run, campaign: Campaign, occurrence: str | None) -> Slot:
    """The occurrence that was asked for, else the newest that is planned. Raises ConfigError where there is none."""
    mend = f"run plan_campaign --campaign {campaign.name} --occurrence ..."
    planned = _planned(run, campaign)
    if not planned:
        raise ConfigError("no message is planned, so there is nothing to compare", place=campaign.name, mend=mend)
    wanted = max(planned) if occurrence is None else occurrence
    if wanted not in planned:
        told = ", ".join(sorted(planned, reverse=True)[:5])
        raise ConfigError(f"nothing is planned for {wanted}", place=campaign.name, mend=f"give one of: {told}")
    names = planned[wanted]
    name = campaign.contexts.name if campaign.contexts.name in names else min(names)
    contexts = run.lake.read(stored_contexts(name)).where(F.col("occurrence") == wanted)
    newest = rows_of(contexts.select("template_version", "created_at").orderBy(F.desc("created_at")).limit(1))
    if not newest:
        raise ConfigError(f"the contexts of {wanted} are gone", place=name, mend="give another --occurrence")
    return Slot(wanted, name, newest[0]["template_version"], newest[0]["created_at"])


def _planned(run: Run, campaign: Campaign) -> dict[str, list[str]]:
    """The campaign's occurrences, each with the tables in which its contexts are."""
    if not run.lake.exists(OUTBOX):
        return {}
    posted = run.lake.read(OUTBOX).where(F.col("campaign") == campaign.name)
    found: dict[str, list[str]] = {}
    for row in posted.select("occurrence", "contexts_table").distinct().collect():
        found.setdefault(row["occurrence"], []).append(row["contexts_table"])
    return found


def template_of(run: Run, campaign: Campaign, text: str) -> Template:
    """The files as they are, or a stored version by the beginning of its hash.

    Raises ConfigError where no version or several begin so, with those there are.
    """
    if text == WORKING:
        return load_template(campaign, folder=run.settings.campaigns.folder)
    stored = run.lake.read(TEMPLATES).where(F.col("campaign") == campaign.name)
    rows = stored.orderBy(F.desc("first_used_at"), "template_version").collect()
    found = [row for row in rows if row["template_version"].startswith(text)]
    if len(found) == 1:
        return stored_template(found[0])
    there = ", ".join(row["template_version"][:12] for row in (found or rows)[:5])
    problem = f"{'several versions begin' if found else 'no version begins'} with {text!r}"
    raise ConfigError(problem, place=f"rendering.templates of {campaign.name}", mend=f"there are: {there or 'none'}")


def stored_slot(run: Run, campaign: Campaign, side: Asked) -> str | None:
    """The occurrence whose stored contexts are the plan that a date asks for; None where it has to be built."""
    if side.kind != "date" or not run.lake.exists(campaign.contexts):
        return None
    of_day = F.col("occurrence") == side.text
    at = F.col("created_at") == F.lit(side.as_of)
    row = run.lake.read(campaign.contexts).where(of_day | at).agg(F.max("occurrence").alias("occurrence")).first()
    return row["occurrence"] if row else None


def day(at: datetime) -> str:
    """An instant as a date, or in full where it is not midnight in UTC."""
    at = at.astimezone(UTC)
    return at.date().isoformat() if at == at.replace(hour=0, minute=0, second=0, microsecond=0) else at.isoformat()
