"""What the commands about quality share: their options, and the lake to look at."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lettermill.errors import ConfigError
from lettermill.job import moment, open_lake
from lettermill.lake import Lake
from lettermill.settings import PACKAGED, Settings, load
from lettermill.spark import session

INSTALLED = Path(str(PACKAGED))
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml, quality.yml and <env>.yml")]
Catalog = Annotated[str | None, typer.Option("--catalog", help="Unity Catalog to use instead of the conf's")]
By = Annotated[str | None, typer.Option("--by", help="who decides; who is logged in, if not given")]
At = Annotated[str | None, typer.Option("--at", help="when it was decided, ISO 8601; now if not given")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="tell what would change, and change nothing")]
ShowPersonal = Annotated[bool, typer.Option("--show-personal", help="tell the row as it came, personal values too")]
Rows = Annotated[int, typer.Option("--rows", min=1, help="how many rows to list")]

console = Console(highlight=False)


def opened(env: str, conf: Path, catalog: str | None) -> tuple[Lake, Settings]:
    """The lake and the settings."""
    settings = load(env, conf=conf)
    spark = session(settings.spark, application="lettermill quality")
    return open_lake(settings, spark, catalog=catalog), settings


def who(by: str | None) -> str:
    """The one named, or who is logged in."""
    return by or getpass.getuser()


def instant(text: str | None) -> datetime:
    """The moment named, or now."""
    if text is None:
        return datetime.now(UTC)
    try:
        return moment(text)
    except Exception as error:
        raise ConfigError(str(error), place="--at", mend="write 2026-05-01 or 2026-05-01T06:00:00Z") from None


def plain_table(*columns: str) -> Table:
    """A table without a frame, as the other commands have; the first column does not wrap."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place == 0, overflow="fold")
    return table
