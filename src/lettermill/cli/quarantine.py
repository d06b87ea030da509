"""`lettermill quarantine`: look at refused rows, mend them, and give them back."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pyspark.sql import functions as F

from lettermill.cli.quality_lake import (
    INSTALLED,
    At,
    By,
    Catalog,
    Conf,
    DryRun,
    Env,
    Rows,
    ShowPersonal,
    console,
    instant,
    opened,
    plain_table,
    who,
)
from lettermill.errors import ConfigError
from lettermill.mending import ACCEPTED, mend, quarantine_row, reasons_if_mended, replay, require_taker
from lettermill.progress import told
from lettermill.quality.mending import row_id
from lettermill.quality.rules import suggestion
from lettermill.tables.quality import QUARANTINE

quarantine = typer.Typer(help="Refused rows: look, mend, give back.", no_args_is_help=True)
RowId = Annotated[str, typer.Argument(help="the row's id, or the beginning of it")]
OfTable = Annotated[str | None, typer.Option("--table", help="the table that refused the rows")]


@quarantine.command("list")
def list_rows(
    table: OfTable = None,
    reason: Annotated[str | None, typer.Option("--reason", help="a part of a reason")] = None,
    disposition: Annotated[str, typer.Option("--disposition", help="refused, duplicate, replayed or all")] = "refused",
    rows: Rows = 20,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Count set-aside rows by table and reason, and list some of them."""
    lake, _ = opened(env, conf, catalog)
    found = lake.read(QUARANTINE)
    if disposition != "all":
        found = found.where(F.col("disposition") == disposition)
    if table:
        found = found.where(F.col("refused_by") == table)
    if reason:
        found = found.where(F.exists("reasons", lambda one: one.contains(reason)))
    counts = plain_table("table", "disposition", "reason", "rows")
    each = found.select("refused_by", "disposition", F.explode("reasons").alias("reason"))
    by_reason = each.groupBy("refused_by", "disposition", "reason").count()
    for row in by_reason.orderBy("refused_by", F.desc("count"), "reason").collect():
        counts.add_row(row["refused_by"], row["disposition"], row["reason"], f"{row['count']:,}")
    console.print(counts)
    listed = plain_table("id", "table", "source", "place", "reasons", "mended")
    chosen = found.withColumn("id", row_id()).orderBy(
        "refused_by", "first_seen", "source", "origin", "position", "part"
    )
    for row in chosen.limit(rows).collect():
        place = f"{row.origin}:{row.position}" + (f" part {row.part}" if row.part else "")
        mended = f"by {row.mended_by}" if row.mended_by else ""
        listed.add_row(row.id, row.refused_by, row.source, place, "; ".join(row.reasons), mended)
    console.print()
    console.print(listed)


@quarantine.command("show")
def show(
    row: RowId,
    show_personal: ShowPersonal = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Show a row: where it came from, why it was refused, and the row itself, values hidden unless asked for."""
    lake, _ = opened(env, conf, catalog)
    found = quarantine_row(lake, row).collect()[0].asDict()
    for name, value in found.items():
        if value is None:
            continue
        if isinstance(value, bytes | bytearray):
            text = bytes(value).decode(errors="replace")
            value = text if show_personal else _masked(text)
        console.print(f"{name + ':':<13} {'; '.join(value) if isinstance(value, list) else value}", markup=False)
    if not show_personal:
        console.print("values are hidden; --show-personal tells them")


@quarantine.command("mend")
def mend_row(
    row: RowId,
    why: Annotated[str, typer.Option("--why", help="why the row may be changed so")],
    set_to: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="a field's value, as JSON or as text")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", exists=True, dir_okay=False, help="the whole row anew")] = None,
    by: By = None,
    at: At = None,
    dry_run: DryRun = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Say what a refused row should have been; `replay` then judges it. The row as it came stays beside it.

    Exit code 1 where the mended row would still be refused.
    """
    if bool(set_to) == (file is not None):
        raise typer.BadParameter("give --set FIELD=VALUE, or --file FILE")
    lake, settings = opened(env, conf, catalog)
    found = quarantine_row(lake, row)
    standing = found.collect()[0]
    if standing.disposition != "refused":
        raise ConfigError(f"the row is {standing.disposition}", place=row, mend="only refused rows can be mended")
    raw = file.read_bytes() if file else _with_fields(bytes(standing.mended or standing.raw), set_to or [])
    moment = instant(at)
    reasons = reasons_if_mended(lake, settings, found, raw=raw, at=moment)
    if not dry_run:
        mend(lake, found, raw=raw, by=who(by), at=moment, why=why)
    console.print(
        f"{'would be' if dry_run else 'is'} mended" + (f", but still refused: {'; '.join(reasons)}" if reasons else "")
    )
    if not reasons and not dry_run:
        console.print(f"lettermill quarantine replay --id {standing.row_id}  gives it back")
    raise typer.Exit(1 if reasons else 0)


@quarantine.command("replay")
def replay_rows(
    table: OfTable = None,
    ids: Annotated[list[str] | None, typer.Option("--id", help="only the rows whose ids begin so")] = None,
    at: At = None,
    dry_run: DryRun = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Judge refused rows again, by the rules as they are now and as they were mended, and store what is good.

    Nothing is stored twice: rows keep their keys. A replayed row may be used from its mending on, not before.
    """
    if table and table.startswith("ingest."):
        require_taker(table)
    if table and table not in ACCEPTED:
        raise ConfigError(
            f"no table takes rows back: {suggestion(table, ACCEPTED)}", mend=f"one of {', '.join(ACCEPTED)}"
        )
    lake, settings = opened(env, conf, catalog)
    with told(lake.spark, "judging refused rows again"):
        done = replay(
            lake, settings, tables=[table] if table else list(ACCEPTED), ids=ids or [], at=instant(at), dry_run=dry_run
        )
    for one in done:
        if one.asked:
            console.print(str(one))
    if not any(one.asked for one in done):
        console.print("no refused rows")
    if dry_run:
        console.print("a dry run: nothing was changed")
    elif any(one.replayed for one in done):
        console.print("check_events looks at the lines of replayed orders; then the balances hold again with them")


def _with_fields(raw: bytes, settings: list[str]) -> bytes:
    """The JSON row with fields set; `properties.order_id=b1` reaches into objects."""
    try:
        row = json.loads(raw)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise ConfigError("the row is no JSON object, so it has no fields to set", mend="give the whole row by --file")
    for setting in settings:
        path, is_one, value = setting.partition("=")
        if not is_one:
            raise ConfigError(f"--set {setting!r} is no FIELD=VALUE", mend="write --set timestamp=2026-05-01T06:00:00Z")
        *above, last = path.split(".")
        target = row
        for step in above:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                raise ConfigError(f"{step!r} of {path!r} is no object", mend="give the whole row by --file")
        target[last] = _value(value)
    return json.dumps(row, ensure_ascii=False).encode()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _masked(text: str) -> str:
    """The row's keys with the kinds of their values, or how long it is where it is no JSON."""
    try:
        row = json.loads(text)
    except ValueError:
        return f"no JSON, {len(text):,} characters"
    return json.dumps(_kinds(row), ensure_ascii=False)


def _kinds(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kinds(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_kinds(one) for one in value]
    return "null" if value is None else type(value).__name__
