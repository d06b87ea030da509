"""States: what is not listed cannot happen, whatever the path."""

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from pyspark.sql import functions as F

from lettermill.delivery.states import TRANSITIONS, advance, is_allowed
from lettermill.errors import DeliveryError
from lettermill.job import plain_error
from lettermill.tables.delivery import OUTBOX, STATES
from tests.conftest import NOON


def test_every_state_has_its_transitions_and_leads_to_declared_states():
    assert set(TRANSITIONS) == set(STATES)
    assert set().union(*TRANSITIONS.values()) <= set(STATES)


@for_any(st.lists(st.sampled_from(STATES), max_size=12))
def test_no_walk_hands_over_twice_or_leaves_an_end(walk):
    path = ["planned"]
    for state in walk:
        if is_allowed(path[-1], state):
            path.append(state)
    after = path[path.index("handed_over") + 1 :] if "handed_over" in path else []

    assert not {"planned", "claimed", "handed_over"} & set(after)
    assert not {"suppressed", "confirmed", "rejected", "dropped"} & set(path[:-1])
    assert all(path[place - 1] in ("claimed",) for place, state in enumerate(path) if state == "unknown")


def test_advance_moves_keeps_what_is_not_told_and_refuses_by_name(given):
    outbox = given(
        OUTBOX,
        {"message_id": "a", "state": "claimed", "attempt": 0, "wave": "w", "batch": 1},
        {"message_id": "b", "state": "claimed", "attempt": 1, "wave": "w", "batch": 2},
    )
    sent = advance(outbox, to=F.lit("handed_over"), reference=F.lit("f:1"), attempt=F.lit(2), as_of=F.lit(NOON))
    back = advance(outbox, to=F.lit("planned"), as_of=F.lit(NOON))
    columns = ["message_id", "state_before", "state", "attempt", "wave", "batch", "provider_reference"]

    assert sorted(map(tuple, sent.select(columns).collect())) == [
        ("a", "claimed", "handed_over", 2, "w", 1, "f:1"),
        ("b", "claimed", "handed_over", 2, "w", 2, "f:1"),
    ]
    assert sorted(map(tuple, back.select(columns).collect())) == [
        ("a", "claimed", "planned", 0, None, None, None),
        ("b", "claimed", "planned", 1, None, None, None),
    ]
    with pytest.raises(Exception, match="DeliveryError") as failure:
        advance(sent.where("message_id = 'a'"), to=F.lit("planned"), as_of=F.lit(NOON)).collect()
    error = plain_error(failure.value)
    assert isinstance(error, DeliveryError)
    assert error.problem == "message a cannot go from handed_over to planned"
