"""A campaign's slot before its send: what of the run and the tables a pre-flight and its report need together."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_type

from lettermill.campaigns.definition import Campaign
from lettermill.campaigns.freshness import stale_inputs
from lettermill.campaigns.occurrences import of_occurrence
from lettermill.code_version import fingerprint
from lettermill.collected import rows_of
from lettermill.errors import PreflightBlocked
from lettermill.job import Run
from lettermill.rendering.engine import engine_fingerprint
from lettermill.rendering.messages import render_message_files, render_messages
from lettermill.rendering.preflight.blocks import with_empty_blocks
from lettermill.rendering.preflight.counting import paths
from lettermill.rendering.preflight.judging import judged_messages
from lettermill.rendering.preflight.verdict import preflight
from lettermill.rendering.templates import Template, stored_template
from lettermill.settings import load_campaign
from lettermill.tables.campaigns import AUDIENCES
from lettermill.tables.rendering import MESSAGES, PREFLIGHTS, TEMPLATES


@dataclass(frozen=True)
class Flight:
    """A campaign's occurrence under the engine that renders it now, and the templates its messages are planned with."""

    run: Run
    campaign: Campaign
    occurrence: str
    engine: str
    contexts: DataFrame
    templates: Mapping[str, Template]

    def messages(self) -> DataFrame:
        """The planned messages that this engine has not rendered yet, rendered.

        Where it has rendered none, and the workers can read the contexts' files, they do so past the JVM.
        """
        how: dict[str, Any] = {"templates": self.templates, "engine": self.engine}
        kept = self._of_slot(self.run.lake.read(MESSAGES)) if self.run.lake.exists(MESSAGES) else None
        if kept is not None and not kept.isEmpty():
            same = ["message_id", "template_version"]
            return render_messages(self.contexts.join(kept.select(same), on=same, how="left_anti"), **how)
        table = self.campaign.contexts
        files = self.run.lake.files(table, version=self.run.versions[table.name])
        if not files:
            return render_messages(self.contexts, **how)
        return render_message_files(self.contexts, files, occurrence=self.occurrence, **how)

    @contextmanager
    def verdicts(self) -> Iterator[DataFrame]:
        """Rows for rendering.preflights over the stored messages, which are kept in memory while these are used."""
        messages = self._of_slot(self.run.read(MESSAGES))
        judged = judged_slot(self.run, self.campaign, messages=messages, contexts=self.contexts).persist()
        inputs = to_arrow_type(self.contexts.schema["inputs"].dataType)
        assert isinstance(inputs, pa.StructType)
        ways = with_empty_blocks(paths(judged), templates=self.templates, inputs=inputs).persist()
        yield preflight(
            judged,
            ways=ways,
            limits=self.campaign.preflight,
            exclusions=self._exclusions(),
            as_of=F.lit(self.run.as_of),
        )
        ways.unpersist()
        judged.unpersist()

    def stored(self) -> list[dict[str, Any]]:
        """The verdicts as they are kept, by template version."""
        kept = rows_of(self._of_slot(self.run.lake.read(PREFLIGHTS)))
        return sorted(kept, key=lambda verdict: verdict["template_version"])

    def report_file(self) -> Path:
        """Where the report goes: where the job's arguments say, else below var/."""
        told = self.run.arguments.report
        return Path(told) if told else Path("var/preflight") / f"{self.campaign.name}-{self.occurrence}.html"

    def _exclusions(self) -> dict[str, int]:
        if not self.run.lake.exists(AUDIENCES):
            return {}
        audience = self.run.read(AUDIENCES).where(of_occurrence(self.campaign.name, self.occurrence))
        counted = audience.groupBy("verdict").count().orderBy("verdict").collect()
        return {row["verdict"]: row["count"] for row in counted}

    def _of_slot(self, rows: DataFrame) -> DataFrame:
        under = (F.col("engine") == self.engine) & F.col("template_version").isin([*self.templates])
        return rows.where(of_occurrence(self.campaign.name, self.occurrence) & under)


def open_flight(run: Run) -> Flight:
    """The slot that the job's arguments name. Raises PreflightBlocked where no message of it is planned."""
    campaign = load_campaign(run.arguments.campaign, folder=run.settings.campaigns.folder)
    occurrence = run.arguments.occurrence
    contexts = run.read(campaign.contexts).where(F.col("occurrence") == occurrence)
    versions = [row["template_version"] for row in contexts.select("template_version").distinct().collect()]
    if not versions:
        mend = f"run plan_campaign --campaign {campaign.name} --occurrence {occurrence}"
        raise PreflightBlocked("no message is planned", place=f"{campaign.name} {occurrence}", mend=mend)
    rows = run.read(TEMPLATES).where(F.col("template_version").isin(versions)).collect()
    templates = {row["template_version"]: stored_template(row) for row in rows}
    return Flight(run, campaign, occurrence, engine_fingerprint(fingerprint("rendering")), contexts, templates)


def judged_slot(run: Run, campaign: Campaign, *, messages: DataFrame, contexts: DataFrame) -> DataFrame:
    """The slot's rows of rendering.messages, judged by the campaign's limits at the run's as-of."""
    of_slot = messages.where(of_occurrence(campaign.name, run.arguments.occurrence))
    stale = contexts.select("message_id", stale_inputs(campaign.inputs, as_of=F.lit(run.as_of)).alias("stale"))
    return judged_messages(of_slot, stale=stale.where(F.size("stale") > 0), limits=campaign.preflight)
