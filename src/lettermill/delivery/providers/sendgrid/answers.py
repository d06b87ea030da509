"""What SendGrid's answers mean: a call is taken or refused as a whole."""

from collections.abc import Sequence

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Answer, Parcel, Signal, Status, answered
from lettermill.delivery.refusals import retry_after, seconds_until_reset

ACCOUNT_REFUSED = {401, 403, 404, 405}
"""The key, what it may do, the sender, or the address of the API: nothing that another message would change."""
MESSAGE_REFUSED = {400, 413}


def answer_of(reply: Reply, parcels: Sequence[Parcel], *, hidden: Sequence[str]) -> Answer:
    """202 takes a call, without a word in its body."""
    said = _words(reply)
    words = f"{reply.status}: {plain_words(said, hidden=hidden)}" if said else f"{reply.status}"
    match reply.status:
        case 202:
            return answered(parcels, Status.HANDED_OVER, reference=reply.headers.get("x-message-id"))
        case 429:
            wait = wait_of(reply)
            return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.THROTTLED, wait=wait)
        case status if status in MESSAGE_REFUSED:
            return answered(parcels, Status.REJECTED, reason=words)
        case status if status in ACCOUNT_REFUSED:
            return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.BLOCKED)
        case status if status >= 500:
            # In its own words the API refuses. Without them a gateway speaks, behind which it may have been taken.
            outcome = Status.DEFERRED if said else Status.UNKNOWN
            return answered(parcels, outcome, reason=words, signal=Signal.FAILING, wait=retry_after(reply))
        case _:
            return answered(parcels, Status.UNKNOWN, reason=f"{words}, in place of 202", signal=Signal.FAILING)


def wait_of(reply: Reply) -> float | None:
    """Seconds to leave SendGrid alone: as told by Retry-After, or up to the reset."""
    told = retry_after(reply)
    return seconds_until_reset(reply) if told is None else told


def _words(reply: Reply) -> str:
    document = reply.json()
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return ""
    named = [error for error in errors if isinstance(error, dict)]
    return "; ".join(f"{error.get('field') or ''} {error.get('message') or ''}".strip() for error in named)
