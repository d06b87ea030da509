"""The cases on tables: each one send as a real process, disturbed once, and what it came to in the end."""

import json
import os
import signal
import time

import pytest

from lettermill.errors import DeliveryError
from lettermill.tables.delivery import OUTBOX
from tests.delivery.faults.journeys import Journey, until
from tests.delivery.faults.site import FEW, Case, Site
from tests.delivery.faults.verdict import Found

CAP = 1
PATIENT = 120.0
"""Seconds of a lease where two work at the same time: longer than anything takes between two renewals."""
CALL_SECONDS = 0.1
MANY = 0.4
"""Share of calls that fail where a retry has to come."""


def died_at(site: Site, step: str, side: str) -> Found:
    """Let the job die at a step, and run it again to its end."""
    campaign = "papers" if step == "manifest" else "spring"
    faults = MANY if step == "retry" else FEW
    with site.case(f"{side} {step}", campaign, faults=faults) as case:
        journey = case.start_dying(campaign, step, side)
        code = journey.ended()
        assert (case.folder / "died").exists(), f"it ended with {code} and did not come to {step}: {_end(journey)}"
        found = case.finish()
        if campaign == "papers":
            _require_manifest(case, found)
        return found


def undisturbed_seconds(site: Site) -> float:
    """How long a send takes here from its first mark on."""
    with site.case("undisturbed", "spring", delay=CALL_SECONDS) as case:
        journey = case.start("spring")
        began = _first_mark(case, journey)
        assert journey.ended() == 0, _end(journey)
        return time.monotonic() - began


def killed(site: Site, number: int, *, after: float) -> Found:
    """Kill the job's process group so many seconds after its first mark, or sooner if it ends before; then run it again
    to its end.
    """
    with site.case(f"kill {number}", "spring", delay=CALL_SECONDS) as case:
        journey = case.start("spring")
        began = _first_mark(case, journey)
        until(lambda: time.monotonic() - began >= after or not journey.family(), what="the moment of the kill")
        if journey.running.poll() is None:
            os.killpg(journey.running.pid, signal.SIGKILL)
            journey.ended()
            return case.finish()
    return killed(site, number, after=0.8 * after)


def slept(site: Site) -> Found:
    """Stop the job with all its processes amid a wave, run another to its end after two leases, and wake it up."""
    with site.case("zombie job", "spring", delay=CALL_SECONDS) as case:
        journey = case.start("spring")
        until(lambda: case.marks("started") >= 5 or not journey.family(), what="nobody calls")
        journey.signal(signal.SIGSTOP)
        assert journey.running.poll() is None, f"it had ended before: {_end(journey)}"
        until(lambda: not case.holds(), what="a lease does not end")
        ended = time.monotonic() + case.lease_seconds
        until(lambda: time.monotonic() >= ended, what="the second lease")
        for _ in range(2):
            case.send("spring")
        journey.signal(signal.SIGCONT)
        journey.ended()
        return case.finish()


def raced_for_a_cap(site: Site) -> Found:
    """Two campaigns for the same people at once, of which each person may have one."""
    with site.case("cap", "sale", "clearance", lease_seconds=PATIENT) as case:
        journeys = [case.start(campaign) for campaign in case.campaigns]
        codes = [journey.ended() for journey in journeys]
        assert codes == [0, 0], [_end(journey) for journey in journeys]
        found = case.finish()
        found.above_cap = sum(times > CAP for times in case.provider.persons().values())
        return found


def raced_for_a_slot(site: Site) -> Found:
    """Two senders of one slot at once."""
    with site.case("slot", "spring", lease_seconds=PATIENT) as case:
        journeys = [case.start("spring") for _ in range(2)]
        codes = [journey.ended() for journey in journeys]
        assert codes == [0, 0], [_end(journey) for journey in journeys]
        return case.finish()


def restored(site: Site) -> Found:
    """Restore the outbox to what it was before the send, and start the job again."""
    with site.case("restore", "spring") as case:
        lake = case.run().lake
        before = lake.version(OUTBOX)
        case.send("spring")
        book = case.book()
        found = case.finish()
        lake.sql(f"RESTORE TABLE {lake.place.name(OUTBOX)} TO VERSION AS OF {before}")
        until(lambda: not case.holds(), what="a lease does not end")
        with pytest.raises(DeliveryError, match="the outbox was restored"):
            case.send("spring")
        found.refused = 1
        found.sent_after_restore = (case.book() - book).total()
        return found


def _first_mark(case: Case, journey: Journey) -> float:
    until(lambda: case.journal.keys("leases/") or not journey.family(), what="no mark is made")
    return time.monotonic()


def _require_manifest(case: Case, found: Found) -> None:
    manifests = [json.loads(file.read_bytes()) for file in (case.folder / "payloads").rglob("manifest*.json")]
    listed = sum(manifest["rows"] for manifest in manifests)
    assert listed == found.states["handed_over"], f"{listed} rows are in a manifest, of {dict(found.states)}"


def _end(journey: Journey) -> str:
    return journey.log.read_text()[-1500:]
