"""Parcels become calls within a provider's limits, in their order, none left out."""

from itertools import pairwise

from hypothesis import given as for_any
from hypothesis import strategies as st

from lettermill.delivery.provider import Limits, Outcome, Parcel, Status
from lettermill.delivery.splitting import calls_of, size_of, too_large


def parcels(*sizes):
    return [Parcel(f"m{number}", f"{number}@example.com", b"x" * size) for number, size in enumerate(sizes)]


def numbers(calls):
    return [[parcel.message_id for parcel in call] for call in calls]


def test_a_call_is_full_by_messages_or_by_bytes():
    allowed = Limits(messages=3, bytes=100, envelope=10)

    assert numbers(calls_of(parcels(5, 5, 5, 5), allowed)) == [["m0", "m1", "m2"], ["m3"]]
    assert numbers(calls_of(parcels(44, 44, 1), allowed)) == [["m0", "m1"], ["m2"]]
    assert numbers(calls_of(parcels(44, 45), allowed)) == [["m0"], ["m1"]]
    assert numbers(calls_of([], allowed)) == []


def test_what_no_call_can_hold_is_rejected_with_the_sizes_and_no_address():
    allowed = Limits(messages=3, bytes=1_000, envelope=10)
    fits, large = parcels(989, 990)

    assert too_large(fits, allowed) is None
    assert too_large(large, allowed) == Outcome(
        "m1", Status.REJECTED, reason="larger than the provider takes: a call of 1,001 bytes, where 1,000 are allowed"
    )


@for_any(st.lists(st.integers(0, 80), max_size=40), st.integers(1, 7))
def test_every_parcel_is_in_one_call_and_every_call_within_the_limits(sizes, most):
    allowed = Limits(messages=most, bytes=100, envelope=10)
    given = parcels(*sizes)
    calls = list(calls_of(given, allowed))

    assert [parcel for call in calls for parcel in call] == given
    assert all(len(call) <= most and size_of(call, allowed) <= 100 for call in calls)
    for call, following in pairwise(calls):
        assert len(call) == most or size_of([*call, following[0]], allowed) > 100
