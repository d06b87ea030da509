"""Handing over: only what pre-flight passed, and only what renders the same again."""

from hashlib import sha256

import pytest

from lettermill.delivery.due import due_messages, expected_hashes, refusal, require_preflight, seen_by_version
from lettermill.errors import DeliveryError, PreflightBlocked
from lettermill.tables.rendering import MESSAGES

SLOT = {"campaign": "spring", "occurrence": "2018-01-01"}
PASSED = {**SLOT, "template_version": "v", "engine": "e", "verdict": "passed"}
LIMITS = [
    {"is_exceeded": True, "words": "4 of 40 messages are faulty (preflight.max_faulty_share)"},
    {"is_exceeded": False, "words": "0 of 40 messages have a stale input"},
    {"is_exceeded": True, "words": "9 of 40 messages show template syntax (preflight.max_leftover_share)"},
]
BOTH = "blocked: 4 of 40 .*max_faulty_share.; 9 of 40 .*max_leftover_share"


@pytest.mark.parametrize(
    ("verdicts", "seen", "error", "problem"),
    [
        ([], 3, PreflightBlocked, "template v has no pre-flight for this slot"),
        ([{**PASSED, "occurrence": "2018-01-08"}], 3, PreflightBlocked, "has no pre-flight for this slot"),
        ([{**PASSED, "template_version": "w"}], 3, PreflightBlocked, "has no pre-flight for this slot"),
        ([{**PASSED, "engine": "f"}], 0, DeliveryError, "by another engine"),
        ([{**PASSED, "limits": LIMITS, "verdict": "blocked"}], 3, PreflightBlocked, BOTH),
        ([PASSED], 2, PreflightBlocked, "1 messages were planned after the pre-flight"),
    ],
)
def test_nothing_leaves_without_a_passed_pre_flight_by_this_engine_over_every_message(verdicts, seen, error, problem):
    due = [{"template_version": "v", "messages": 3, "seen": seen}]

    with pytest.raises(error, match=problem):
        require_preflight(verdicts, due=due, engine="e", **SLOT)


def test_a_passed_pre_flight_of_every_version_lets_messages_leave():
    due = [{"template_version": version, "messages": 3, "seen": 3} for version in "vw"]
    other = {**PASSED, "engine": "f", "verdict": "blocked"}

    require_preflight([other, PASSED, {**PASSED, "template_version": "w"}], due=due, engine="e", **SLOT)


def test_what_is_due_has_its_batch_and_what_the_pre_flight_made_of_it_by_this_engine(given, spark):
    def message(message_id, html, **more):
        parts = {"html": (f"hash of {html}", 9), "subject": ("hash of Hi", 9)}
        return {**SLOT, "message_id": message_id, "template_version": "v", "engine": "e", "parts": parts, **more}

    messages = [(f"m{n}", "v", n) for n in (1, 2, 3)]
    batched = spark.createDataFrame(messages, "message_id string, template_version string, batch int")
    judged = given(
        MESSAGES,
        message("m1", "<1>"),
        message("m2", "<2>", engine="another"),
        message("m3", "<3>", fault="was faulty"),
    )
    due = due_messages(batched, expected=expected_hashes(judged, engine="e"))

    assert {row.message_id: (row.batch, row.expected, row.expected_fault) for row in due.collect()} == {
        "m1": (1, ["html=hash of <1>", "subject=hash of Hi"], None),
        "m2": (2, None, None),
        "m3": (3, ["html=hash of <3>", "subject=hash of Hi"], "was faulty"),
    }
    assert [row.asDict() for row in seen_by_version(due)] == [{"template_version": "v", "messages": 3, "seen": 2}]


@pytest.mark.parametrize(
    ("bodies", "fault", "reason"),
    [
        ({"subject": "Hi", "html": "<1>"}, None, None),
        ({"subject": "Hi", "html": "<2>"}, None, "html rendered differently from the pre-flight"),
        ({"subject": "Ho", "html": "<2>"}, None, "html, subject rendered differently from the pre-flight"),
        ({"html": "<1>"}, None, "subject rendered differently from the pre-flight"),
        ({"subject": "Hi", "html": "<1>"}, "went wrong", "faulty: went wrong"),
    ],
)
def test_only_what_renders_again_as_in_the_pre_flight_may_leave(bodies, fault, reason):
    expected = [f"{part}={sha256(text.encode()).hexdigest()}" for part, text in (("subject", "Hi"), ("html", "<1>"))]

    assert refusal(bodies, fault=fault, expected=expected) == reason
