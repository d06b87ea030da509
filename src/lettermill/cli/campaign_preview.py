"""`lettermill campaign preview`: what people get, looked at before anything is sent."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lettermill.campaigns.definition import Campaign
from lettermill.delivery.test_mode import is_allowed_address
from lettermill.errors import ConfigError
from lettermill.job import Run, moment, open_run
from lettermill.monitoring import wording
from lettermill.personas import every_way, of_person, of_profile, of_seed
from lettermill.previewing import Subject, preview_of, with_pictures, write_preview
from lettermill.rendering.preview.page import Preview
from lettermill.rendering.templates import Template, load_template
from lettermill.settings import PACKAGED, Settings, load, load_campaign

INSTALLED = Path(str(PACKAGED))
ONE_OF = "--person, --profile, --every-branch or --seed-list"


def preview(
    name: Annotated[str, typer.Argument(help="the campaign: a folder of campaigns/")],
    person: Annotated[
        str | None, typer.Option("--person", help="a person_id: the newest context, or one built")
    ] = None,
    profile: Annotated[Path | None, typer.Option("--profile", help="a JSON file with inputs")] = None,
    every_branch: Annotated[bool, typer.Option("--every-branch", help="mails that take every branch")] = False,
    seed_list: Annotated[bool, typer.Option("--seed-list", help="the seeds of campaign.yml")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="folder to write to; var/preview/NAME")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="what is known until then; now")] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="leave Chromium alone")] = False,
    env: Annotated[str, typer.Option("--env", help="environment: a file of conf")] = "local",
    conf: Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")] = INSTALLED,
) -> None:
    """Render a campaign for somebody and write HTML, text, pictures and an index page. Stores and sends nothing.

    Exit code 0; 1 where a mail is faulty or something is wrong with the campaign; 2 for a wrong call.
    """
    if sum((person is not None, profile is not None, every_branch, seed_list)) != 1:
        raise typer.BadParameter(f"give one of {ONE_OF}")
    settings = load(env, conf=conf)
    campaign = load_campaign(name, folder=settings.campaigns.folder)
    template = load_template(campaign, folder=settings.campaigns.folder)
    at = Namespace(env=env, conf=conf, catalog=None, as_of=moment(as_of) if as_of else datetime.now(UTC))
    folder = out or Path("var/preview") / name
    subjects: list[Subject]
    notes: list[str]
    if profile is not None:
        subjects, kind, notes = [Subject(of_profile(campaign, profile, settings=settings))], "profile", []
    elif person is not None:
        subjects, kind, notes = [Subject(of_person(_run(at), campaign, template, person))], "person", []
    elif every_branch:
        subjects, kind, notes = _every_branch(_run(at), campaign, template)
    else:
        subjects, kind, notes = _seeds(at, campaign, template, settings)
    made = preview_of(subjects, campaign=campaign, template=template, settings=settings, kind=kind, notes=notes)
    if not no_pictures:
        with Console(stderr=True).status(f"taking pictures of {len(made.mails)} mails"):
            made = with_pictures(made, folder=folder)
    _tell(made, index=write_preview(made, folder=folder))
    raise typer.Exit(1 if made.faults else 0)


def _run(at: Namespace) -> Run:
    return open_run(at, application="lettermill campaign preview")


def _every_branch(run: Run, campaign: Campaign, template: Template) -> tuple[list[Subject], str, list[str]]:
    ways = every_way(run, campaign, template)
    searched = (
        f"Searched {ways.searched:,} stored contexts for every branch, then made up inputs for the rest."
        if ways.searched
        else "No context with today's inputs is stored, so all inputs are made up."
    )
    return [Subject(one) for one in ways.personas], "every branch", [searched]


def _seeds(
    at: Namespace, campaign: Campaign, template: Template, settings: Settings
) -> tuple[list[Subject], str, list[str]]:
    if not campaign.seeds:
        mend = "write seeds: [{name: ana, address: ana@..., profile: seeds/ana.json}]"
        raise ConfigError("the campaign has no seeds", place=f"{campaign.name}/campaign.yml", mend=mend)
    run = _run(at) if any(seed.profile is None for seed in campaign.seeds) else None
    found = [
        Subject(persona, to=seed.address)
        for seed in campaign.seeds
        for persona in of_seed(seed, campaign, template, settings=settings, run=run)
    ]
    allowed = settings.delivery.test_addresses
    strangers = [seed.address for seed in campaign.seeds if not is_allowed_address(seed.address, allowed=allowed)]
    refused = (
        [f"Not on delivery.test_addresses, so test mode refuses them: {', '.join(strangers)}"] if strangers else []
    )
    return found, "seed list", refused


def _tell(made: Preview, *, index: Path) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("mail", "subject", "html", "branches", "from"):
        table.add_column(column, overflow="fold")
    for mail in made.mails:
        subject = f"[red]faulty: {mail.fault}[/red]" if mail.fault else mail.subject
        size = wording.size(mail.html_bytes)
        table.add_row(mail.name, subject, size, str(len(mail.branches)), mail.came_from)
    console = Console(highlight=False)
    console.print(table)
    if made.kind == "every branch":
        console.print(f"{made.taken} of {made.branches} branches are taken")
        for one in made.unreached:
            console.print(f"  not reached: {one.branch}  {one.line}", markup=False)
    for note in made.notes:
        console.print(note, markup=False)
    console.print(f"wrote {index}", markup=False)
