"""Hand one campaign's planned messages over, each once: fence, claim, render again, compare, call, write down.

Needs a passed pre-flight by this engine. Works wave by wave: what may not leave any more is suppressed with the reason,
what may not leave yet stays planned, the rest is claimed and handed to the campaign's provider at the pace of its
limits. Stores delivery.outbox and the ledger that follows from it; each call is marked in the journal before and after,
so that a run killed anywhere and started again hands nothing over twice: what nobody can tell of becomes unknown, and
`lettermill send` decides. `--dry-run yes` tells what would be done, how long it takes at the account's limits and which
of them binds, and changes nothing. `--test-mode yes` hands over the campaign's seeds instead, marked as a test, to
allowed addresses alone; no table is touched. What is not finished ends with an error, or says from when on to go on.
"""

from lettermill.job import Argument, Run, job
from lettermill.seeding import hand_over_seeds
from lettermill.sending.desk import open_desk
from lettermill.sending.rehearsal import rehearse
from lettermill.sending.sender import send
from lettermill.sending.slot import open_slot


@job(
    Argument("--campaign", "the campaign's folder below campaigns/", required=True),
    Argument("--occurrence", "the schedule's slot: a local date, 2018-01-01", required=True),
    Argument("--limit", "hand over this many messages at most"),
    Argument("--dry-run", "yes: tell what would be handed over and how long it takes; change nothing", default="no"),
    Argument("--test-mode", "yes: hand over the campaign's seeds, and nobody else", default="no"),
)
def main(run: Run) -> None:
    slot, limit = open_slot(run), run.arguments.limit
    is_rehearsal = run.arguments.dry_run == "yes"
    if run.arguments.test_mode == "yes":
        hand_over_seeds(slot, is_rehearsal=is_rehearsal)
    elif is_rehearsal:
        rehearse(open_desk(slot), limit=int(limit) if limit else None)
    else:
        send(open_desk(slot), limit=int(limit) if limit else None)


if __name__ == "__main__":
    main()
