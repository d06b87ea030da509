"""Sessions are the same whenever their events arrive: late ones lengthen a session or join two; a rerun adds nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from lettermill.lake import Batch
from lettermill.quality.sessions import browsing_events, sessions_of
from lettermill.tables.quality import EVENTS, SESSIONS

NINE = datetime(2017, 6, 1, 9)


@pytest.fixture
def arrive(given, lake):
    """Store events, given as (id, visitor, minutes after nine), as one batch of the check."""

    def store(number, *events):
        rows = given(
            EVENTS,
            *(
                {
                    "event_id": name,
                    "anonymous_id": visitor,
                    "occurred_at": NINE + timedelta(minutes=minutes),
                    "kind": "page_viewed",
                }
                for name, visitor, minutes in events
            ),
        )
        replace(lake, batch=Batch(app_id="check", number=number)).append(rows, to=EVENTS)

    return store


def stored(lake):
    rows = lake.read(SESSIONS).orderBy("session_id").collect()
    return [(row.session_id, row.visitor, row.events) for row in rows]


def test_late_events_lengthen_a_session_move_its_start_and_join_two(arrive, run_job, lake, versions):
    arrive(0, ("b", "x", 0), ("c", "x", 50), ("z", "y", 5))
    run_job("build_sessions")
    apart = stored(lake)
    arrive(1, ("d", "x", 70))
    run_job("build_sessions")
    longer = stored(lake)
    arrive(2, ("joint", "x", 25), ("a", "x", -20))
    run_job("build_sessions")
    joined, commits = stored(lake), versions(SESSIONS)
    run_job("build_sessions")

    assert apart == [("b", "browser:x", 1), ("c", "browser:x", 1), ("z", "browser:y", 1)]
    assert longer == [("b", "browser:x", 1), ("c", "browser:x", 2), ("z", "browser:y", 1)]
    assert joined == [("a", "browser:x", 5), ("z", "browser:y", 1)]
    assert versions(SESSIONS) == commits


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_and_any_batches_give_the_sessions_that_all_events_at_once_give(arrive, run_job, lake, seed):
    random = Random(seed)
    events = [(f"e{n:02}", random.choice("xyz"), random.randrange(0, 600)) for n in range(40)]
    random.shuffle(events)

    for number, start in enumerate(range(0, len(events), 14)):
        arrive(number, *events[start : start + 14])
        run_job("build_sessions")

    whole = sessions_of(browsing_events(lake.read(EVENTS)))
    assert sorted(lake.read(SESSIONS).collect()) == sorted(whole.collect())
