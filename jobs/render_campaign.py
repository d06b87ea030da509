"""Pre-flight one campaign's occurrence: render every planned message, keep the hashes, and record the verdict.

Stores rendering.messages and rendering.preflights. Stops, after the verdict is stored, where one of the campaign's
limits is exceeded; nothing can be handed over then. Bodies are not stored. Writes the report, passed or blocked.
"""

from lettermill.job import Argument, Run, job
from lettermill.preflight_report import write_report
from lettermill.preflighting import open_flight
from lettermill.rendering.preflight.verdict import require_passed, told
from lettermill.tables.rendering import MESSAGES, PREFLIGHTS


@job(
    Argument("--campaign", "the campaign's folder below campaigns/", required=True),
    Argument("--occurrence", "the schedule's slot: a local date, 2018-01-01", required=True),
    Argument("--report", "file of the report (default: var/preflight/<campaign>-<occurrence>.html)"),
)
def main(run: Run) -> None:
    flight = open_flight(run)
    with run.doing("rendering"):
        run.lake.add(flight.messages(), to=MESSAGES)
    with run.doing("judging"), flight.verdicts() as verdicts:
        run.lake.merge(verdicts, into=PREFLIGHTS)

    stored = flight.stored()
    for verdict in stored:
        run.count(messages=verdict["messages"], faulty=verdict["faulty"])
        run.note(f"{verdict['verdict']}: {told(verdict)}")
        for warning in verdict["warnings"]:
            run.note(f"{warning['messages']:,} x {warning['warning']}")
    run.note(f"See {write_report(flight, stored, to=flight.report_file())}")
    require_passed(stored)


if __name__ == "__main__":
    main()
