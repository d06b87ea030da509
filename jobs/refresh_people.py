"""Refresh the people whom new events concern, so that the next plan knows of them: features.latest.

Takes in and checks what has arrived, heeds who must not be mailed any more, brings profiles up to date, and computes
the features of the people concerned as of --as-of. Prints how long the events waited, from their arrival here to the
refreshed row. With --for-minutes it stays that long and does so whenever something arrives, as of --as-of plus the
time that has passed.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from time import sleep

import build_profiles
import check_events
import collect_feedback
import ingest_events

from lettermill import tables
from lettermill.errors import InputError
from lettermill.job import Argument, Run, job
from lettermill.refreshing import refresh
from lettermill.tables.features import LATEST

SECONDS_BETWEEN_LOOKS = 2


def refresh_arrivals(run: Run) -> None:
    for step in (check_events, collect_feedback, build_profiles):
        run.step(step.main)
    run.lake.create(LATEST)
    with run.doing("refreshing the people concerned"):
        events = tables.quality.EVENTS
        run.lake.follow(events, lambda rows, lake: refresh(rows, lake, run=run), as_name="refresh_people")


def stay(run: Run, *, began: datetime, until: datetime) -> None:
    """Refresh whom new arrivals concern, as they come."""
    while (now := run.now()) < until:
        standing = run.lake.version(tables.ingest.EVENTS)
        look = replace(run, started_at=now, counts={}, notes=[])
        ingest_events.main.work(look)  # no step: a look that finds nothing leaves no row in monitoring.runs
        run.notes.extend(note for note in look.notes if note not in run.notes)
        if run.lake.version(tables.ingest.EVENTS) > standing:
            refresh_arrivals(replace(look, as_of=run.as_of + (run.now() - began), counts=run.counts, notes=run.notes))
        else:
            sleep(SECONDS_BETWEEN_LOOKS)


def minutes(text: str) -> timedelta:
    if not text.isdecimal():
        raise InputError(f"{text!r} is no number of minutes", place="--for-minutes", mend="write a whole number, as 55")
    return timedelta(minutes=int(text))


@job(Argument("--for-minutes", "stay this long and refresh whom arrivals concern as they come", default="0"))
def main(run: Run) -> None:
    began, stays = run.now(), minutes(run.arguments.for_minutes)
    run.step(ingest_events.main)
    refresh_arrivals(run)
    stay(run, began=began, until=began + stays)
    if run.counts.get("after_as_of"):
        run.note("events after --as-of are known from the next build of features on, or to a refresh of what follows")


if __name__ == "__main__":
    main()
