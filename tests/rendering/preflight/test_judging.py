"""Judging: the first reason why a message must not leave, its kind, and what is only told."""

import pytest

from lettermill.campaigns.limits import Preflight
from tests.rendering.preflight.slots import aged, judged, message

LEFT_OVER = "template syntax {{ is left over in the html"
CARRIED = "data with template syntax {{ stands in the html"


def told(rows):
    """Fault, kind and warnings of each message, by its id."""
    return {
        row["message_id"]: (row["fault"], row["kind"], [tuple(one) for one in row["warnings"]])
        for row in rows.collect()
    }


def test_each_message_has_the_first_reason_why_it_must_not_leave(given):
    rows = judged(
        given,
        message("a"),
        message("b", "coupon is missing, at html:3"),
        message("c", "first_name is null and was printed, at subject:1"),
        message("d", "more than 1,000 turns of a loop"),
        message("e", leftovers=[CARRIED, LEFT_OVER], empty=["the text is empty"]),
        message("f", empty=["the subject is empty", "the text is empty"], size=900),
        message("g", size=501),
        message("h", size=500),
        message("i"),
        message("j"),
        stale={"i": [aged("segment", "warn"), aged("picks"), aged("name", days=None)], "j": [aged("picks", "warn")], "g": [aged("picks")]},
        limits=Preflight(max_html_bytes=500),
    )  # fmt: skip

    assert told(rows) == {
        "a": (None, None, []),
        "b": ("coupon is missing, at html:3", "missing", []),
        "c": ("first_name is null and was printed, at subject:1", "null", []),
        "d": ("more than 1,000 turns of a loop", "fault", []),
        "e": (LEFT_OVER, "leftover", [(CARRIED, "leftover")]),
        "f": ("the subject is empty", "empty", []),
        "g": ("the html is larger than 500 bytes", "size", []),
        "h": (None, None, []),
        "i": ("picks is older than 7 days", "stale", []),
        "j": (None, None, []),
    }


@pytest.mark.parametrize(("policy", "fault"), [("block", LEFT_OVER), ("warn", None)])
def test_leftovers_hold_a_message_back_unless_they_only_warn(given, policy, fault):
    rows = judged(
        given,
        message("a", leftovers=[LEFT_OVER]),
        message("b", leftovers=[CARRIED]),
        limits=Preflight(leftovers=policy),
    )
    found = told(rows)

    assert found["a"] == (fault, fault and "leftover", [] if fault else [(LEFT_OVER, "leftover")])
    assert found["b"] == (None, None, [(CARRIED, "leftover")])


def test_what_gmail_clips_is_told_and_leaves(given):
    clipped = ("the html is larger than 104,448 bytes: Gmail clips it", "clip")

    assert told(judged(given, message("a", size=104_448), message("b", size=104_449))) == {
        "a": (None, None, []),
        "b": (None, None, [clipped]),
    }
