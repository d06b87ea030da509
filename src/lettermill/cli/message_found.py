"""The message that a command is about, and the lake and settings to look at it with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from lettermill.code_version import fingerprint
from lettermill.errors import ConfigError, TableError
from lettermill.job import open_lake
from lettermill.lake import Lake
from lettermill.progress import told
from lettermill.rendering.engine import engine_fingerprint
from lettermill.replaying import find_message
from lettermill.settings import PACKAGED, Settings, load
from lettermill.spark import session

USAGE = 2
INSTALLED = Path(str(PACKAGED))
MessageId = Annotated[str, typer.Argument(help="the message's id, or the beginning of it")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="tell personal values, such as the address")]
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")]
Catalog = Annotated[str | None, typer.Option("--catalog", help="Unity Catalog to use instead of the conf's")]


@dataclass(frozen=True)
class Found:
    """A row of delivery.outbox, where it was found, and the engine that renders now."""

    lake: Lake
    settings: Settings
    posted: Mapping[str, Any]
    engine: str


def found(message_id: str, *, env: str, conf: Path, catalog: str | None) -> Found:
    """Open the lake and find the message; where there is none, tell so and leave with the code of a wrong call."""
    try:
        settings = load(env, conf=conf)
        spark = session(settings.spark, application="lettermill message")
        lake = open_lake(settings, spark, catalog=catalog)
        with told(spark, "looking the message up"):
            posted = find_message(lake, message_id)
    except (ConfigError, TableError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None
    return Found(lake, settings, posted, engine_fingerprint(fingerprint("rendering")))
