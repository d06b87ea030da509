"""`lettermill sync`: which attributes a provider lacks, before any is handed over."""

from argparse import Namespace
from datetime import UTC, datetime
from typing import Annotated

import typer

from lettermill.cli.person_found import INSTALLED, Catalog, Conf, Env
from lettermill.delivery.sync import saved_by_attribute, sync_set
from lettermill.job import moment, open_run
from lettermill.progress import told
from lettermill.syncing import synced_values
from lettermill.tables.delivery import SYNC_STATE

sync = typer.Typer(help="Attributes of people that a provider keeps.", no_args_is_help=True)
sync.callback()(lambda: None)  # with one command alone, typer would leave its name out


@sync.command("preview")
def preview(
    destination: Annotated[str, typer.Option("--destination", help="a destination of conf: sync.destinations")],
    rows: Annotated[int, typer.Option("--rows", help="how many changes to list")] = 20,
    show_personal: Annotated[bool, typer.Option("--show-personal", help="tell the values")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", help="the moment to work for; now if not given")] = None,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Tell which attributes changed since the last hand-over, and how many data points need not be sent again."""
    at = moment(as_of) if as_of else datetime.now(UTC)
    run = open_run(Namespace(env=env, conf=conf, catalog=catalog, as_of=at), application="lettermill sync")
    run.lake.create(SYNC_STATE)
    with told(run.spark, "comparing attributes"):
        values = synced_values(run, destination).persist()
        changes = sync_set(values, standing=run.read(SYNC_STATE), destination=destination).persist()
        counted = saved_by_attribute(values, changes).orderBy("attribute").collect()
        listed = changes.orderBy("person_id", "attribute").limit(rows).collect()
    for change in listed:
        value = f"  {change['value']}" if show_personal else ""
        typer.echo(f"{change['person_id']}  {change['attribute']:<24} {change['change']}{value}")
    typer.echo(f"{'attribute':<24} {'points':>12} {'new':>10} {'changed':>10} {'cleared':>10} {'saved':>12}")
    for one in counted:
        typer.echo(
            f"{one['attribute']:<24} {one['points']:>12,} {one['new']:>10,} {one['changed']:>10,} "
            f"{one['cleared']:>10,} {one['saved']:>12,}"
        )
    sent, saved = (sum(one[name] for one in counted) for name in ("sent", "saved"))
    typer.echo(f"{destination}: {sent:,} data points to send, {saved:,} saved")
