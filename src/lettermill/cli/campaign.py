"""`lettermill campaign`: look at a campaign before it is sent. Each command is registered from a module of its own."""

import typer

from lettermill.cli.campaign_check import check
from lettermill.cli.campaign_diff import diff
from lettermill.cli.campaign_export import export
from lettermill.cli.campaign_preview import preview

campaign = typer.Typer(help="Look at a campaign before it is sent.", no_args_is_help=True)
campaign.command("check")(check)
campaign.command("diff")(diff)
campaign.command("export")(export)
campaign.command("preview")(preview)
