"""`lettermill person`: what is known of a person, and their rights. Each command is registered from its own module."""

import typer

from lettermill.cli.person_erase import erase
from lettermill.cli.person_export import export
from lettermill.cli.person_show import show

person = typer.Typer(help="What is known of a person, and their rights.", no_args_is_help=True)
person.command("show")(show)
person.command("erase")(erase)
person.command("export")(export)
