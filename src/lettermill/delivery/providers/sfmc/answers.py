"""What an answer of the account means for each parcel of a call.

Error codes: Salesforce's pages on rate limits (50100, 50200, 50300) and on the response codes of transactional sends
(109xxx). The key of a code is spelled `errorcode` as a rule, and `errorCode` in places.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lettermill.delivery.exchange import CutOff, NotSent, Reply
from lettermill.delivery.provider import Answer, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.providers.sfmc.tokens import NotGranted
from lettermill.delivery.refusals import kept_words, retry_after

ACCOUNT_BLOCKED = 50200
SAVE_FAILED = 10006
"""Without `additionalErrors` it is a fault that passes; with them, they say what is wrong with the rows."""

DUPLICATE_KEY = 109110
OF_THE_DEFINITION = {109107, 109111}
"""No or a wrong definitionKey: a fault of the conf, whoever the recipients are."""

Failure = NotGranted | NotSent | CutOff


def code_of(document: Any) -> int:
    """The error code of a document or of one row of it; 0 where there is none."""
    if not isinstance(document, Mapping):
        return 0
    code = document.get("errorcode", document.get("errorCode"))
    return int(code) if isinstance(code, int | float | str) and str(code).isdecimal() else 0


def words_of(document: Any) -> str:
    """The words of a refusal, with its code."""
    message = str(document.get("message", "")) if isinstance(document, Mapping) else ""
    return kept_words(" ".join(part for part in (str(code_of(document) or ""), message) if part))


def failed(parcels: Sequence[Parcel], error: Failure) -> Answer:
    """No answer came. What was cut off may be offered again all the same: a messageKey is taken once in 72 hours, and
    a row that is written twice is the same row."""
    if isinstance(error, NotGranted):
        return answered(parcels, Status.DEFERRED, reason=str(error), signal=error.signal, wait=error.wait)
    return answered(parcels, Status.DEFERRED, reason=str(error), signal=Signal.FAILING)


def refused(parcels: Sequence[Parcel], reply: Reply) -> Answer:
    """An answer other than 2xx: the whole call was refused."""
    document = reply.json()
    code = code_of(document)
    reason = f"{reply.status} {words_of(document)}".strip()
    signal = _signal(reply.status, code, document)
    if signal == Signal.FINE:
        return answered(parcels, Status.REJECTED, reason=reason)
    return answered(parcels, Status.DEFERRED, reason=reason, signal=signal, wait=retry_after(reply))


def is_blocked(reply: Reply) -> bool:
    """Whether the account takes no call at all for now, or not from this client."""
    return reply.status == 403 or code_of(reply.json()) == ACCOUNT_BLOCKED


def _signal(status: int, code: int, document: Any) -> Signal:
    if status == 401:
        return Signal.EXPIRED
    if status < 400 or status in (403, 404) or code == ACCOUNT_BLOCKED or code in OF_THE_DEFINITION:
        return Signal.BLOCKED
    if status == 429:
        return Signal.THROTTLED
    passes = code == SAVE_FAILED and not document.get("additionalErrors")
    return Signal.FAILING if status >= 500 or passes else Signal.FINE


def by_recipient(parcels: Sequence[Parcel], document: Mapping[str, Any]) -> Answer:
    """An outcome for each recipient of an accepted send, by its messageKey.

    A key that is taken already is handed over: the call that took it was cut off.
    """
    rows = {str(row.get("messageKey")): row for row in document.get("responses") or [] if isinstance(row, Mapping)}
    reference = str(document.get("requestId") or "") or None
    outcomes = tuple(_of_row(parcel.message_id, rows.get(parcel.message_id), reference) for parcel in parcels)
    return Answer(outcomes, said=words_of(document) if code_of(document) else "")


def _of_row(message_id: str, row: Mapping[str, Any] | None, reference: str | None) -> Outcome:
    if row is None:
        return Outcome(message_id, Status.UNKNOWN, reference, "the answer does not name it")
    code = code_of(row)
    if code == DUPLICATE_KEY:
        return Outcome(message_id, Status.HANDED_OVER, reference, "its messageKey was taken by an earlier call")
    if code:
        return Outcome(message_id, Status.REJECTED, reference, words_of(row))
    return Outcome(message_id, Status.HANDED_OVER, reference)
