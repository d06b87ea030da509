"""Hand over the attributes of people that a destination lacks, and nothing that it has.

Compares profiles and features with what delivery.sync_state says was handed over, and stores there what the
destination took; delivery.sync_refusals has whom it refused and why. Before that, bounces, complaints and choices that
the destination knows of are taken in as events, so that they suppress as those of webhooks do: what is new (`--pull
yes`), everything once more (`--pull all`), or nothing (`--pull no`). Killed anywhere and run again, it hands over what
is still lacking. `--dry-run yes` counts and changes nothing. A destination that takes no attributes is asked alone.
"""

from lettermill.job import Argument, Run, job
from lettermill.sending.attributes import Destination, lacking, sync, tell_points
from lettermill.sending.journals import open_journal
from lettermill.sending.providers import sync_ends
from lettermill.sending.pulling_back import BEGINNING, asked_until, pull_back


@job(
    Argument("--destination", "a destination of conf: sync.destinations", required=True),
    Argument("--dry-run", "yes: count what would be handed over, and change nothing", default="no"),
    Argument(
        "--pull",
        "no: do not ask the destination who left, bounced or complained. all: ask for more than what is new",
        default="yes",
    ),
)
def main(run: Run) -> None:
    name, settings = run.arguments.destination, run.settings
    is_rehearsal = run.arguments.dry_run == "yes"
    ends = sync_ends(name, settings=settings)
    if ends.statements is not None and run.arguments.pull != "no" and not is_rehearsal:
        since = BEGINNING if run.arguments.pull == "all" else asked_until(run, name)
        pull_back(run, name, ends.statements, since=since)
    if ends.profiles is None:
        run.note(f"{name} takes no attributes: it can only be asked who left, bounced or complained")
        return
    to = Destination(run, name, ends.profiles, open_journal(settings))
    with lacking(to) as (values, changes):
        tell_points(to, values, changes)
        if not is_rehearsal and not changes.isEmpty():
            sync(to, changes)


if __name__ == "__main__":
    main()
