"""What Braze's answers say of each parcel: its status, its words, and the rows that its errors point at.

Source: the pages of Braze on errors and rate limits, and on /users/track and /campaigns/trigger/send.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lettermill.delivery.bearer import plain_words
from lettermill.delivery.exchange import Reply
from lettermill.delivery.provider import Answer, Outcome, Parcel, Signal, Status, answered
from lettermill.delivery.refusals import retry_after, seconds_until_reset
from lettermill.http_times import seconds_in

OURS = (
    "invalid campaign id",
    "invalid url",
    "message variant unspecified",
    "invalid message variant",
    "mismatched message type",
    "no message to send",
    "no recipients",
    "max input length exceeded",
    "the max number of",
)
"""Words of a 400 that blames the conf or the call as a whole, so no message of it."""

AMBIGUOUS = (408, 504)
"""Somebody on the way gave up waiting: the call may have gone through."""


@dataclass(frozen=True)
class Said:
    """An answer taken apart: its `message`, the words of each row that its errors name, and those that name none."""

    message: str
    rows: Mapping[tuple[str, int], str]
    loose: Sequence[str]

    @property
    def words(self) -> str:
        return plain_words("; ".join(dict.fromkeys([self.message, *self.rows.values(), *self.loose])))


def taken_apart(document: Any, *, hidden: Sequence[str]) -> Said:
    """Errors come as objects with `input_array` and `index`, or as plain texts, whatever the status."""
    content = document if isinstance(document, dict) else {}
    errors = content.get("errors")
    rows: dict[tuple[str, int], str] = {}
    loose = []
    for error in errors if isinstance(errors, list) else [errors] if errors else []:
        named = error if isinstance(error, dict) else {}
        words = plain_words(str(named.get("type") or named.get("message") or error), hidden=hidden)
        if isinstance(named.get("index"), int):
            rows[str(named.get("input_array", "")), named["index"]] = words
        else:
            loose.append(words)
    return Said(plain_words(str(content.get("message", "")), hidden=hidden), rows, loose)


def places(arrays: Sequence[str]) -> list[tuple[str, int]]:
    """Where each parcel stands in its call, by the array it goes into: errors name rows by that."""
    seen: dict[str, int] = {}
    found = []
    for array in arrays:
        found.append((array, seen.setdefault(array, 0)))
        seen[array] += 1
    return found


def refused(reply: Reply, parcels: Sequence[Parcel], *, said: Said, at: Sequence[tuple[str, int]]) -> Answer:
    """What an answer other than 2xx came to. Nothing of such a call is done, so that deferring is safe."""
    words = f"{reply.status}: {said.words}"
    if reply.status == 429:
        return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.THROTTLED, wait=wait_of(reply))
    if reply.status >= 500:
        status = Status.UNKNOWN if reply.status in AMBIGUOUS else Status.DEFERRED
        return answered(parcels, status, reason=words, signal=Signal.FAILING, wait=retry_after(reply))
    is_too_large = reply.status == 413 and len(parcels) == 1
    if is_too_large or (reply.status == 400 and not said.message.lower().startswith(OURS)):
        return _rows_refused(parcels, said=said, at=at, words=words)
    return answered(parcels, Status.DEFERRED, reason=words, signal=Signal.BLOCKED)


def _rows_refused(parcels: Sequence[Parcel], *, said: Said, at: Sequence[tuple[str, int]], words: str) -> Answer:
    """The rows that are named are refused for good; the others went down with them, and may go again."""
    if not said.rows.keys() & set(at):
        return answered(parcels, Status.REJECTED, reason=words)
    outcomes = tuple(
        Outcome(one.message_id, Status.REJECTED, reason=said.rows[place])
        if place in said.rows
        else Outcome(one.message_id, Status.DEFERRED, reason=f"another row of its call was refused: {words}"[:300])
        for one, place in zip(parcels, at, strict=True)
    )
    return Answer(outcomes, said=words)


def accepted(
    parcels: Sequence[Parcel],
    *,
    said: Said,
    at: Sequence[tuple[str, int]],
    reference: str | None,
    doubts: Sequence[str],
) -> Answer:
    """What a 2xx came to: rows that its errors name are refused, the others are done if nothing speaks against it.

    `doubts` are what does, beside errors that name no row: those might be about any.
    """
    against = [*([] if said.message == "success" else [f"answered {said.message!r}"]), *said.loose, *doubts]
    against += [f"{words} (of no row of this call)" for place, words in said.rows.items() if place not in at]
    doubt = "accepted, but " + "; ".join(against) if against else None
    status = Status.UNKNOWN if doubt else Status.HANDED_OVER
    outcomes = tuple(
        Outcome(one.message_id, Status.REJECTED, reason=said.rows[place])
        if place in said.rows
        else Outcome(one.message_id, status, reference, doubt and doubt[:300])
        for one, place in zip(parcels, at, strict=True)
    )
    return Answer(outcomes, said=said.words if said.rows or against else "")


def queued(parcels: Sequence[Parcel]) -> Answer:
    """Taken while Braze is under maintenance, to be worked off later."""
    answer = answered(parcels, Status.HANDED_OVER, reason="queued during maintenance")
    return replace(answer, said="")


def wait_of(reply: Reply) -> float | None:
    """Seconds to leave Braze alone: as told, or up to the reset by Braze's own clock."""
    for told in (seconds_in(reply.headers.get("x-ratelimit-retry-after")), retry_after(reply)):
        if told is not None:
            return told
    return seconds_until_reset(reply)
