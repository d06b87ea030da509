"""`lettermill campaign diff`: who gets another mail by another template, model or date, and why."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from lettermill.cli.diff_reports import as_json, write_text
from lettermill.diff_page import write_diff_page
from lettermill.diffing import diff_of
from lettermill.errors import LettermillError
from lettermill.job import open_run
from lettermill.settings import PACKAGED, load, load_campaign
from lettermill.sides import asked, require_pair

INSTALLED = Path(str(PACKAGED))
USAGE = 2
CHANGED = 1


def diff(
    name: Annotated[str, typer.Argument(help="the campaign: a folder of campaigns/")],
    before: Annotated[
        str | None,
        typer.Option("--from", help="template version, date, model@version, or working; the newest that was planned"),
    ] = None,
    after: Annotated[
        str | None, typer.Option("--to", help="the same; working: the files as they are (for data: the newest plan)")
    ] = None,
    occurrence: Annotated[str | None, typer.Option("--occurrence", help="whose contexts; the newest planned")] = None,
    max_changed_share: Annotated[float, typer.Option(help="a share of e-mails that may change", min=0, max=1)] = 0.0,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="how to tell")] = "text",
    html: Annotated[Path | None, typer.Option("--html", help="page with example mails; var/diff/NAME.html")] = None,
    show_personal: Annotated[bool, typer.Option("--show-personal", help="tell texts and values of examples")] = False,
    env: Annotated[str, typer.Option("--env", help="environment: a file of conf")] = "local",
    conf: Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")] = INSTALLED,
) -> None:
    """Compare two versions of a campaign over its whole audience. Stores and sends nothing.

    Exit code 0: nothing changes, or no larger a share than --max-changed-share; 1: more changes; 2: a wrong call.
    """
    try:
        campaign = load_campaign(name, folder=load(env, conf=conf).campaigns.folder)
        require_pair([None if side is None else asked(side) for side in (before, after)])
        run = open_run(
            Namespace(env=env, conf=conf, catalog=None, as_of=datetime.now(UTC)), application="lettermill campaign diff"
        )
        with run.doing("comparing"):
            found = diff_of(run, campaign, before=before, after=after, occurrence=occurrence)
    except LettermillError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None
    page = write_diff_page(found, run.settings, to=html or Path("var/diff") / f"{name}.html")
    if form == "json":
        typer.echo(as_json(found, allowed=max_changed_share, show_personal=show_personal))
    else:
        console = Console(highlight=False, soft_wrap=True)
        write_text(found, console, show_personal=show_personal)
        console.print(f"\nwrote {page}, which shows the examples", markup=False)
    raise typer.Exit(CHANGED if found.share > max_changed_share else 0)
