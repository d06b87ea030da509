"""`lettermill message why`: which rule, arm, branch, model, item and input made a message as it is."""

import json
from typing import Annotated, Literal

import typer
from rich.console import Console

from lettermill.cli.message_found import INSTALLED, Catalog, Conf, Env, MessageId, ShowPersonal, found
from lettermill.cli.why_text import write_why
from lettermill.explaining import explanation
from lettermill.progress import told

WIDE = 140


def why(
    message_id: MessageId,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="how to tell")] = "text",
    show_personal: ShowPersonal = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Tell why a message is as it is: everything the tables know of it. Personal values are hidden unless asked for.

    Exit code 0; 2: no such message, or a wrong call.
    """
    about = found(message_id, env=env, conf=conf, catalog=catalog)
    with told(about.lake.spark, "reading the tables"):
        document = explanation(
            about.lake, about.settings, about.posted, engine=about.engine, show_personal=show_personal
        )
    if form == "json":
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        is_watched = Console().is_terminal
        write_why(document, Console(highlight=False, width=None if is_watched else WIDE))
