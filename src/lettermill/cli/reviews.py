"""`lettermill reviews`: findings that await a decision, and who decided what."""

from typing import Annotated

import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lettermill.cli.quality_lake import (
    INSTALLED,
    At,
    By,
    Catalog,
    Conf,
    DryRun,
    Env,
    Rows,
    console,
    instant,
    opened,
    plain_table,
    who,
)
from lettermill.errors import ConfigError
from lettermill.lake import Lake
from lettermill.quality.reviews import State, decided
from lettermill.tables.quality import REVIEWS

reviews = typer.Typer(help="Findings that await a decision, and who decided what.", no_args_is_help=True)
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="reviews, by their ids or the beginnings of these")]
Reason = Annotated[str, typer.Option("--reason", help="why; kept with the decision")]


@reviews.command("list")
def list_reviews(
    state: Annotated[str, typer.Option("--state", help="open, accepted, excluded or all")] = "open",
    kind: Annotated[str | None, typer.Option("--kind", help="outlier, spike, conflict or typo")] = None,
    rows: Rows = 50,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """List findings, those that are farthest off first."""
    lake, _ = opened(env, conf, catalog)
    found = lake.read(REVIEWS)
    if state != "all":
        found = found.where(F.col("state") == state)
    if kind:
        found = found.where(F.col("kind") == kind)
    table = plain_table("id", "kind", "finding", "state", "held", "decided")
    order = (F.col("state") != "open", "kind", F.desc(F.coalesce(F.abs("score"), "confidence")), "review_id")
    for row in found.orderBy(*order).limit(rows).collect():
        sure = "" if row.confidence is None else f", {row.confidence:.0%} sure"
        held = "yes" if row.state == "excluded" or (row.state == "open" and row.holds) else ""
        by = f"{row.decided_by}: {row.reason}" if row.decided_by else ""
        table.add_row(row.review_id, row.kind, row.detail + sure, row.state, held, by)
    console.print(table)
    console.print(f"{found.count():,} in all")


@reviews.command("show")
def show(review: str, env: Env = "local", conf: Conf = INSTALLED, catalog: Catalog = None) -> None:
    """Show one finding and every decision about it, the oldest first."""
    lake, _ = opened(env, conf, catalog)
    row = _chosen(lake, [review]).collect()[0]
    for name, value in row.asDict().items():
        if value is not None and name != "history":
            console.print(f"{name + ':':<13} {value}", markup=False)
    for one in row.history:
        console.print(f"  {one['at']:%Y-%m-%d %H:%M} {one['state']} by {one['by']}: {one['why']}", markup=False)


@reviews.command("accept")
def accept(
    ids: Ids,
    reason: Reason,
    by: By = None,
    at: At = None,
    dry_run: DryRun = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Take findings as they are: an outlier counts again; the suggestion for a misspelt domain becomes a correction."""
    lake, _ = opened(env, conf, catalog)
    _decide(lake, ids, state="accepted", reason=reason, by=who(by), at=at, dry_run=dry_run)


@reviews.command("exclude")
def exclude(
    ids: Ids,
    reason: Reason,
    by: By = None,
    at: At = None,
    dry_run: DryRun = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Keep findings out of segments, training and features; a suggestion for a domain is turned down."""
    lake, _ = opened(env, conf, catalog)
    _decide(lake, ids, state="excluded", reason=reason, by=who(by), at=at, dry_run=dry_run)


def _decide(lake: Lake, ids: list[str], *, state: State, reason: str, by: str, at: str | None, dry_run: bool) -> None:
    if not reason.strip():
        raise ConfigError("a decision needs a reason", place="--reason", mend="say why in a few words")
    chosen = _chosen(lake, ids)
    for row in chosen.orderBy("review_id").collect():
        console.print(f"{row.review_id}  {row.state} -> {state}  {row.detail}", markup=False)
    if dry_run:
        console.print("a dry run: nothing was changed")
        return
    lake.merge(decided(chosen, state=state, by=by, at=instant(at), why=reason), into=REVIEWS)
    console.print("build_features, the trainings and plan_campaign go by it from their next run on")


def _chosen(lake: Lake, ids: list[str]) -> DataFrame:
    """The reviews of the ids. Raises ConfigError where an id fits none or several."""
    rows = lake.read(REVIEWS)
    known = [row["review_id"] for row in rows.select("review_id").collect()]
    whole = []
    for one in ids:
        fits = [name for name in known if name.startswith(one)]
        if len(fits) != 1:
            raise ConfigError(
                f"{'no review has' if not fits else 'several reviews have'} an id that begins with {one!r}",
                mend="`lettermill reviews list` shows the ids",
            )
        whole.append(fits[0])
    return rows.where(F.col("review_id").isin(whole))
