"""Handing over: only what pre-flight passed, and only what renders the same again."""

from hashlib import sha256

import pytest
from pyspark.sql import functions as F

from lettermill.delivery.provider import Outcome, Status
from lettermill.delivery.send import due_messages, hand_over, require_preflight, settled
from lettermill.errors import DeliveryError, PreflightBlocked
from lettermill.tables.campaigns import contexts_table
from lettermill.tables.delivery import OUTBOX
from lettermill.tables.rendering import MESSAGES

CONTEXTS = contexts_table("spring", inputs="struct<a: string>", fingerprint="00000000")
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


class Takes:
    """A provider that takes what it is given."""

    name = "takes"

    def __init__(self):
        self.taken = []

    def send(self, messages):
        for message in messages:
            self.taken.append((message.message_id, message.html, message.unsubscribe_url))
            yield Outcome(message.message_id, Status.HANDED_OVER, f"ref-{message.message_id}")


def render(contexts):
    bodies = {"subject": F.lit("Hi"), "html": F.col("inputs.a"), "text": F.lit("Hi")}
    pairs = [column for part, body in bodies.items() for column in (F.lit(part), body)]
    fault = F.when(F.col("message_id") == "m4", "went wrong")
    return contexts.withColumn("bodies", F.create_map(*pairs)).withColumn("fault", fault)


def test_what_renders_as_in_the_pre_flight_is_handed_over_in_order_and_the_rest_rejected(given):
    def message(message_id, html, **more):
        parts = {
            part: (sha256(text.encode()).hexdigest(), 9)
            for part, text in (("subject", "Hi"), ("html", html), ("text", "Hi"))
        }
        return {**SLOT, "message_id": message_id, "template_version": "v", "engine": "e", "parts": parts, **more}

    outbox = given(OUTBOX, *({**SLOT, "message_id": f"m{n}", "state": "planned"} for n in (4, 3, 1, 5, 2)))
    contexts = given(
        CONTEXTS,
        *(
            {
                **SLOT,
                "message_id": f"m{n}",
                "template_version": "v",
                "unsubscribe_token": f"t{n}",
                "inputs": (f"<{n}>",),
            }
            for n in (5, 3, 1, 4, 2, 9)
        ),
    )
    messages = given(
        MESSAGES,
        *(message(f"m{n}", f"<{n}>") for n in (1, 3, 4, 9)),
        message("m2", "<another>"),
        message("m5", "", parts={}, fault="was faulty"),
        message("m2", "<2>", engine="another"),
    )
    due = due_messages(outbox, contexts=contexts, messages=messages, engine="e")
    provider = Takes()
    outcomes = list(hand_over(due, rows=5, render=render, provider=provider, unsubscribe="https://u/"))

    assert provider.taken == [("m1", "<1>", "https://u/t1"), ("m3", "<3>", "https://u/t3")]
    assert {outcome.message_id: (str(outcome.status), outcome.reason) for outcome in outcomes} == {
        "m1": ("handed_over", None),
        "m2": ("rejected", "html rendered differently from the pre-flight"),
        "m3": ("handed_over", None),
        "m4": ("rejected", "faulty: went wrong"),
        "m5": ("rejected", "faulty: was faulty"),
    }
    deferred = Outcome("m1", Status.DEFERRED)
    assert [row["message_id"] for row in settled(outbox, outcomes=[deferred, *outcomes[1:2]]).collect()] == ["m3"]
