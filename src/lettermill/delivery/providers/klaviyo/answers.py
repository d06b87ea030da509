"""What an answer of Klaviyo means for each parcel of a call: errors point to rows, `/data/.../data/3/...`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lettermill.delivery.exchange import CutOff, NotSent, Reply
from lettermill.delivery.provider import Answer, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.refusals import kept_words, retry_after

ROW = re.compile(r"/data/attributes/(?:profiles|events-bulk-create)/data/(\d+)(?:/|$)")
WRONG_CONF = {401, 403, 404, 405, 406, 410, 415}
"""Key, scope, path or revision: whoever the rows are of."""

DUPLICATE = 409


def failed(parcels: Sequence[Parcel], error: NotSent | CutOff) -> Answer:
    """No answer came. What was cut off may be offered again all the same: Klaviyo takes an event's unique_id once for a
    profile and metric, and a profile that is imported twice is the same profile."""
    return answered(parcels, Status.DEFERRED, reason=str(error), signal=Signal.FAILING)


def refused(parcels: Sequence[Parcel], reply: Reply) -> Answer:
    """An answer other than the accepting one; Klaviyo took no row of the call."""
    reason = f"{reply.status} {'; '.join(map(words_of, _errors(reply)))}".strip()[:300]
    if reply.status < 300:
        return answered(parcels, Status.UNKNOWN, reason=f"answered {reply.status} in place of 202")
    if reply.status == 429:
        return answered(
            parcels, Status.DEFERRED, reason=reason, signal=Signal.THROTTLED, wait=retry_after(reply)
        )  # fmt: skip
    if reply.status >= 500:
        return answered(parcels, Status.DEFERRED, reason=reason, signal=Signal.FAILING, wait=retry_after(reply))
    if reply.status < 400 or reply.status in WRONG_CONF:
        return answered(parcels, Status.DEFERRED, reason=reason, signal=Signal.BLOCKED)
    rows = dict(_pointed(parcels, reply))
    if rows:
        others = "not taken: another row of the call was refused"
        return Answer(
            tuple(rows.get(at) or _deferred(parcel, others) for at, parcel in enumerate(parcels)), said=reason
        )
    if reply.status == DUPLICATE:
        return _taken(parcels, reason)
    return answered(parcels, Status.REJECTED, reason=reason)


def _deferred(parcel: Parcel, reason: str) -> Outcome:
    return Outcome(parcel.message_id, Status.DEFERRED, reason=reason)


def _taken(parcels: Sequence[Parcel], reason: str) -> Answer:
    """A duplicate that no pointer tells: the one parcel, or some of several."""
    return answered(parcels, Status.HANDED_OVER if len(parcels) == 1 else Status.UNKNOWN, reason=reason)


def _pointed(parcels: Sequence[Parcel], reply: Reply) -> Iterator[tuple[int, Outcome]]:
    """The outcome of each row that an error points to; a duplicate was taken by an earlier call."""
    for error in _errors(reply):
        at = row_of(error)
        if at is not None and at < len(parcels):
            is_taken = reply.status == DUPLICATE or str(error.get("code", "")).startswith("duplicate")
            status = Status.HANDED_OVER if is_taken else Status.REJECTED
            yield at, Outcome(parcels[at].message_id, status, reason=words_of(error))


def row_of(error: Mapping[str, Any]) -> int | None:
    """Which row of the call an error is of, from 0; null where it points to none."""
    source = error.get("source")
    found = ROW.match(str(source.get("pointer", ""))) if isinstance(source, Mapping) else None
    return int(found[1]) if found else None


def words_of(error: Mapping[str, Any]) -> str:
    """The words of an error: its code and its detail."""
    return kept_words(f"{error.get('code', '')}: {error.get('detail') or error.get('title') or ''}")


def _errors(reply: Reply) -> list[Mapping[str, Any]]:
    document = reply.json()
    errors = document.get("errors") if isinstance(document, Mapping) else None
    return [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
