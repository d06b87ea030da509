"""Parcels into calls that a provider takes."""

from collections.abc import Iterable, Iterator

from lettermill.delivery.provider import Limits, Outcome, Parcel, Status

SEPARATOR = 1
"""Bytes between two parcels of a body."""


def size_of(parcels: Iterable[Parcel], limits: Limits) -> int:
    """Bytes of a call of these parcels."""
    return limits.envelope + sum(len(parcel.body) + SEPARATOR for parcel in parcels)


def too_large(parcel: Parcel, limits: Limits) -> Outcome | None:
    """The rejection of a parcel that no call can hold, or null."""
    size = size_of([parcel], limits)
    if size <= limits.bytes:
        return None
    reason = f"larger than the provider takes: a call of {size:,} bytes, where {limits.bytes:,} are allowed"
    return Outcome(parcel.message_id, Status.REJECTED, reason=reason)


def calls_of(parcels: Iterable[Parcel], limits: Limits) -> Iterator[list[Parcel]]:
    """The parcels in their order, in as few calls as the limits of messages and bytes allow.

    Each parcel fits a call by itself (see `too_large`).
    """
    call: list[Parcel] = []
    size = limits.envelope
    for parcel in parcels:
        needed = len(parcel.body) + SEPARATOR
        if call and (len(call) >= limits.messages or size + needed > limits.bytes):
            yield call
            call, size = [], limits.envelope
        call.append(parcel)
        size += needed
    if call:
        yield call
