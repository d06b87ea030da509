"""`lettermill person export`: everything the tables hold of a person, as JSON and as a page to read."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lettermill.cli.person_found import INSTALLED, Catalog, Conf, Env, PersonId, identifiers_of, opened
from lettermill.erasing import Erasing, with_handles
from lettermill.profiles.erasures import request
from lettermill.progress import told
from lettermill.secrets import resolve
from lettermill.subject_access import as_document, as_page, held_of


def export(
    person: PersonId,
    out: Annotated[Path, typer.Option("--out", help="folder to write to")] = Path("var/access"),
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Write all rows of a person, from every table, with what each column means. Exit code 1: nobody is named so.

    The files hold personal data in clear: hand them over, and remove them.
    """
    run = opened(env=env, conf=conf, catalog=catalog)
    key = resolve(run.settings.secrets.address_key)
    person_id, known = identifiers_of(run.lake, person, region=run.settings.profiles.identity.phone_region)
    assert person_id is not None  # somebody has it, or there was an error
    known = with_handles(run.lake, known)
    asked = request(person_id, identifiers=known, key=key, reason="subject access", at=run.started_at)
    with told(run.spark, "reading every table"):
        held = list(held_of(run.lake, Erasing(run.lake, [asked], key, run.settings.row_reader)))
    document = as_document(held, person_id=person_id, at=run.started_at)
    folder = out / person_id
    folder.mkdir(parents=True, exist_ok=True)
    files = {"export.json": json.dumps(document, indent=2, ensure_ascii=False) + "\n", "export.html": as_page(document)}
    for name, text in files.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text, encoding="utf-8")
    rows = sum(len(one.rows) for one in held)
    typer.echo(f"{rows:,} rows of {len(held)} tables in {folder}/export.json and export.html")
