"""`lettermill sources`: what comes in, whether it came, and what becomes of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from pyspark.sql import SparkSession
from rich.console import Console

from lettermill.cli.source_text import write_audit, write_drift, write_trial
from lettermill.ingest.arrivals import STALE
from lettermill.job import moment, open_lake
from lettermill.lake import Lake
from lettermill.settings import PACKAGED, Settings, load
from lettermill.source_audit import RAW, as_data, audited_sources
from lettermill.source_map import mapping_name
from lettermill.source_trial import drifted, require_source, try_source
from lettermill.spark import session

INSTALLED = Path(str(PACKAGED))
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="the moment to look from, ISO 8601 (default: now)")]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="how to tell")]

sources = typer.Typer(help="What comes in, whether it came, and what becomes of it.", invoke_without_command=True)


@sources.callback()
def audit(
    context: typer.Context,
    env: Env = "local",
    conf: Conf = INSTALLED,
    as_of: AsOf = None,
    form: Form = "text",
    strict: Annotated[bool, typer.Option("--strict", help="fail on too few or too many rows as well")] = False,
) -> None:
    """Hold what came from every source against what is expected of it.

    Exit code 0: all came in time; 1: a source is late or silent (with --strict: or brought too few or too many rows).
    """
    if context.invoked_subcommand is not None:
        return
    settings = load(env, conf=conf)
    found = audited_sources(_lake(settings), settings.sources, as_of=_moment(as_of))
    if form == "json":
        typer.echo(json.dumps([as_data(one) for one in found], indent=2))
    else:
        write_audit(found, Console(highlight=False))
    failing = (*STALE, "few", "many") if strict else STALE
    raise typer.Exit(1 if any(one.state in failing for one in found) else 0)


@sources.command("check")
def check(env: Env = "local", conf: Conf = INSTALLED) -> None:
    """Check the source map and every mapping, without data and without Spark.

    Exit code 0: nothing is wrong; 1: the fault is named by file, key and value, with a suggestion.
    """
    settings = load(env, conf=conf)
    for name, source in settings.sources.items():
        typer.echo(f"{name}: {source.kind} that hold {source.holds}, read by {mapping_name(source)}")
    typer.echo(f"{len(settings.sources)} sources, {len(settings.mappings)} mappings: nothing is wrong")


@sources.command("try")
def try_one(
    name: Annotated[str, typer.Argument(help="the source, as the source map names it")],
    file: Annotated[Path, typer.Argument(help="a sample, as the source would land it")],
    env: Env = "local",
    conf: Conf = INSTALLED,
    as_of: AsOf = None,
    rows: Annotated[int, typer.Option("--rows", help="rows to show")] = 3,
    form: Form = "text",
) -> None:
    """Read a sample file by a source's mapping and show what comes out; nothing is stored.

    Exit code 0: every row would be accepted; 1: some would be refused.
    """
    settings = load(env, conf=conf)
    require_source(settings, name)
    trial = try_source(_session(settings), settings, name, file, as_of=_moment(as_of))
    if form == "json":
        typer.echo(json.dumps({"rows": trial.rows, "reasons": trial.reasons, "unread": trial.unread}, indent=2))
    else:
        write_trial(trial, Console(highlight=False), rows=rows)
    raise typer.Exit(1 if trial.refused else 0)


@sources.command("drift")
def drift(
    name: Annotated[str, typer.Argument(help="the source, as the source map names it")],
    env: Env = "local",
    conf: Conf = INSTALLED,
    newest: Annotated[int, typer.Option("--newest", help="how many of the newest rows to look at")] = 1_000,
) -> None:
    """Show what the newest rows of a source carry that its mapping does not read: how its shape has changed."""
    settings = load(env, conf=conf)
    require_source(settings, name)
    table, claimed = RAW[settings.sources[name].kind]
    looked_at, unread = drifted(_lake(settings).read(table), settings, name, newest=newest, by=claimed)
    write_drift(name, unread, Console(highlight=False), rows=looked_at)


def _session(settings: Settings) -> SparkSession:
    return session(settings.spark, application="lettermill sources")


def _lake(settings: Settings) -> Lake:
    return open_lake(settings, _session(settings))


def _moment(text: str | None) -> datetime:
    return moment(text) if text else datetime.now(UTC)
