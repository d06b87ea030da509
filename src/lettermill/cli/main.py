"""The `lettermill` command: look at the settings, the tables and their data."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lettermill import __version__
from lettermill.cli.blocks import blocks
from lettermill.cli.campaign import campaign
from lettermill.cli.gateway import gateway
from lettermill.cli.message import message
from lettermill.cli.person import person
from lettermill.cli.quality import quality
from lettermill.cli.quarantine import quarantine
from lettermill.cli.reviews import reviews
from lettermill.cli.send import send
from lettermill.cli.sources import sources
from lettermill.cli.sync import sync
from lettermill.cli.table_docs import written_docs
from lettermill.errors import LettermillError
from lettermill.job import open_lake
from lettermill.settings import PACKAGED, load
from lettermill.spark import local_conf, session, session_conf

app = typer.Typer(name="lettermill", help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
config = typer.Typer(help="The settings as the jobs see them.", no_args_is_help=True)
app.add_typer(config, name="config")
app.add_typer(campaign, name="campaign")
app.add_typer(message, name="message")
app.add_typer(blocks, name="blocks")
app.add_typer(sources, name="sources")
app.add_typer(person, name="person")
app.add_typer(send, name="send")
app.add_typer(sync, name="sync")
app.add_typer(quality, name="quality")
app.add_typer(quarantine, name="quarantine")
app.add_typer(reviews, name="reviews")
app.add_typer(gateway, name="gateway")

INSTALLED = Path(str(PACKAGED))
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")]


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@config.command("show")
def config_show(env: Env = "local", conf: Conf = INSTALLED) -> None:
    """Print the resolved settings as JSON; secrets are references, never values."""
    typer.echo(json.dumps(asdict(load(env, conf=conf)), indent=2, default=str))


@app.command("spark-conf")
def spark_conf(env: Env = "local", conf: Conf = INSTALLED) -> None:
    """Print a properties file for `spark-submit --properties-file`: jars, Delta and local tuning."""
    settings = load(env, conf=conf).spark
    for name, value in (local_conf(settings) | session_conf()).items():
        typer.echo(f"{name} {value}")


@app.command()
def sql(query: str, env: Env = "local", conf: Conf = INSTALLED, rows: int = 20) -> None:
    """Answer a query, in which tables go by their names: SELECT kind, count(*) FROM quality.events GROUP BY 1."""
    settings = load(env, conf=conf)
    lake = open_lake(settings, session(settings.spark, application="lettermill sql"))
    lake.sql(query).show(rows, truncate=60)


@app.command()
def docs(to: Path = Path("docs/tables.md")) -> None:
    """Write docs/tables.md from the declarations."""
    to.write_text(written_docs(jobs=Path("jobs")), encoding="utf-8")
    typer.echo(f"wrote {to}")


def main() -> None:
    """Run the command; an error that a person can mend is one message and exit code 1."""
    try:
        app()
    except LettermillError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
