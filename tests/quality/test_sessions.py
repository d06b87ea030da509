"""Browsing sessions: what their events make them, whenever and in whatever order those arrive."""

from datetime import datetime, timedelta

import pytest

from lettermill.quality.sessions import browsing_events, sessions_of
from lettermill.tables.quality import EVENTS

NINE = datetime(2017, 6, 1, 9)


def event(name, minutes, kind="page_viewed", who="b", user=None, **properties):
    return {
        "event_id": name,
        "kind": kind,
        "anonymous_id": who,
        "user_id": user,
        "occurred_at": NINE + timedelta(minutes=minutes),
        "available_at": NINE + timedelta(minutes=minutes, seconds=5),
        "properties": properties,
    }


@pytest.fixture
def sessions(given):
    """Sessions of events given by `event`, as rows in the order of their ids."""
    return lambda *events: sessions_of(browsing_events(given(EVENTS, *events))).orderBy("session_id").collect()


def test_a_session_tells_how_long_it_was_what_was_seen_and_where_it_came_from(sessions):
    rows = sessions(
        event("a", 0, url="https://shop.example/", referrer="https://search.example/", user_agent="Firefox"),
        event("b", 10, "product_viewed", product_id="7", url="https://shop.example/p/7"),
        event("c", 25, "product_added", product_id="7", user="9"),
        event("d", 26, "product_viewed", product_id="3"),
        event("e", 30, "email_opened"),
        event("f", 40, url="https://shop.example/d", referrer="https://shop.example/"),
    )

    assert [row.asDict() for row in rows] == [
        {
            "session_id": "a",
            "visitor": "browser:b",
            "user_id": "9",
            "anonymous_id": "b",
            "started_at": NINE,
            "ended_at": NINE + timedelta(minutes=40),
            "seconds": 2400.0,
            "events": 5,
            "pages": 2,
            "products": ["3", "7"],
            "added": 1,
            "entry": "https://shop.example/",
            "referrer": "https://search.example/",
            "is_bot": False,
            "available_at": NINE + timedelta(minutes=40, seconds=5),
        }
    ]


def test_a_pause_of_30_minutes_is_within_a_session_and_a_longer_one_begins_another(sessions):
    rows = sessions(event("a", 0), event("b", 30), event("c", 60.01), event("d", 0, who=None, user="9"))

    assert [(row.session_id, row.visitor, row.events) for row in rows] == [
        ("a", "browser:b", 2),
        ("c", "browser:b", 1),
        ("d", "user:9", 1),
    ]


@pytest.mark.parametrize(
    ("agent", "is_bot"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("python-requests/2.31", True),
        ("Mozilla/5.0 (X11; Linux) Firefox/120.0", False),
        (None, False),
    ],
)
def test_a_machine_is_told_by_its_user_agent(sessions, agent, is_bot):
    assert [row.is_bot for row in sessions(event("a", 0), event("b", 1, user_agent=agent))] == [is_bot]
