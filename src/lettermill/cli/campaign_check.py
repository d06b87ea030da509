"""`lettermill campaign check`: everything that is wrong with a campaign, before any data is touched."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from lettermill.campaigns.definition import Campaign
from lettermill.cli.check_reports import Report, as_json, as_junit
from lettermill.cli.check_text import write_text
from lettermill.errors import ConfigError, TemplateError
from lettermill.rendering.check.campaign import check_campaign, check_otherwise
from lettermill.rendering.check.declarations import declared_at
from lettermill.rendering.check.findings import DEFINITION, Finding, Findings
from lettermill.rendering.check.slots import library_files
from lettermill.rendering.content_blocks import LIBRARY
from lettermill.rendering.templates import load_template
from lettermill.settings import PACKAGED, load, load_campaign

LARGEST = 1_000_000
"""Bytes of a file that is still read as a template."""
USAGE = 2
FAILED = 1
INSTALLED = Path(str(PACKAGED))


def check(
    name: Annotated[str, typer.Argument(help="the campaign: a folder of campaigns/")],
    env: Annotated[str, typer.Option("--env", help="environment: a file of conf")] = "local",
    conf: Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")] = INSTALLED,
    form: Annotated[Literal["text", "json", "junit"], typer.Option("--format", help="how to tell")] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="fail on warnings too")] = False,
) -> None:
    """Check a campaign's declarations and templates, without data and without Spark.

    Exit code 0: nothing, or notes and warnings; 1: errors (with --strict: warnings too); 2: no such campaign or conf.
    """
    try:
        folder = load(env, conf=conf).campaigns.folder
        if not (folder / name / DEFINITION).is_file():
            load_campaign(name, folder=folder)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None
    report = checked(name, folder=folder, strict=strict)
    if form == "text":
        write_text(report, Console(highlight=False, soft_wrap=True))
    else:
        typer.echo(as_json(report) if form == "json" else as_junit(report))
    raise typer.Exit(FAILED if report.failed else 0)


def checked(name: str, *, folder: Path, strict: bool = False) -> Report:
    """Check the campaign `<folder>/<name>/`; a definition that cannot be read is a report of its faults."""
    home = folder / name
    files, unreadable = _texts(home)
    try:
        campaign = load_campaign(name, folder=folder)
    except ConfigError as error:
        found = (*unreadable, *_definition_faults(error, files))
        return Report(name, home, tuple(files), found, strict)
    library, no_text = _texts(folder / LIBRARY, prefix=f"{LIBRARY}/")
    files |= library_files(campaign, files, library)
    unreadable += tuple(one for one in no_text if one.file in files)
    check_all = check_campaign if campaign.language == "jinja2" else check_otherwise
    found = (*unreadable, *check_all(campaign, files))
    if not any(finding.severity == "error" for finding in found):
        found += _refusal(campaign, folder, files)
    return Report(name, home, tuple(files), found, strict)


def _texts(home: Path, *, prefix: str = "") -> tuple[dict[str, str], tuple[Finding, ...]]:
    """The texts of a folder by their paths in it, behind a prefix; a template that is no text is a finding."""
    files: dict[str, str] = {}
    findings = Findings({}, {})
    for path in sorted(home.rglob("*")):
        file = prefix + path.relative_to(home).as_posix()
        if not path.is_file() or not path.resolve().is_relative_to(home.resolve()) or path.stat().st_size > LARGEST:
            continue
        content = path.read_bytes()
        try:
            files[file] = content.decode()
        except UnicodeDecodeError as error:
            if path.suffix in (".j2", ".yml", ".liquid"):
                files[file] = content.decode(errors="replace")
                line = content.count(b"\n", 0, error.start) + 1
                findings.at("LM101", file, line, 0, f"not UTF-8 at byte {error.start}", "save the file as UTF-8")
    return files, findings.sorted


def _definition_faults(error: ConfigError, files: dict[str, str]) -> tuple[Finding, ...]:
    """The faults of a campaign.yml that does not load, each at its key where that can be found."""
    findings = Findings(files, {})
    yml = files.get(DEFINITION, "")
    marked = re.fullmatch(r".*:(\d+):(\d+)", error.place)
    for fault in error.problem.split("; "):
        section, *way = fault.partition(": ")[0].split(".")
        at = declared_at(way[0] if way else "", yml, under=section)
        line, column = (int(marked[1]), int(marked[2])) if marked else at
        findings.at("LM407", DEFINITION, line, column, fault, error.mend)
    return findings.sorted


def _refusal(campaign: Campaign, folder: Path, files: dict[str, str]) -> tuple[Finding, ...]:
    """What the engine refuses for reasons of its own, when it loads the template."""
    try:
        load_template(campaign, folder=folder)
    except TemplateError as error:
        findings = Findings(files, {})
        file, _, line = error.place.removeprefix(f"{folder / campaign.name}/").partition(":")
        findings.at("LM110", file, int(line) if line.isdigit() else 0, 0, error.problem, error.mend)
        return findings.sorted
    return ()
