"""`lettermill message`: look at a message afterwards. Each command is registered from a module of its own."""

import typer

from lettermill.cli.message_show import show
from lettermill.cli.message_why import why

message = typer.Typer(help="Look at a message afterwards.", no_args_is_help=True)
message.command("show")(show)
message.command("why")(why)
