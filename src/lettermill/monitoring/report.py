"""The run report: everything its page shows, as frozen dataclasses, and the functions that make them of plain rows.

A part that is absent (a table nobody wrote yet, a model nobody registered) is None or empty; the page says so in words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lettermill.monitoring.report_campaigns import Campaign, PayloadFile, SampleMail
from lettermill.monitoring.report_models import Curves, Ranking
from lettermill.monitoring.wording import plural

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Stage:
    """How many rows of one kind one stage holds; `rows` is None where its table does not exist yet."""

    label: str
    table: str
    rows: int | None


@dataclass(frozen=True)
class Flow:
    """Stages that count the same thing."""

    title: str
    stages: tuple[Stage, ...]

    @property
    def widest(self) -> int:
        return max((stage.rows or 0 for stage in self.stages), default=0)


@dataclass(frozen=True)
class Refusal:
    """Rows that a table did not take, by exactly the reasons they gave."""

    table: str
    disposition: str
    reasons: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Balance:
    """Rows that arrived at a table against where they went."""

    table: str
    arrived: int
    accepted: int
    duplicates: int
    refused: int

    @property
    def holds(self) -> bool:
        return self.arrived == self.accepted + self.duplicates + self.refused


@dataclass(frozen=True)
class JobCost:
    """What one job took, over all its runs for this moment."""

    job: str
    runs: int
    failed: int
    core_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class Model:
    """A model of probabilities as it is in use; `curves` is None where none is registered.

    `invented_gain` is what features that the demo invents would add to its ROC-AUC.
    """

    name: str
    title: str
    question: str
    version: str | None = None
    curves: Curves | None = None
    invented_gain: float | None = None


@dataclass(frozen=True)
class Report:
    """Everything the page shows."""

    shop: str
    as_of: datetime
    run_id: str
    commit: str | None
    environment: str
    written_at: datetime
    flows: tuple[Flow, ...]
    balances: tuple[Balance, ...]
    refusals: tuple[Refusal, ...]
    models: tuple[Model, ...]
    ranking: Ranking | None
    campaigns: tuple[Campaign, ...]
    mails: tuple[SampleMail, ...]
    files: tuple[PayloadFile, ...]
    costs: tuple[JobCost, ...]
    invented: tuple[str, ...]
    mlflow_uri: str

    @property
    def people(self) -> int | None:
        """People known, as the stages count them."""
        stages = (stage for flow in self.flows for stage in flow.stages)
        return next((stage.rows for stage in stages if stage.table == "profiles.people"), None)

    @property
    def handed_over(self) -> int:
        return sum(campaign.handed_over for campaign in self.campaigns)

    @property
    def faults(self) -> int:
        return sum(campaign.preflight.faulty for campaign in self.campaigns if campaign.preflight)

    @property
    def held_out(self) -> int:
        return sum(campaign.verdicts.get("held_out", 0) for campaign in self.campaigns)

    @property
    def refused(self) -> int:
        return sum(refusal.rows for refusal in self.refusals)

    @property
    def core_seconds(self) -> float:
        return sum(cost.core_seconds for cost in self.costs)

    @property
    def verdict(self) -> str:
        """The run in one sentence."""
        held = f"{self.held_out:,} held out"
        if not any(campaign.audience for campaign in self.campaigns):
            return "No campaign is planned for this moment yet."
        blocked = [c.title for c in self.campaigns if c.preflight and c.preflight.verdict == "blocked"]
        if blocked and not self.handed_over:
            return f"{' and '.join(blocked)} blocked before the send: {plural(self.faults, 'fault')}, {held}."
        if not self.handed_over:
            return f"Nothing is handed over yet: {plural(self.faults, 'fault')}, {held}."
        sent = f"{plural(self.handed_over, 'e-mail')} handed over, {plural(self.faults, 'fault')}, {held}"
        return f"{sent}; {' and '.join(blocked)} blocked before the send." if blocked else f"{sent}."


def refusals(rows: Iterable[Row]) -> tuple[Refusal, ...]:
    """Of rows with refused_by, disposition, reasons and rows: most frequent first within a table."""
    found = [Refusal(row["refused_by"], row["disposition"], tuple(row["reasons"]), int(row["rows"])) for row in rows]
    return tuple(sorted(found, key=lambda one: (one.table, -one.rows, one.reasons)))


def balances(runs: Iterable[Row]) -> tuple[Balance, ...]:
    """Of rows of monitoring.runs: what the newest run of each check counted as `<table>_arrived`, `_accepted`, ..."""
    found = {}
    for row in sorted(runs, key=lambda row: (row["started_at"], row["run_id"])):
        counts = row["counts"] or {}
        for name in (key.removesuffix("_arrived") for key in counts if key.endswith("_arrived")):
            kinds = ("arrived", "accepted", "duplicate", "refused")
            found[name] = Balance(f"quality.{name}", *(int(counts.get(f"{name}_{kind}", 0)) for kind in kinds))
    return tuple(found[name] for name in sorted(found))


def job_costs(runs: Iterable[Row], *, counts_others: tuple[str, ...] = ("run_pipeline",)) -> tuple[JobCost, ...]:
    """Of rows of monitoring.runs: one per job, in the order in which the jobs first started.

    A job that runs others (`counts_others`) is left out, or their cost would count twice.
    """
    by_job: dict[str, list[Row]] = {}
    for row in sorted(runs, key=lambda row: (row["started_at"], row["run_id"])):
        if row["job"] not in counts_others:
            by_job.setdefault(row["job"], []).append(row)
    return tuple(
        JobCost(
            job=name,
            runs=len(rows),
            failed=sum(row["status"] == "failed" for row in rows),
            core_seconds=sum(row["core_seconds"] or 0.0 for row in rows),
            wall_seconds=sum((row["ended_at"] - row["started_at"]).total_seconds() for row in rows),
        )
        for name, rows in by_job.items()
    )
