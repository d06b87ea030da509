"""The person that a command is about: named by any identifier, in the lake and settings to look with."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pyspark.sql import functions as F

from lettermill.errors import ConfigError
from lettermill.identifiers import WEAK
from lettermill.job import Run, open_run
from lettermill.lake import Lake
from lettermill.settings import PACKAGED
from lettermill.tables.profiles import IDENTITIES
from lettermill.telephone_numbers import e164

INSTALLED = Path(str(PACKAGED))
PersonId = Annotated[
    str,
    typer.Argument(
        help="any identifier: address, telephone number, customer id, browser's id, record (crm/17) or person id"
    ),
]
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")]
Catalog = Annotated[str | None, typer.Option("--catalog", help="Unity Catalog to use instead of the conf's")]


def opened(*, env: str, conf: Path, catalog: str | None) -> Run:
    """A run for a command, at the moment it is given."""
    now = datetime.now(UTC)
    return open_run(Namespace(env=env, conf=conf, catalog=catalog, as_of=now), application="lettermill person")


def identifiers_of(lake: Lake, named: str, *, region: str) -> tuple[str, list[tuple[str, str]]]:
    """The person's surrogate key, and every identifier (kind, value) of theirs.

    `named` is any identifier in any spelling; `region` is the country of a telephone number without one. Raises
    ConfigError where nobody has the identifier, or several people have it.
    """
    known = lake.read(IDENTITIES).where(~F.col("identifier_kind").isin(*WEAK))
    spellings = [named, named.strip(), named.strip().lower(), e164(named, region) or named]
    matching = known.where(F.col("identifier").isin(spellings) | (F.col("person_id") == named))
    persons = sorted({row["person_id"] for row in matching.select("person_id").distinct().collect()})
    if len(persons) != 1:
        problem = f"{len(persons)} people have this identifier" if persons else "nobody has this identifier"
        mend = f"name one by person id: {', '.join(persons)}" if persons else "look it up in profiles.identities"
        raise ConfigError(problem, place=IDENTITIES.name, mend=mend)
    theirs = known.where(F.col("person_id") == persons[0]).select("identifier_kind", "identifier").collect()
    return persons[0], sorted((row["identifier_kind"], row["identifier"]) for row in theirs)


def unknown_to_profiles(kind: str, named: str, *, region: str) -> list[tuple[str, str]]:
    """What somebody whom profiles do not know is to be known by (kind, value): a telephone number in E.164."""
    return [(kind, (e164(named, region) if kind == "phone" else None) or named)]
