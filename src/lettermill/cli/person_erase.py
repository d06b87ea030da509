"""`lettermill person erase`: write down that a person is to be erased, or see what would go."""

from typing import Annotated

import typer

from lettermill.cli.person_found import (
    INSTALLED,
    Catalog,
    Conf,
    Env,
    PersonId,
    identifiers_of,
    opened,
    unknown_to_profiles,
)
from lettermill.erasing import Erasing, with_handles
from lettermill.errors import ConfigError
from lettermill.file_erasing import erase_files
from lettermill.profiles.erasures import request
from lettermill.progress import told
from lettermill.secrets import resolve


def erase(
    person: PersonId,
    reason: Annotated[str, typer.Option("--reason", help="who asked, and where it is written down")],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="of an identifier nobody has yet: email, customer_id, phone, email_sha256, handle (platform/name): "
            "block it all the same",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell what would be erased, and change nothing")] = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Ask for a person to be erased, by any identifier; jobs/erase_people.py then does it and certifies it.

    Keyed hashes of all their identifiers are kept, so that what arrives later is dropped. Exit code 1: nobody has it.
    """
    run = opened(env=env, conf=conf, catalog=catalog)
    key = resolve(run.settings.secrets.address_key)
    region = run.settings.profiles.identity.phone_region
    person_id: str | None
    try:
        person_id, known = identifiers_of(run.lake, person, region=region)
    except ConfigError:
        if kind is None:
            raise
        person_id, known = None, unknown_to_profiles(kind, person, region=region)
    known = with_handles(run.lake, known)
    asked = request(person_id, identifiers=known, key=key, reason=reason, at=run.started_at)
    if dry_run:
        erasing = Erasing(run.lake, [asked], key, run.settings.row_reader)
        with told(run.spark, "looking for their rows"):
            found = {one.table.name: one.keys.count() for one in erasing.find()}
            found |= erase_files(run.settings, erasing, is_rehearsal=True)
        for name, number in found.items():
            typer.echo(f"{number:>10,}  {name}")
        typer.echo("nothing was changed")
        return
    erasing = Erasing.of(run.lake, key=key, reads=run.settings.row_reader)
    if any(one.request_id == asked.request_id for one in erasing.requests):
        typer.echo(f"request {asked.request_id} is already there; jobs/erase_people.py erases whoever asked")
        return
    erasing.store([asked])
    typer.echo(f"request {asked.request_id}: {len(asked.identifiers)} identifiers of {person_id or 'nobody known yet'}")
    typer.echo(f"erase now: jobs/erase_people.py --env {env} --as-of {run.started_at.date()}")
