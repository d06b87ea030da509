"""`lettermill send`: how far a send is, who has it in hand, and what to do with messages of which nobody can tell."""

from argparse import Namespace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from pyspark.sql import functions as F

from lettermill.cli.person_found import INSTALLED, Catalog, Conf, Env
from lettermill.cli.quality_lake import By, DryRun, Rows, console, plain_table, who
from lettermill.delivery.lease import holder_of
from lettermill.delivery.marks import wave_lease
from lettermill.delivery.stopping import stop_of
from lettermill.job import Run, open_run
from lettermill.sending.claiming import CLAIM
from lettermill.sending.desk import open_desk
from lettermill.sending.journals import open_journal
from lettermill.sending.slot import open_slot
from lettermill.sending.unknowns import resolve, unknown
from lettermill.tables.delivery import OUTBOX, STATES

send = typer.Typer(help="Messages on their way out.", no_args_is_help=True)
Campaign = Annotated[str | None, typer.Option("--campaign", help="one campaign alone")]
Named = Annotated[str, typer.Option("--campaign", help="the campaign")]
Occurrence = Annotated[str, typer.Option("--occurrence", help="the schedule's slot: a local date, 2018-01-01")]


class Word(StrEnum):
    """What may be done with an unknown message."""

    HOLD = "hold"
    RESEND = "resend"
    DROP = "drop"
    LOOKUP = "lookup"


@send.command("status")
def status(
    campaign: Campaign = None,
    rows: Rows = 20,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:
    """Tell how many messages of each slot are in which state, who is sending, and what is known of the unknown."""
    run = _opened(env, conf, catalog)
    outbox = run.lake.read(OUTBOX)
    chosen = outbox.where(F.col("campaign") == campaign) if campaign else outbox
    counted = chosen.groupBy("campaign", "occurrence").pivot("state", list(STATES)).count().fillna(0)
    table = plain_table("slot", *(state.replace("_", " ") for state in STATES))
    for slot in counted.orderBy("campaign", "occurrence").collect():
        table.add_row(f"{slot['campaign']} {slot['occurrence']}", *(f"{slot[state]:,}" for state in STATES))
    console.print(table)
    _tell_waves(run, [row["wave"] for row in chosen.where("state = 'claimed'").select("wave").distinct().collect()])
    held = chosen.where("state = 'unknown'").orderBy("changed_at", "message_id")
    for row in held.limit(rows).collect():
        place = f"{row['campaign']} {row['occurrence']}"
        console.print(f"unknown  {row['message_id']}  {place}: {row['reason']}", markup=False, soft_wrap=True)
    number = held.count()
    if number:
        console.print(
            f"{number:,} unknown: `lettermill send resolve --unknown hold|resend|drop|lookup` decides", soft_wrap=True
        )


@send.command("resolve")
def resolve_command(
    word: Annotated[Word, typer.Option("--unknown", help="hold: leave them; resend: plan them again, though they may "
        "have arrived; drop: give them up; lookup: ask the provider")],
    campaign: Named,
    occurrence: Occurrence,
    by: By = None,
    dry_run: DryRun = False,
    env: Env = "local",
    conf: Conf = INSTALLED,
    catalog: Catalog = None,
) -> None:  # fmt: skip
    """Decide what becomes of a slot's unknown messages. Nothing is handed over here: the next send goes by it."""
    desk = open_desk(open_slot(_opened(env, conf, catalog, campaign=campaign, occurrence=occurrence)))
    if dry_run:
        console.print(f"{unknown(desk).count():,} messages are unknown; a dry run: nothing was changed")
        return
    for state, number in resolve(desk, word.value, by=who(by)).items():
        console.print(f"{number:>12,}  {state.replace('_', ' ')}")


def _tell_waves(run: Run, claimed: list[str]) -> None:
    journal, now = open_journal(run.settings), run.now().timestamp()
    claiming = holder_of(journal, CLAIM, now)
    if claiming:
        console.print(f"claiming now: run {claiming.holder}", markup=False)
    for wave in sorted(claimed):
        holding, stopped = holder_of(journal, wave_lease(wave), now), stop_of(journal, wave)
        hand = f"in hand of run {holding.holder}" if holding else "nobody has it in hand: the next send settles it"
        console.print(
            f"wave {wave}: {hand}" + (f"; stopped: {stopped[1]}" if stopped else ""), markup=False, soft_wrap=True
        )


def _opened(env: str, conf: object, catalog: str | None, **named: str) -> Run:
    at = Namespace(env=env, conf=conf, catalog=catalog, as_of=datetime.now(UTC), **named)
    return open_run(at, application="lettermill send")
