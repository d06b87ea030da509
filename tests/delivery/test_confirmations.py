"""Confirmations: states only go on, whatever is reported in whatever order."""

from itertools import permutations

import pytest
from pyspark.sql import functions as F

from lettermill.delivery.confirmations import confirmations, parked
from lettermill.delivery.states import TRANSITIONS, advance, is_allowed
from lettermill.tables.delivery import EVENTS, OUTBOX, STATES
from tests.conftest import NOON

KINDS = {
    "sent": ("sent", None), "delivered": ("delivered", None), "deferred": ("deferred", None),
    "bounced": ("bounced", "hard"), "bounced softly": ("bounced", "soft"), "dropped": ("dropped", None),
    "opened": ("opened", None), "clicked": ("clicked", None), "complained": ("complained", None),
    "unsubscribed": ("unsubscribed", None),
}  # fmt: skip


@pytest.fixture
def moved(given):
    """What becomes of messages, `id -> state`, of which events `(id, word)` are told: those that move, and why."""

    def found(states, *told):
        outbox = given(OUTBOX, *({"message_id": id_, "state": state} for id_, state in states.items()))
        events = given(
            EVENTS,
            *(
                {"message_id": id_, "kind": KINDS[word][0], "bounce_type": KINDS[word][1], "link_url": str(n)}
                for n, (id_, word) in enumerate(told)
            ),
        )
        rows = confirmations(outbox, events=events)
        after = advance(rows, to=F.col("to"), reason=F.col("because"), as_of=F.lit(NOON))
        return {row.message_id: (row.state, row.reason) for row in after.collect()}

    return found


@pytest.mark.parametrize("state", STATES)
def test_what_one_event_makes_of_a_message_in_each_state(moved, state):
    states = dict.fromkeys(KINDS, state)
    arrived = dict.fromkeys(("delivered", "opened", "clicked", "complained", "unsubscribed"), ("confirmed", None))
    failed = {"bounced": ("rejected", "bounced"), "dropped": ("rejected", "dropped by its provider")}
    must_have_had_it = dict.fromkeys(("sent", "deferred", "bounced softly"), ("confirmed", None))
    expected = {"handed_over": arrived | failed, "unknown": arrived | failed | must_have_had_it}

    assert moved(states, *((word, word) for word in KINDS)) == expected.get(state, {})


def test_what_reached_its_mailbox_is_confirmed_though_it_bounced_as_well_and_another_message_is_not_touched(moved):
    told = [("a", "bounced"), ("a", "delivered"), ("b", "bounced"), ("b", "sent"), ("c", "bounced softly")]

    assert moved(dict.fromkeys("abcd", "handed_over"), *told) == {
        "a": ("confirmed", None),
        "b": ("rejected", "bounced"),
    }


def test_in_any_order_a_message_goes_on_and_never_back(moved):
    orders = {" ".join(order): order for order in permutations(("sent", "delivered", "opened", "complained"))}
    states = dict.fromkeys(orders, "handed_over")
    for n in range(1, 5):  # each message hears one event more than before
        told = [(id_, word) for id_, order in orders.items() for word in order[:n]]
        after = {id_: state for id_, (state, _) in moved(states, *told).items()}
        assert all(is_allowed(states[id_], state) for id_, state in after.items())
        states |= after

    assert {*states.values()} == {"confirmed"}
    assert not TRANSITIONS["confirmed"]


def test_events_of_messages_that_are_not_out_yet_or_are_unknown_wait(given):
    outbox = given(OUTBOX, *({"message_id": state, "state": state} for state in STATES))
    events = given(EVENTS, *({"message_id": id_, "kind": "delivered"} for id_ in (*STATES, "nobody's")))

    assert sorted(row.message_id for row in parked(events, outbox=outbox).collect()) == [
        "claimed",
        "nobody's",
        "planned",
    ]
