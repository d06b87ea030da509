"""A load: calls and bytes are those that a hand-over of the same batches makes, and nothing is lost from the counts."""

from collections import Counter

from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.delivery.handing import Batch
from lettermill.delivery.load import OTHERS, REASONS, Load, load_of, supposed_load
from lettermill.delivery.provider import Limits, Outcome, Parcel, Status

LIMITS = Limits(messages=3, bytes=100, envelope=10)


def batch(number, *sizes, rejected=()):
    parcels = [Parcel(f"m{number}-{place}", "a@x.example", b"x" * size) for place, size in enumerate(sizes)]
    outcomes = [Outcome(f"r{number}-{place}", Status.REJECTED, reason=why) for place, why in enumerate(rejected)]
    return Batch(number, parcels, outcomes)


def test_each_batch_is_in_calls_of_its_own_and_what_no_call_can_hold_is_rejected():
    batches = [batch(1, 5, 5, 5, 5), batch(2, 44, 90, 44, 1, rejected=["faulty: x", "faulty: x"])]

    assert load_of(batches, limits=LIMITS) == Load(
        messages=7,
        calls=4,
        bytes=4 * 10 + 4 * 6 + 45 + 45 + 2,
        rejected=Counter(
            {
                "faulty: x": 2,
                "larger than the provider takes: a call of 101 bytes, where 100 are allowed": 1,
            }
        ),
    )


def test_reasons_that_are_different_for_each_message_are_told_as_others():
    rejected = ["faulty: x"] * 2 + [f"it is {size} bytes" for size in range(REASONS + 4)]
    found = load_of([batch(1, rejected=rejected)], limits=LIMITS).rejected

    assert (len(found), found["faulty: x"], found[OTHERS], found.total()) == (REASONS + 1, 2, 5, len(rejected))


def test_what_nobody_has_packed_is_supposed_to_fill_its_calls():
    # 90 bytes beside the envelope hold two of 45
    assert supposed_load(5, body=45.0, limits=LIMITS) == Load(5, 3, 3 * 10 + 5 * 45)
    assert supposed_load(5, body=1.0, limits=LIMITS) == Load(5, 2, 2 * 10 + 5)
    assert supposed_load(2, body=1_000.0, limits=LIMITS) == Load(2, 2, 2 * 10 + 2_000)
    assert supposed_load(0, body=45.0, limits=LIMITS) == Load()


@for_any(st.lists(st.lists(st.integers(0, 120), max_size=9), max_size=5))
def test_every_message_is_in_a_call_or_rejected_and_bodies_and_envelopes_make_the_bytes(sizes):
    load = load_of([batch(number, *each) for number, each in enumerate(sizes)], limits=LIMITS)
    fitting = [size for each in sizes for size in each if size + 1 + LIMITS.envelope <= LIMITS.bytes]

    assert load.messages + load.rejected.total() == sum(map(len, sizes))
    assert (load.messages, load.bytes) == (len(fitting), sum(fitting) + len(fitting) + load.calls * LIMITS.envelope)
    assert load.calls * LIMITS.messages >= load.messages
    if fitting:
        assert load.body(LIMITS) == (sum(fitting) + len(fitting)) / len(fitting)
