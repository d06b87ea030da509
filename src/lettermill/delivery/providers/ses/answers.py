"""What SES's exceptions and the results of its bulk calls mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Answer, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.refusals import retry_after

NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
NO_ACCESS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, NoRegionError)
REFUSES_THE_MESSAGE = {"MessageRejected", "BadRequestException", "ValidationException"}
EXPIRED = {"ExpiredTokenException", "ExpiredToken", "RequestExpired"}

_STOP = (Status.DEFERRED, Signal.BLOCKED)
RESULTS: Mapping[str, tuple[Status, Signal]] = {
    "SUCCESS": (Status.HANDED_OVER, Signal.FINE),
    "TRANSIENT_FAILURE": (Status.DEFERRED, Signal.FINE),
    "ACCOUNT_THROTTLED": (Status.DEFERRED, Signal.THROTTLED),
    "MESSAGE_REJECTED": (Status.REJECTED, Signal.FINE),
    "INVALID_PARAMETER": (Status.REJECTED, Signal.FINE),
    "FAILED": (Status.REJECTED, Signal.FINE),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": _STOP,
    "CONFIGURATION_SET": _STOP,
    "TEMPLATE": _STOP,
    "ACCOUNT": _STOP,
    "INVALID_SENDING_POOL": _STOP,
}
"""How a result's status begins -> what it means; of several, the longest. SES's text and its model spell some apart."""

GRAVITY = (Signal.FINE, Signal.THROTTLED, Signal.BLOCKED)


def refused(error: ClientError | BotoCoreError, parcels: Sequence[Parcel], *, hidden: Sequence[str]) -> Answer:
    """What a call that raised came to, alike for all of its messages."""
    if isinstance(error, ClientError):
        return _answered_with_an_error(error, parcels, hidden=hidden)
    words = plain_words(str(error), hidden=hidden)
    if isinstance(error, NEVER_SENT) or (isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)):
        return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.FAILING)
    if isinstance(error, NO_ACCESS):
        return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.BLOCKED)
    if isinstance(error, ParamValidationError):
        return answered(parcels, Status.REJECTED, reason=words)
    return answered(parcels, Status.UNKNOWN, reason=f"cut off: {type(error).__name__}", signal=Signal.FAILING)


def _answered_with_an_error(error: ClientError, parcels: Sequence[Parcel], *, hidden: Sequence[str]) -> Answer:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    answer = error.response["ResponseMetadata"]
    status = answer["HTTPStatusCode"]
    wait = retry_after(Reply(status, answer.get("HTTPHeaders", {}), b""))  # SES tells none, what stands before it may
    words = plain_words(f"{code}: {message}", hidden=hidden)
    if status >= 500:
        # A name of their own is a refusal. A number is a gateway's, behind which the call may have been taken.
        outcome = Status.UNKNOWN if not code or code.isdigit() else Status.DEFERRED
        return answered(parcels, outcome, reason=words, signal=Signal.FAILING, wait=wait)
    if (status == 429 or "Throttling" in code) and "quota" not in message.lower():
        return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.THROTTLED, wait=wait)
    if code in EXPIRED:
        return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.EXPIRED)
    if code in REFUSES_THE_MESSAGE and "not verified" not in message:
        return answered(parcels, Status.REJECTED, reason=words)
    return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.BLOCKED)


def by_entry(results: Sequence[Mapping[str, Any]], parcels: Sequence[Parcel]) -> Answer:
    """The answer of a bulk call, whose results stand in the order of its entries."""
    if len(results) != len(parcels):
        reason = f"SES told of {len(results)} of {len(parcels)} messages"
        return answered(parcels, Status.UNKNOWN, reason=reason, signal=Signal.FAILING)
    outcomes, signals, words = [], [], ""
    for parcel, result in zip(parcels, results, strict=True):
        status, signal = _meaning(str(result.get("Status", "")))
        said = "" if status == Status.HANDED_OVER else f"{result.get('Status')}: {result.get('Error', '')}"
        reason = plain_words(said, hidden=[parcel.to])
        outcomes.append(Outcome(parcel.message_id, status, result.get("MessageId"), reason or None))
        signals.append(signal)
        words = words or reason
    return Answer(tuple(outcomes), signal=max(signals, key=GRAVITY.index), said=words)


def _meaning(status: str) -> tuple[Status, Signal]:
    begins = max((known for known in RESULTS if status.startswith(known)), key=len, default="")
    return RESULTS.get(begins, (Status.UNKNOWN, Signal.FINE))
