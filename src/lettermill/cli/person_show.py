"""`lettermill person show`: each value known of a person, by which source and rule, since when, over whom."""

import json
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from lettermill.cli.person_text import write_person
from lettermill.errors import ConfigError, TableError
from lettermill.job import moment, open_lake
from lettermill.progress import told
from lettermill.recounting import person_story
from lettermill.settings import PACKAGED, load
from lettermill.spark import session

USAGE = 2
WIDE = 140
INSTALLED = Path(str(PACKAGED))
Identifier = Annotated[
    str,
    typer.Argument(help="address, telephone number, customer id, browser's id, record (crm/17) or person id"),
]


def _instant(text: str) -> datetime:
    try:
        return moment(text)
    except ArgumentTypeError as error:
        raise typer.BadParameter(str(error)) from None


def show(
    identifier: Identifier,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", parser=_instant, metavar="INSTANT", help="what was known then; ISO 8601 (default: now)"
        ),
    ] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="how to tell")] = "text",
    env: Annotated[str, typer.Option("--env", help="environment: a file of conf")] = "local",
    conf: Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")] = INSTALLED,
    catalog: Annotated[str | None, typer.Option("--catalog", help="Unity Catalog to use instead of the conf's")] = None,
) -> None:
    """Tell what is known of a person and why: each value with source, rule and what it won over, and the identifiers.

    Exit code 0; 2: nobody or more than one person has the identifier, or a wrong call.
    """
    try:
        settings = load(env, conf=conf)
        spark = session(settings.spark, application="lettermill person")
        lake = open_lake(settings, spark, catalog=catalog)
        with told(spark, "reading profiles"):
            region = settings.profiles.identity.phone_region
            story = person_story(lake, identifier, as_of=as_of or datetime.now(UTC), region=region)
    except (ConfigError, TableError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None
    if form == "json":
        typer.echo(json.dumps(story, indent=2, ensure_ascii=False))
    else:
        is_watched = Console().is_terminal
        write_person(story, Console(highlight=False, width=None if is_watched else WIDE))
