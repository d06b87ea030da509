"""`lettermill gateway`: take events in by HTTP, and make the keys for it."""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from lettermill.errors import ConfigError, PlatformError
from lettermill.services.gateway.keyring import new_key, read_keys, revoke_key
from lettermill.settings import PACKAGED, load

INSTALLED = Path(str(PACKAGED))
NEEDED = ("fastapi", "uvicorn", "prometheus_client", "strawberry", "cryptography", "confluent_kafka")
Env = Annotated[str, typer.Option("--env", help="environment: a file of conf")]
Conf = Annotated[Path, typer.Option("--conf", help="folder of base.yml and <env>.yml")]

gateway = typer.Typer(help="Take events in by HTTP, and make the keys for it.", invoke_without_command=True)
key = typer.Typer(help="Keys that may call the gateway.", no_args_is_help=True)
gateway.add_typer(key, name="key")


@gateway.callback()
def run(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="address to listen at, instead of conf's")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen at, instead of conf's")] = None,
    env: Env = "local",
    conf: Conf = INSTALLED,
) -> None:
    """Run the gateway: Segment's tracking API, CloudEvents, GraphQL, webhooks and unsubscribing.

    An answer of 2xx means that the event is durable. SIGTERM answers what has begun and brings every event home.
    """
    if context.invoked_subcommand is not None:
        return
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if lacking:
        raise PlatformError(f"not installed: {', '.join(lacking)}", mend="pip install 'lettermill[gateway]'")
    from lettermill.services.gateway.serving import serve

    serve(load(env, conf=conf), host=host, port=port)


@key.command("new")
def key_new(
    name: Annotated[str, typer.Argument(help="what the key is for, such as web-shop")],
    right: Annotated[
        Literal["write", "read"], typer.Option(help="write: send events, as pages do. read: ask about people")
    ] = "write",
    source: Annotated[str | None, typer.Option(help="the source its events belong to, instead of conf's")] = None,
    bring: Annotated[bool, typer.Option("--bring", help="take a key that is in use already, asked for here")] = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
) -> None:
    """Make a key and print it, for the only time: what is kept is a salted hash."""
    settings = load(env, conf=conf)
    declared = sorted(each for each, source_ in settings.sources.items() if source_.kind == "events")
    if source is not None and source not in declared:
        raise ConfigError(f"no source {source!r} of events", place="--source", mend=f"one of: {', '.join(declared)}")
    secret = typer.prompt("key", hide_input=True) if bring else None
    shown = new_key(settings.gateway.keys, name=name, right=right, source=source, now=datetime.now(UTC), secret=secret)
    typer.echo("kept" if bring else shown)


@key.command("list")
def key_list(env: Env = "local", conf: Conf = INSTALLED) -> None:
    """List the keys: name, right, source and age; never the keys themselves."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "id", "right", "source", "made"):
        table.add_column(column, no_wrap=True)
    for each in read_keys(load(env, conf=conf).gateway.keys):
        table.add_row(each.name, each.id, each.right, each.source or "", each.created_at)
    Console(highlight=False).print(table)


@key.command("revoke")
def key_revoke(name: str, env: Env = "local", conf: Conf = INSTALLED) -> None:
    """Take a key away; a running gateway refuses it from the next call on."""
    revoke_key(load(env, conf=conf).gateway.keys, name=name)
    typer.echo(f"revoked {name}")
