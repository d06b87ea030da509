"""What HubSpot's refusals say of a call: wait, stop, or never again.

Source: HubSpot's pages on error handling and usage limits.
"""

from collections.abc import Sequence
from math import inf
from typing import Any

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Answer, Parcel, Signal, Status, answered
from lettermill.delivery.refusals import retry_after

ROLLING_SECONDS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""How long a window of calls lasts, by the name of the policy that was broken."""
DAILY = "DAILY"
LOCKED, MIGRATING = 423, 477
LOCKED_SECONDS = 2.0
FOR_GOOD = (400, 409, 422)


def words_of(document: Any, *, hidden: Sequence[str]) -> str:
    """The words of an answer: its message, and those of its errors."""
    if not isinstance(document, dict):
        return ""
    errors = document.get("errors")
    told = [error.get("message") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    words = dict.fromkeys(str(one) for one in [document.get("message"), *told] if one)
    return plain_words("; ".join(words), hidden=hidden)


def wait_of(throttled: Reply) -> float | None:
    """For how many seconds an answer of too many calls asks to be left alone; for ever, where the day is used up."""
    policy = _policy(throttled.json())
    return inf if policy == DAILY else retry_after(throttled) or ROLLING_SECONDS.get(policy)


def _policy(document: Any) -> str:
    """The name of the limit that was broken."""
    return str(document.get("policyName", "")) if isinstance(document, dict) else ""


def refused(reply: Reply, parcels: Sequence[Parcel], *, hidden: Sequence[str]) -> Answer:
    """What an answer other than 2xx came to. Offering again does nothing twice, by the keys that every call has."""
    document = reply.json()
    words = f"{reply.status}: {words_of(document, hidden=hidden)}"
    told = retry_after(reply)

    def deferred(signal: Signal, wait: float | None = None) -> Answer:
        return answered(parcels, Status.DEFERRED, reason=words, signal=signal, wait=wait)

    if reply.status == 429:
        policy = _policy(document)
        if policy == DAILY:
            return deferred(Signal.BLOCKED)
        return deferred(Signal.THROTTLED, ROLLING_SECONDS.get(policy, 10.0) if told is None else told)
    if reply.status == LOCKED:
        return deferred(Signal.THROTTLED, LOCKED_SECONDS if told is None else max(told, LOCKED_SECONDS))
    if reply.status == MIGRATING:
        return deferred(Signal.THROTTLED, told)
    if reply.status >= 500 or reply.status == 408:
        return deferred(Signal.FAILING, told)
    if reply.status in FOR_GOOD or (reply.status == 413 and len(parcels) == 1):
        return answered(parcels, Status.REJECTED, reason=words)
    return deferred(Signal.BLOCKED)
