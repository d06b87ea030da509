"""Take pulled sources in: REST interfaces, Kinesis and Pub/Sub go to ingest.records or ingest.events, as they are.

Each commit carries the position it leads to, so that a run that was killed goes on where it stopped, and nothing is
lost or doubled; ingest.cursors sums the positions up. `--dry-run yes` tells what would be taken and changes nothing.
"""

from lettermill.errors import ConfigError, LettermillError
from lettermill.job import Argument, Run, job
from lettermill.pulling import outlook, take_pulled, take_streamed
from lettermill.readers import opened, platform_reads
from lettermill.tables.ingest import CURSORS, EVENTS, RECORDS


@job(
    Argument("--source", "the only source to take in; all that are enabled if not given"),
    Argument("--dry-run", "yes: tell what would be taken, and change nothing", default="no"),
)
def main(run: Run) -> None:
    pulled = {name: source for name, source in run.settings.sources.items() if source.is_pulled}
    chosen = run.arguments.source
    if chosen and chosen not in pulled:
        raise ConfigError(
            f"no pulled source {chosen!r}", place="sources", mend=f"use one of: {', '.join(pulled) or 'none declared'}"
        )
    failed: list[LettermillError] = []
    for name, source in pulled.items():
        if name != chosen and (chosen or not source.enabled):
            continue
        try:
            if run.arguments.dry_run == "yes":
                outlook(run, name, source, opened=opened)
            elif source.kinesis and platform_reads(source.kinesis):
                take_streamed(run, name, source)
            else:
                take_pulled(run, name, source, opened=opened)
        except LettermillError as error:  # one source's failure keeps no other from being taken in
            run.note(f"{name}: stopped")
            failed.append(error)
    run.note(f"rows are in {RECORDS.name} and {EVENTS.name}, positions in {CURSORS.name}, by source")
    if failed:
        raise failed[0] if len(failed) == 1 else _together(failed)


def _together(failed: list[LettermillError]) -> LettermillError:
    problems = "; ".join(error.problem for error in failed)
    return type(failed[0])(problems, mend="; ".join(error.mend for error in failed))


if __name__ == "__main__":
    main()
